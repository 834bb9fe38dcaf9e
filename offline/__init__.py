"""Where the labs run without an account: moto holds the control plane, engines do the work.

The way in is `offline.sandbox.Sandbox`: a context in which boto3 reaches the offline account.
`offline.deploy` brings a synthesized cloud assembly into it. Nothing here knows any lab.
"""
