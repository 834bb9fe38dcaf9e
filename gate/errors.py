"""What cannot be checked at all."""

from __future__ import annotations


class TemplateError(Exception):
    """A file is no CloudFormation template, or a folder no cloud assembly."""
