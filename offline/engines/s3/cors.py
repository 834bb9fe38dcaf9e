"""Cross-origin requests: what a bucket's rules let pages of other origins do, told to their browsers.

Nothing is refused here but preflights: the browser keeps the answer from the page. The first rule that
matches counts. Source: Amazon S3 User Guide, "Using cross-origin resource sharing (CORS)"; Amazon S3 API
Reference, "OPTIONS object".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.s3.exceptions import AccessForbidden, BadRequest, S3ClientError
from moto.s3.models import CorsRule, FakeBucket

REFUSED = (
    "This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's "
    "CORS spec."
)
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"


class InvalidRequestError(S3ClientError):
    """A rule that S3 does not keep."""

    code = "InvalidRequest"


def check(rules: list[dict[str, Any]]) -> None:
    """Refuse what moto keeps although S3 does not; a rule is as its XML has it."""
    for rule in rules:
        for name in ("AllowedOrigin", "AllowedHeader"):
            for value in _listed(rule.get(name)):
                if value.count("*") > 1:
                    raise InvalidRequestError(f'{name} "{value}" can not have more than one wildcard.')
        for value in _listed(rule.get("ExposeHeader")):
            if "*" in value:
                raise InvalidRequestError(
                    f'ExposeHeader "{value}" contains wildcard. We currently do not support wildcard for '
                    "ExposeHeader."
                )


def preflight(bucket: FakeBucket | None, headers: Mapping[str, str]) -> dict[str, str]:
    """The answer to a browser that asks before it sends a request; whether that is signed, nobody knows."""
    if not headers.get("Origin"):
        raise BadRequest("Insufficient information. Origin request header needed.")
    if bucket is None:
        raise AccessForbidden("CORSResponse: Bucket not found")
    if not bucket.cors:
        raise AccessForbidden("CORSResponse: CORS is not enabled for this bucket.")
    if not headers.get("Access-Control-Request-Method"):
        raise BadRequest("Invalid Access-Control-Request-Method: null")
    if not (found := allowed(bucket, headers, "")):
        raise AccessForbidden(f"CORSResponse: {REFUSED}")
    return found


def allowed(bucket: FakeBucket, headers: Mapping[str, str], method: str) -> dict[str, str]:
    """What an answer tells the browser; nothing where no rule matches the request."""
    origin = headers.get("Origin")
    if not origin:
        return {}
    method = headers.get("Access-Control-Request-Method") or method
    asked = [name.strip().lower() for name in headers.get("Access-Control-Request-Headers", "").split(",")]
    asked = [name for name in asked if name]
    rule = next((one for one in bucket.cors if _holds(one, origin, method, asked)), None)
    if rule is None:
        return {}
    anyone = "*" in rule.allowed_origins
    told = {
        "Access-Control-Allow-Origin": "*" if anyone else origin,
        "Access-Control-Allow-Methods": ", ".join(rule.allowed_methods),
        "Access-Control-Allow-Headers": ", ".join(asked),
        "Access-Control-Expose-Headers": ", ".join(rule.exposed_headers or ()),
        "Access-Control-Max-Age": rule.max_age_seconds or "",
        "Access-Control-Allow-Credentials": "" if anyone else "true",
        "Vary": VARY,
    }
    return {name: value for name, value in told.items() if value}


def _holds(rule: CorsRule, origin: str, method: str, asked: list[str]) -> bool:
    names = [name.lower() for name in rule.allowed_headers or ()]
    return (
        method in rule.allowed_methods
        and any(_matches(one, origin) for one in rule.allowed_origins)
        and all(any(_matches(one, name) for one in names) for name in asked)
    )


def _matches(pattern: str, text: str) -> bool:
    """
    >>> _matches("https://*.example.com", "https://a.example.com"), _matches("a", "ab"), _matches("a*a", "a")
    (True, False, False)
    """
    head, wildcard, tail = pattern.partition("*")
    if not wildcard:
        return pattern == text
    return len(text) >= len(head) + len(tail) and text.startswith(head) and text.endswith(tail)


def _listed(value: list[str] | str | None) -> list[str]:
    return value if isinstance(value, list) else [value or ""]
