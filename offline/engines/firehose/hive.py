"""Hive types, as the Glue table's columns name them: their Arrow form, and values read from JSON.

What a JSON value may become follows the OpenX JSON SerDe: numbers and booleans become text where the
column is a string, text becomes a number where it reads as one, anything else is an error of its record.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa
from moto.firehose.exceptions import InvalidArgumentException

SIMPLE: dict[str, pa.DataType] = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ns"),
    "binary": pa.binary(),
}
TOKEN = re.compile(r"\s*([A-Za-z_0-9$.-]+|[<>(),:])")
EPOCH = datetime(1970, 1, 1)


def arrow(text: str) -> pa.DataType:
    """The Arrow type of a Hive type.

    >>> arrow("array<struct<a:int,b:decimal(5,2)>>")
    ListType(list<element: struct<a: int32, b: decimal128(5, 2)>>)
    """
    tokens = iter([*TOKEN.findall(text.lower()), ""])
    found, rest = _type(next(tokens), tokens, text)
    if rest:
        raise _unknown(text)
    return found


def _type(name: str, tokens: Iterator[str], text: str) -> tuple[pa.DataType, str]:
    """A type and the token after it."""
    following = next(tokens, "")
    if name in SIMPLE:
        return SIMPLE[name], following
    if name in ("decimal", "varchar", "char"):
        return _sized(name, following, tokens)
    if following != "<":
        raise _unknown(text)
    if name == "array":
        inner, rest = _type(next(tokens), tokens, text)
        return pa.list_(pa.field("element", inner)), _after(rest, ">", tokens, text)
    if name == "map":
        key, rest = _type(next(tokens), tokens, text)
        _after(rest, ",", iter([""]), text)
        value, rest = _type(next(tokens), tokens, text)
        return pa.map_(key, value), _after(rest, ">", tokens, text)
    if name == "struct":
        return _struct(tokens, text)
    raise _unknown(text)


def _sized(name: str, following: str, tokens: Iterator[str]) -> tuple[pa.DataType, str]:
    numbers: list[int] = []
    if following == "(":
        while (token := next(tokens)) != ")":
            if token != ",":
                numbers.append(int(token))
        following = next(tokens, "")
    if name != "decimal":
        return pa.string(), following
    precision, scale = [*numbers, *(10, 0)[len(numbers) :]]
    return pa.decimal128(precision, scale), following


def _struct(tokens: Iterator[str], text: str) -> tuple[pa.DataType, str]:
    fields, rest = [], ","
    while rest == ",":
        name = next(tokens)
        _after(next(tokens), ":", iter([""]), text)
        inner, rest = _type(next(tokens), tokens, text)
        fields.append(pa.field(name, inner))
    return pa.struct(fields), _after(rest, ">", tokens, text)


def _after(token: str, expected: str, tokens: Iterator[str], text: str) -> str:
    if token != expected:
        raise _unknown(text)
    return next(tokens, "")


def _unknown(text: str) -> InvalidArgumentException:
    return InvalidArgumentException(
        f"Hive type '{text}' is not understood; allowed are {', '.join(SIMPLE)}, decimal(p,s), varchar(n), "
        "char(n), array<…>, map<…,…> and struct<…:…>"
    )


def value(found: Any, kind: pa.DataType, formats: list[str]) -> Any:
    """A JSON value as a Python value of the Arrow type; ValueError where the SerDe would fail."""
    if found is None:
        return None
    if pa.types.is_struct(kind):
        return _members(found, kind, formats)
    if pa.types.is_list(kind):
        return [value(one, kind.value_type, formats) for one in _of(list, found)]
    if pa.types.is_map(kind):
        pairs = _of(dict, found).items()
        return [(value(k, kind.key_type, formats), value(v, kind.item_type, formats)) for k, v in pairs]
    for applies, read in READERS:
        if applies(kind):
            return read(found, kind, formats)
    raise ValueError(f"no value of type {kind}")


def _members(found: Any, kind: pa.StructType, formats: list[str]) -> dict[str, Any]:
    members = {name.lower(): member for name, member in _of(dict, found).items()}
    return {field.name: value(members.get(field.name), field.type, formats) for field in kind}


def _of(expected: type, found: Any) -> Any:
    if not isinstance(found, expected):
        raise ValueError(f"expected {expected.__name__}, got {json.dumps(found)}")
    return found


def _text(found: Any, kind: pa.DataType, formats: list[str]) -> str:
    return found if isinstance(found, str) else json.dumps(found, separators=(",", ":"))


def _boolean(found: Any, kind: pa.DataType, formats: list[str]) -> bool:
    if isinstance(found, bool):
        return found
    if isinstance(found, str) and found.lower() in ("true", "false"):
        return found.lower() == "true"
    raise ValueError(f"expected a boolean, got {json.dumps(found)}")


def _integer(found: Any, kind: pa.DataType, formats: list[str]) -> int:
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        raise ValueError(f"expected an integer, got {json.dumps(found)}")
    number = int(found) if isinstance(found, str) else found
    limit = 2 ** (kind.bit_width - 1)
    if number != int(number) or not -limit <= number < limit:
        raise ValueError(f"{found} is no {kind}")
    return int(number)


def _float(found: Any, kind: pa.DataType, formats: list[str]) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        raise ValueError(f"expected a number, got {json.dumps(found)}")
    return float(found)


def _decimal(found: Any, kind: pa.Decimal128Type, formats: list[str]) -> Decimal:
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        raise ValueError(f"expected a decimal, got {json.dumps(found)}")
    try:
        rounded = Decimal(str(found)).quantize(Decimal(1).scaleb(-kind.scale))
    except InvalidOperation:
        raise ValueError(f"{found!r} is no decimal") from None
    if len(rounded.as_tuple().digits) > kind.precision:
        raise ValueError(f"{found} has more than {kind.precision} digits")
    return rounded


def _date(found: Any, kind: pa.DataType, formats: list[str]) -> date:
    return date.fromisoformat(_of(str, found))


def _timestamp(found: Any, kind: pa.DataType, formats: list[str]) -> int:
    """Nanoseconds since 1970, from any of the five forms the OpenX SerDe reads, or a given format."""
    if isinstance(found, int | float) and not isinstance(found, bool):
        # Thirteen digits are milliseconds, fewer are seconds.
        return (
            int(found * 1_000_000) if isinstance(found, int) and abs(found) >= 10**11 else int(found * 10**9)
        )
    for form in formats:
        try:
            return _nanoseconds(datetime.strptime(_of(str, found), form))
        except ValueError:
            continue
    match = TIMESTAMP.fullmatch(_of(str, found))
    if match is None:
        raise ValueError(f"{found!r} is no timestamp")
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    moment = datetime(year, month, day, hour, minute, second)
    return _nanoseconds(moment) + int((match[7] or "0").ljust(9, "0"))


TIMESTAMP = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?Z?")


def _nanoseconds(moment: datetime) -> int:
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def _binary(found: Any, kind: pa.DataType, formats: list[str]) -> bytes:
    try:
        return base64.b64decode(_of(str, found), validate=True)
    except binascii.Error as error:
        raise ValueError(f"{found!r} is no Base64") from error


READERS: tuple[tuple[Callable[[Any], bool], Callable[[Any, Any, list[str]], Any]], ...] = (
    (pa.types.is_string, _text),
    (pa.types.is_boolean, _boolean),
    (pa.types.is_integer, _integer),
    (pa.types.is_floating, _float),
    (pa.types.is_decimal, _decimal),
    (pa.types.is_date, _date),
    (pa.types.is_timestamp, _timestamp),
    (pa.types.is_binary, _binary),
)
