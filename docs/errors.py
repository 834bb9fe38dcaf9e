"""What can be wrong with documentation.

DocsError
├── GuideError    a guide's blocks or markers cannot be read, or no longer fit what its commands print
└── SiteError     the site cannot be built, or cannot be looked at
"""

from __future__ import annotations


class DocsError(Exception):
    """The documentation cannot be made as it stands."""


class GuideError(DocsError):
    """A block or a marker of a guide is wrong; the message names it."""


class SiteError(DocsError):
    """The site generator or the browser stopped; the message says what it said."""
