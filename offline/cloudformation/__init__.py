"""AWS CloudFormation: templates are resolved here and brought into the account by the resource rows.

template.py   a template: its sections, checked, and what each resource depends on
intrinsic.py  the intrinsic functions
stack.py      a stack: create, roll back, delete
signals.py    signals that a resource waits for
nested.py     a nested stack that its parent waits for
api.py        the wire operations
"""
