"""The condition operators of IAM policies.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators". An operator that is not
known is refused, as AWS refuses the policy that holds it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache

from offline.errors import EngineError

Context = Mapping[str, str | list[str]]
"""Condition keys in lower case → the request's value or values."""


@lru_cache(maxsize=4096)
def pattern(text: str) -> re.Pattern[str]:
    """IAM's wildcards as a regular expression: `*` any run, `?` one character.

    >>> bool(pattern("arn:aws:s3:::lake/*").fullmatch("arn:aws:s3:::lake/flights/a"))
    True
    """
    return re.compile("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in text), re.DOTALL)


def like(value: str, wanted: str) -> bool:
    return pattern(wanted).fullmatch(value) is not None


def _moment(text: str) -> float:
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def _within(value: str, network: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(network, strict=False)


POSITIVE: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringEqualsIgnoreCase": lambda value, wanted: value.lower() == wanted.lower(),
    "StringLike": like,
    "NumericEquals": lambda value, wanted: float(value) == float(wanted),
    "NumericLessThan": lambda value, wanted: float(value) < float(wanted),
    "NumericLessThanEquals": lambda value, wanted: float(value) <= float(wanted),
    "NumericGreaterThan": lambda value, wanted: float(value) > float(wanted),
    "NumericGreaterThanEquals": lambda value, wanted: float(value) >= float(wanted),
    "DateEquals": lambda value, wanted: _moment(value) == _moment(wanted),
    "DateLessThan": lambda value, wanted: _moment(value) < _moment(wanted),
    "DateLessThanEquals": lambda value, wanted: _moment(value) <= _moment(wanted),
    "DateGreaterThan": lambda value, wanted: _moment(value) > _moment(wanted),
    "DateGreaterThanEquals": lambda value, wanted: _moment(value) >= _moment(wanted),
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
    "BinaryEquals": lambda value, wanted: value == wanted,
    "IpAddress": _within,
    "ArnEquals": like,
    "ArnLike": like,
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


def satisfied(conditions: Mapping[str, Mapping[str, object]], context: Context) -> bool:
    """Whether a request meets every operator and every key of a Condition block.

    >>> satisfied({"Bool": {"aws:SecureTransport": "false"}}, {"aws:securetransport": "true"})
    False
    """
    return all(
        _holds(operator, key, _texts(wanted), context)
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _texts(wanted: object) -> list[str]:
    values = wanted if isinstance(wanted, list) else [wanted]
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values]


def _holds(operator: str, key: str, wanted: list[str], context: Context) -> bool:
    found = context.get(key.lower())
    if operator == "Null":
        return (found is None) == (wanted[0].lower() == "true")
    quantifier, _, name = operator.rpartition(":")
    lenient, name = name.endswith("IfExists"), name.removesuffix("IfExists")
    negative, name = name in NEGATIVE, NEGATIVE.get(name, name)
    if name not in POSITIVE:
        raise EngineError(f"condition operator {operator!r} is not one of IAM's")
    values = [] if found is None else found if isinstance(found, list) else [found]
    if not values:
        return lenient or quantifier == "ForAllValues" or (negative and not quantifier)
    hits = [any(POSITIVE[name](value, text) for text in wanted) != negative for value in values]
    return any(hits) if quantifier == "ForAnyValue" else all(hits)
