"""AWS Identity and Access Management: which statement of a policy applies to a request.

conditions.py  the condition operators
policy.py      statements: principal, action, resource, condition
"""
