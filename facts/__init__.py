"""What AWS says, as data that people can edit: tables under `data`, one typed loader per module.

A table is read when something asks for it, once. Where a fact may be doubted its row says its source,
its date and how sure it is; what is not known is recorded as not known.
"""
