"""What exists in AWS: one module per lab, synthesized into cdk.out by `app.py`."""
