"""A presigned URL is good until its time is over, and opens what a key of KMS protects in one version alone.

Source: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)".
BACKGROUND, not re-read: that KMS wants version 4, and the words in which S3 says so.
Time that passes in the account passes for its URLs, but for those of the older form of the signature: these
name the moment of their end, which clients reckon by their machine's clock.
Nobody verifies the signature here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from moto.s3.exceptions import S3ClientError

from facts import limits
from offline.clock import clock


class RequestExpiredError(S3ClientError):
    """The URL was good until a moment that has passed."""

    code = "AccessDenied"

    def __init__(self, until: datetime) -> None:
        super().__init__("Request has expired")
        self.expires = f"{until:%Y-%m-%dT%H:%M:%SZ}"


class AuthorizationQueryParametersError(S3ClientError):
    """Query parameters that are no signature."""

    code = "AuthorizationQueryParametersError"


class OldSignatureError(S3ClientError):
    """SSE-KMS, for who signs in an older version or not at all."""

    code = "InvalidArgument"

    def __init__(self) -> None:
        super().__init__(
            "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature "
            "Version 4."
        )


def check_version(headers: Mapping[str, str], query: Mapping[str, str]) -> None:
    """Refuse a request that needs version 4 of the signature and has another, or none."""
    in_header = str(headers.get("Authorization") or "").startswith("AWS4-")
    if not in_header and not query.get("X-Amz-Algorithm", "").startswith("AWS4-"):
        raise OldSignatureError


def check(query: Mapping[str, str]) -> None:
    """Refuse a URL whose time is over, or was never possible."""
    if "X-Amz-Expires" in query:
        until = clock.when_signed(_signed(query)) + timedelta(seconds=_seconds(query["X-Amz-Expires"]))
        now = clock.now()
    elif "AWSAccessKeyId" in query and query.get("Expires", "").isdigit():
        until, now = datetime.fromtimestamp(int(query["Expires"]), UTC), datetime.now(UTC)
    else:
        return
    if now > until:
        raise RequestExpiredError(until)


def _signed(query: Mapping[str, str]) -> datetime:
    try:
        return datetime.strptime(query.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise AuthorizationQueryParametersError(
            "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\""
        ) from None


def _seconds(given: str) -> int:
    longest = int(limits.value("s3-presigned-seconds-highest"))
    if not given.lstrip("-").isdigit():
        raise AuthorizationQueryParametersError("X-Amz-Expires should be a number")
    if int(given) < 0:
        raise AuthorizationQueryParametersError("X-Amz-Expires must be non-negative")
    if int(given) > longest:
        raise AuthorizationQueryParametersError(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be "
            f"less than {longest} seconds"
        )
    return int(given)
