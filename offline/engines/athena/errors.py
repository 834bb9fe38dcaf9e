"""How a query ends without rows: FAILED with Athena's reason, or CANCELLED.

What the client got wrong before anything ran (a malformed query, a disabled workgroup) is an
`InvalidRequestException` of the API call itself, as on AWS.
"""

from __future__ import annotations

import json

from moto.core.exceptions import JsonRESTError

SYSTEM, USER, OTHER = 1, 2, 3
"""Athena's error categories."""


class InvalidRequest(JsonRESTError):
    """The API call is refused; `code` is what AWS carries as AthenaErrorCode."""

    def __init__(self, message: str, code: str = "INVALID_INPUT") -> None:
        super().__init__(error_type="InvalidRequestException", message=message)
        body = {"__type": "InvalidRequestException", "AthenaErrorCode": code, "Message": message}
        self.description = json.dumps(body)


class QueryError(Exception):
    """A query that FAILED; its text is the StateChangeReason.

    >>> str(QueryError("COLUMN_NOT_FOUND", "Column 'x' cannot be resolved", (1, 8)))
    "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved"
    """

    def __init__(self, kind: str, message: str, at: tuple[int, int] | None = None) -> None:
        place = f"line {at[0]}:{at[1]}: " if at else ""
        super().__init__(f"{kind}: {place}{message}")
        self.kind = kind


class CutoffError(Exception):
    """The workgroup's limit of bytes scanned stopped the query, which is CANCELLED."""

    def __init__(self, scanned: int) -> None:
        super().__init__("Bytes scanned limit was exceeded")
        self.scanned = scanned


def unsupported(what: str) -> QueryError:
    """Valid on AWS, and more than this engine can do."""
    return QueryError("NOT_SUPPORTED", f"the offline Athena engine does not do {what}")
