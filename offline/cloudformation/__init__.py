"""AWS CloudFormation: templates are resolved here and brought into the account by the resource rows.

template.py   a template: its sections, checked, and what each resource depends on
intrinsic.py  the intrinsic functions
stack.py      a stack: create, roll back, delete
signals.py    what a resource waits for
api.py        the wire operations
"""
