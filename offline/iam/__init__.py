"""AWS Identity and Access Management: who may do what, decided from policies as AWS decides it.

conditions.py  the condition operators and policy variables
document.py    a policy document, read and refused
principals.py  who asks, and the names that a policy may know them by
evaluation.py  all policies of a request together: one decision, with the statement that made it
"""
