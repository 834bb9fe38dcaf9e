"""The condition operators of IAM policies, and the variables a policy may hold.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Variables and tags". An
operator that is not known is refused when a policy is read, as AWS refuses the policy that holds it.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

Context = Mapping[str, str | list[str]]
"""Condition keys in lower case → the request's value or values."""

_PIECE = re.compile(r"\$\{([^}]*)\}|(\*)|(\?)|([^*?$]+|\$)")
_DEFAULT = re.compile(r"\s*,\s*'([^']*)'\s*$")


def matches(value: str, wanted: str, context: Context | None = None, ignore_case: bool = False) -> bool:
    """Whether a value fits text with `*` for any run, `?` for one character, and variables.

    Without a context `${…}` means itself, as in policies of version 2008-10-17. A variable that the
    request does not resolve fits nothing.

    >>> matches("arn:aws:s3:::lake/flights/a", "arn:aws:s3:::lake/*")
    True
    >>> matches("home/ana/x", "home/${aws:username}/*", {"aws:username": "ana"})
    True
    """
    if context is None or "${" not in wanted:
        found = _pattern(wanted, ignore_case).fullmatch(value)
    else:
        built = _with_variables(wanted, context)
        found = None if built is None else re.fullmatch(built, value, _flags(ignore_case))
    return found is not None


def _flags(ignore_case: bool) -> int:
    return re.DOTALL | (re.IGNORECASE if ignore_case else 0)


@lru_cache(maxsize=8192)
def _pattern(text: str, ignore_case: bool) -> re.Pattern[str]:
    expression = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in text)
    return re.compile(expression, _flags(ignore_case))


def _with_variables(text: str, context: Context) -> str | None:
    built = []
    for variable, star, mark, plain in _PIECE.findall(text):
        if star or mark:
            built.append(".*" if star else ".")
        elif plain:
            built.append(re.escape(plain))
        else:
            value = resolved(variable, context)
            if value is None:
                return None
            built.append(re.escape(value))
    return "".join(built)


def substituted(text: str, context: Context | None) -> str | None:
    """Text with its variables in place; None if one of them has no value."""
    if context is None or "${" not in text:
        return text
    parts = [resolved(v, context) if v else text[m.start() : m.end()] for m, v in _variables(text)]
    return None if any(part is None for part in parts) else "".join(part or "" for part in parts)


def _variables(text: str) -> list[tuple[re.Match[str], str]]:
    return [(found, found.group(1) or "") for found in _PIECE.finditer(text)]


def widened(arn: str, context: Context | None) -> str:
    """An ARN to exclude: with a variable that has no value it could be any of its service."""
    if substituted(arn, context) is not None:
        return arn
    return ":".join([*_parts(arn)[:5], "*"])


def resolved(variable: str, context: Context) -> str | None:
    """The value of `${variable}`: one of the three literals, a single-valued key, or its default.

    >>> resolved("aws:PrincipalTag/team, 'none'", {})
    'none'
    """
    if variable in ("*", "?", "$"):
        return variable
    default = _DEFAULT.search(variable)
    name = variable[: default.start()] if default else variable
    value = context.get(name.strip().lower())
    if isinstance(value, str):
        return value
    return default.group(1) if default else None


# -- operators: a value of the request against one of the policy ------------------------------------------

Test = Callable[[str, str, "Context | None"], "bool | None"]
"""Whether a value meets what a policy wants; None where the two cannot be compared at all."""


def _equal(value: str, wanted: str, context: Context | None) -> bool:
    return value == substituted(wanted, context)


def _equal_ignoring_case(value: str, wanted: str, context: Context | None) -> bool:
    text = substituted(wanted, context)
    return text is not None and value.lower() == text.lower()


def _arn(value: str, wanted: str, context: Context | None) -> bool:
    """Each of an ARN's six parts is matched by itself."""
    have, want = value.split(":", 5), _parts(wanted)
    return len(have) == len(want) == 6 and all(
        matches(v, w, context) for v, w in zip(have, want, strict=True)
    )


