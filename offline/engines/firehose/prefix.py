"""Custom prefixes of S3 objects: `!{namespace:value}` expressions and AWS's rules for them.

Source: "Custom Prefixes for Amazon S3 Objects", Firehose developer guide. Timestamps are those of the
oldest record in the object. `partitionKeyFromQuery` needs a JQ engine and is refused.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Mapping
from datetime import datetime

from moto.firehose.exceptions import InvalidArgumentException

EXPRESSION = re.compile(r"!\{([^:{}]*):?([^{}]*)\}")
# "Evaluates to a random string of 11 characters."
RANDOM_CHARACTERS = 11
DEFAULT_PREFIX = "!{timestamp:yyyy/MM/dd/HH}/"

# The letters of Java's DateTimeFormatter that make sense in a key, by letter and count.
PATTERN_LETTERS: dict[str, Callable[[datetime], str]] = {
    "yyyy": lambda t: f"{t.year:04d}",
    "YYYY": lambda t: f"{t.isocalendar().year:04d}",
    "uuuu": lambda t: f"{t.year:04d}",
    "yy": lambda t: f"{t.year % 100:02d}",
    "y": lambda t: str(t.year),
    "MM": lambda t: f"{t.month:02d}",
    "M": lambda t: str(t.month),
    "MMM": lambda t: t.strftime("%b"),
    "MMMM": lambda t: t.strftime("%B"),
    "dd": lambda t: f"{t.day:02d}",
    "d": lambda t: str(t.day),
    "DDD": lambda t: f"{t.timetuple().tm_yday:03d}",
    "D": lambda t: str(t.timetuple().tm_yday),
    "HH": lambda t: f"{t.hour:02d}",
    "H": lambda t: str(t.hour),
    "hh": lambda t: f"{t.hour % 12 or 12:02d}",
    "h": lambda t: str(t.hour % 12 or 12),
    "a": lambda t: "AM" if t.hour < 12 else "PM",
    "mm": lambda t: f"{t.minute:02d}",
    "m": lambda t: str(t.minute),
    "ss": lambda t: f"{t.second:02d}",
    "s": lambda t: str(t.second),
    "SSS": lambda t: f"{t.microsecond // 1000:03d}",
    "E": lambda t: t.strftime("%a"),
    "EEE": lambda t: t.strftime("%a"),
    "EEEE": lambda t: t.strftime("%A"),
}
TOKEN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")


def formatted(pattern: str, moment: datetime) -> str:
    """A moment by a pattern of Java's DateTimeFormatter.

    >>> formatted("yyyy/MM/dd'T'HH", datetime(2026, 1, 5, 12))
    '2026/01/05T12'
    """
    return "".join(_token(match, pattern, moment) for match in TOKEN.finditer(pattern))


def _token(match: re.Match[str], pattern: str, moment: datetime) -> str:
    if match[2] is None:
        return (match[1].replace("''", "'") or "'") if match[1] is not None else match[0]
    if match[0] not in PATTERN_LETTERS:
        allowed = ", ".join(PATTERN_LETTERS)
        raise InvalidArgumentException(
            f"timestamp pattern '{pattern}' has '{match[0]}'; offline knows {allowed}"
        )
    return PATTERN_LETTERS[match[0]](moment)


def expressions(prefix: str) -> list[tuple[str, str]]:
    """The namespace and value of each expression.

    >>> expressions("a/!{timestamp:yyyy}/!{partitionKeyFromLambda:day}/")
    [('timestamp', 'yyyy'), ('partitionKeyFromLambda', 'day')]
    """
    return [(match[1], match[2]) for match in EXPRESSION.finditer(prefix)]


def partition_keys(prefix: str) -> tuple[str, ...]:
    """Names of the keys that the prefix takes from the Lambda function, each once, in their order."""
    return tuple(dict.fromkeys(v for n, v in expressions(prefix) if n == "partitionKeyFromLambda"))


def evaluate(prefix: str, moment: datetime, keys: Mapping[str, str] | None = None, error: str = "") -> str:
    """The prefix with every expression replaced; text without expressions stays as it is.

    >>> evaluate("y=!{timestamp:yyyy}/d=!{partitionKeyFromLambda:d}/", datetime(2026, 1, 5), {"d": "07"})
    'y=2026/d=07/'
    """

    def value(match: re.Match[str]) -> str:
        match match[1], match[2]:
            case "timestamp", pattern:
                return formatted(pattern, moment)
            case "partitionKeyFromLambda", name:
                return (keys or {})[name]
            case "firehose", "error-output-type":
                return error
            case "firehose", "random-string":
                return "".join(
                    secrets.choice(string.ascii_letters + string.digits) for _ in range(RANDOM_CHARACTERS)
                )
        raise InvalidArgumentException(f"prefix '{prefix}': '{match[0]}' is no expression")

    return EXPRESSION.sub(value, prefix)


def has_time(prefix: str) -> bool:
    return any(namespace == "timestamp" for namespace, _ in expressions(prefix))


def resolved(prefix: str, *, error: bool = False) -> str:
    """The prefix with the default time path added where AWS adds it: to one without expressions.

    >>> resolved("flights/"), resolved("y=!{timestamp:yyyy}/")
    ('flights/!{timestamp:yyyy/MM/dd/HH}/', 'y=!{timestamp:yyyy}/')
    """
    if expressions(prefix):
        return prefix
    kind = "!{firehose:error-output-type}/" if error else ""
    return f"{prefix}{kind}{DEFAULT_PREFIX}"


def refuse(prefix: str, error_prefix: str, *, dynamic: bool) -> None:
    """Turn prefixes away that AWS turns away."""
    own, failing = expressions(prefix), expressions(error_prefix)
    for text in (prefix, error_prefix):
        _refuse_unknown(text)
    if own and not error_prefix:
        raise InvalidArgumentException(
            "ErrorOutputPrefix cannot be null or empty when Prefix contains expressions."
        )
    if failing and ("firehose", "error-output-type") not in failing:
        raise InvalidArgumentException(
            "ErrorOutputPrefix with expressions must include at least one instance of "
            "!{firehose:error-output-type}."
        )
    if ("firehose", "error-output-type") in own:
        raise InvalidArgumentException("Prefix cannot contain !{firehose:error-output-type}.")
    if any(namespace.startswith("partitionKey") for namespace, _ in failing):
        raise InvalidArgumentException("ErrorOutputPrefix cannot contain partition keys.")
    if dynamic != bool(partition_keys(prefix)):
        raise InvalidArgumentException(
            "Dynamic partitioning needs partitionKeyFromLambda expressions in Prefix, and they need dynamic "
            f"partitioning to be enabled; got Prefix '{prefix}' with Enabled={dynamic}."
        )


def _refuse_unknown(prefix: str) -> None:
    if "!{" in EXPRESSION.sub("", prefix):
        raise InvalidArgumentException(f"Prefix '{prefix}' has an expression that does not end.")
    for namespace, value in expressions(prefix):
        if namespace == "partitionKeyFromQuery":
            raise InvalidArgumentException(
                "partitionKeyFromQuery needs JQ, which does not run offline; use partitionKeyFromLambda."
            )
        if namespace == "timestamp":
            formatted(value, datetime(2000, 1, 1))
        elif namespace == "firehose" and value not in ("error-output-type", "random-string"):
            raise InvalidArgumentException(
                f"Prefix '{prefix}': firehose:{value} is no value of this namespace."
            )
        elif namespace not in ("firehose", "partitionKeyFromLambda"):
            raise InvalidArgumentException(f"Prefix '{prefix}': '{namespace}' is no namespace.")
