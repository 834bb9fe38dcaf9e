"""Partition projection: partitions that a table's properties describe, instead of the catalog listing them.

Source: Amazon Athena User Guide, "Use partition projection with Amazon Athena" and "Supported types for
partition projection".
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from math import prod
from typing import Any

from dateutil.relativedelta import relativedelta

from offline.clock import clock
from offline.engines.athena.errors import QueryError, unsupported

ENABLED = "projection.enabled"
JAVA = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
"""Letters of a Java date pattern → directives of strftime."""
UNITS = ("YEARS", "MONTHS", "WEEKS", "DAYS", "HOURS", "MINUTES", "SECONDS")
NOW = re.compile(rf"NOW(?:\s*([+-])\s*(\d+)\s*({'|'.join(UNITS)}))?")
MOST = 1_000_000
"""Partitions of one table: all of them are written down here."""
Properties = Mapping[str, str]


def is_projected(parameters: Properties) -> bool:
    return parameters.get(ENABLED, "false").lower() == "true"


def projected(
    keys: list[str], location: str, parameters: Properties
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every partition's values and location."""
    template = parameters.get("storage.location.template")
    if template is None:
        folder = location if location.endswith("/") else f"{location}/"
        template = folder + "".join(f"{key}=${{{key}}}/" for key in keys)
    every = [list(itertools.islice(_values(key, parameters), MOST + 1)) for key in keys]
    if prod(map(len, every)) > MOST:
        raise unsupported(f"partition projection of more than {MOST:,} partitions; narrow the ranges")
    for values in itertools.product(*every):
        place = template
        for key, value in zip(keys, values, strict=True):
            place = place.replace(f"${{{key}}}", value)
        yield values, place


def _values(key: str, parameters: Properties) -> Iterator[str]:
    kind = _needed(parameters, key, "type").lower()
    if kind not in KINDS:
        raise unsupported(f"partition projection of type {kind!r}; it is one of {', '.join(KINDS)}")
    return KINDS[kind](key, parameters)


def _needed(parameters: Properties, key: str, name: str) -> str:
    try:
        return parameters[f"projection.{key}.{name}"]
    except KeyError:
        raise _invalid(f"column {key} has no property projection.{key}.{name}") from None


def _invalid(message: str) -> QueryError:
    return QueryError("INVALID_TABLE_PROPERTY", f"Partition projection: {message}")


def _enum(key: str, parameters: Properties) -> Iterator[str]:
    yield from (value.strip() for value in _needed(parameters, key, "values").split(","))


def _integer(key: str, parameters: Properties) -> Iterator[str]:
    first, last = _range(key, parameters)
    digits, step = _count(key, "digits", parameters, 1), _count(key, "interval", parameters, 1)
    try:
        numbers = range(int(first), int(last) + 1, step)
    except ValueError:
        raise _invalid(f"range of {key} is two whole numbers, got {first},{last}") from None
    yield from (f"{number:0{digits}d}" for number in numbers)


def _count(key: str, name: str, parameters: Properties, default: int) -> int:
    """A property that is a whole number, one at least."""
    given = parameters.get(f"projection.{key}.{name}", str(default))
    if not given.isdecimal() or int(given) < 1:
        raise _invalid(f"{name} of {key} is a whole number from 1 on, got {given}")
    return int(given)


def _range(key: str, parameters: Properties) -> tuple[str, str]:
    ends = [end.strip() for end in _needed(parameters, key, "range").split(",")]
    if len(ends) != 2:
        raise _invalid(f"range of {key} is first,last, got {','.join(ends)}")
    return ends[0], ends[1]


def _date(key: str, parameters: Properties) -> Iterator[str]:
    form = strftime(_needed(parameters, key, "format"))
    first, last = (_moment(end, form) for end in _range(key, parameters))
    unit = parameters.get(f"projection.{key}.interval.unit", _finest(form)).upper()
    if unit not in UNITS:
        raise _invalid(f"interval.unit of {key} is one of {', '.join(UNITS)}, got {unit}")
    count = _count(key, "interval", parameters, 1)
    steps = itertools.count()
    while (moment := first + _shift(unit, count * next(steps))) <= last:
        yield moment.strftime(form)


def _moment(text: str, form: str) -> datetime:
    if found := NOW.fullmatch(text):
        now = clock.now().replace(tzinfo=None)
        shift = _shift(found[3], int(f"{found[1]}{found[2]}")) if found[1] else relativedelta()
        # Ends are cut to what the format tells, as all values of the range are.
        return datetime.strptime((now + shift).strftime(form), form)
    try:
        return datetime.strptime(text, form)
    except ValueError:
        raise _invalid(f"an end of a range is NOW, NOW-3YEARS or a date in its format, got {text}") from None


def _shift(unit: str, count: int) -> relativedelta:
    spans: dict[str, Any] = {unit.lower(): count}
    return relativedelta(**spans)


def _finest(form: str) -> str:
    units = {"%S": "SECONDS", "%M": "MINUTES", "%H": "HOURS", "%d": "DAYS", "%m": "MONTHS", "%Y": "YEARS"}
    return next((unit for directive, unit in units.items() if directive in form), "DAYS")


def strftime(pattern: str) -> str:
    """A Java date pattern as strftime's.

    >>> strftime("yyyy/MM/dd"), strftime("'day'=yyyy-MM-dd-HH")
    ('%Y/%m/%d', 'day=%Y-%m-%d-%H')
    """
    made = ""
    for part in re.finditer(r"'([^']*)'|([A-Za-z])\2*|.", pattern):
        text = part[0]
        if part[1] is not None:
            made += part[1].replace("%", "%%")
        elif part[2] is None:
            made += text.replace("%", "%%")
        elif text in JAVA:
            made += JAVA[text]
        else:
            raise unsupported(f"the date pattern {text!r}; these are: {', '.join(JAVA)}")
    return made


KINDS: dict[str, Callable[[str, Properties], Iterator[str]]] = {
    "enum": _enum,
    "integer": _integer,
    "date": _date,
}
"""Types of projected columns; `injected` values come from the query itself, which is not read for that."""