@lru_cache(maxsize=4096)
def _parts(arn: str) -> list[str]:
    """An ARN's six parts; colons inside variables divide nothing."""
    parts: list[str] = []
    current, depth = "", 0
    for character in arn:
        depth += (character == "{") - (character == "}" and depth > 0)
        if character == ":" and not depth and len(parts) < 5:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


def fits_resource(arn: str, wanted: str, context: Context | None) -> bool:
    """Whether a Resource element names an ARN, part by part: wildcards span only the last part's colons."""
    return wanted == "*" or _arn(arn, wanted, context)


def _compared(read: Callable[[str], float], holds: Callable[[float, float], bool]) -> Test:
    def test(value: str, wanted: str, context: Context | None) -> bool | None:
        try:
            return holds(read(value), read(wanted))
        except ValueError:
            return None

    return test


def _moment(text: str) -> float:
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        return float(text)
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _number(text: str) -> float:
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text):
        raise ValueError(text)
    return float(text)


def _bool(value: str, wanted: str, context: Context | None) -> bool:
    return value.lower() == wanted.lower() and wanted.lower() in ("true", "false")


def _bytes(value: str, wanted: str, context: Context | None) -> bool:
    try:
        return base64.b64decode(value, validate=True) == base64.b64decode(wanted, validate=True)
    except binascii.Error:
        return False


def _within(value: str, network: str, context: Context | None) -> bool | None:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return None


_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEquals": lambda a, b: a >= b,
}
POSITIVE: dict[str, Test] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_ignoring_case,
    "StringLike": matches,
    **{f"Numeric{name}": _compared(_number, holds) for name, holds in _ORDERS.items()},
    **{f"Date{name}": _compared(_moment, holds) for name, holds in _ORDERS.items()},
    "Bool": _bool,
    "BinaryEquals": _bytes,
    "IpAddress": _within,
    "ArnEquals": _arn,
    "ArnLike": _arn,
}
NEGATIVE = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
QUANTIFIERS = ("", "ForAllValues", "ForAnyValue")


# -- conditions ------------------------------------------------------------------------------------------


def is_operator(text: str) -> bool:
    """Whether IAM has the operator, quantifier and IfExists included.

    >>> is_operator("ForAnyValue:StringLikeIfExists"), is_operator("StringSounds")
    (True, False)
    """
    if text == "Null":
        return True
    quantifier, _, name = text.rpartition(":")
    name = name.removesuffix("IfExists")
    return quantifier in QUANTIFIERS and (name in POSITIVE or name in NEGATIVE)


def satisfied(
    conditions: Mapping[str, Mapping[str, list[str]]], context: Context, variables: bool = True
) -> bool:
    """Whether a request meets every operator and every key of a Condition block.

    >>> satisfied({"Bool": {"aws:SecureTransport": ["false"]}}, {"aws:securetransport": "true"})
    False
    """
    return all(
        holds(operator, context.get(key.lower()), wanted, context if variables else None)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def holds(operator: str, found: str | list[str] | None, wanted: list[str], context: Context | None) -> bool:
    """Whether the value or values of one key meet one operator."""
    if operator == "Null":
        return any((found is None) == (text.lower() == "true") for text in wanted)
    quantifier, _, name = operator.rpartition(":")
    lenient, name = name.endswith("IfExists"), name.removesuffix("IfExists")
    negative, name = name in NEGATIVE, NEGATIVE.get(name, name)
    values = [] if found is None else found if isinstance(found, list) else [found]
    if not values:
        return lenient or quantifier == "ForAllValues" or (negative and not quantifier)
    hits = [_hit(POSITIVE[name], negative, value, wanted, context) for value in values]
    return any(hits) if quantifier == "ForAnyValue" else all(hits)


def _hit(test: Test, negative: bool, value: str, wanted: list[str], context: Context | None) -> bool:
    """Whether one value meets one of the wanted, or none of them.

    What cannot be compared, such as a variable without a value, meets neither.
    """
    found = [None if substituted(text, context) is None else test(value, text, context) for text in wanted]
    return not any(found) and None not in found if negative else any(found)
