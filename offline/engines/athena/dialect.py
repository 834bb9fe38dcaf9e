"""What DuckDB must be told once to answer as Athena does: macros, and how its errors read."""

from __future__ import annotations

import re
from typing import Any

import duckdb

from offline.engines.athena.errors import QueryError
from offline.engines.athena.translate import Query

INTEGERS = "('TINYINT','SMALLINT','INTEGER','BIGINT','HUGEINT','INTEGER_LITERAL')"
FRACTIONS = "('FLOAT','DOUBLE')"
MACROS = (
    "CREATE MACRO athena_divide_whole(a, b) AS a // b",
    r"CREATE MACRO athena_scale(t) AS coalesce(TRY_CAST(regexp_extract(t, ',(\d+)', 1) AS INTEGER), 0)",
    f"""CREATE MACRO athena_divide(a, b) AS CASE
        WHEN typeof(a) IN {FRACTIONS} OR typeof(b) IN {FRACTIONS} THEN a / b
        WHEN typeof(a) IN {INTEGERS} AND typeof(b) IN {INTEGERS}
        THEN error('NOT_SUPPORTED: cannot tell before running that this division is of integers; cast one')
        WHEN b = 0 THEN error('DIVISION_BY_ZERO: Division by zero')
        ELSE round(a / b, greatest(athena_scale(typeof(a)), athena_scale(typeof(b)))) END""",
    """CREATE MACRO athena_digits(digits) AS
        digits[1] || '.' || coalesce(nullif(rtrim(digits[2:], '0'), ''), '0')""",
    """CREATE MACRO athena_exponent(text) AS CASE
        WHEN contains(text, 'e') THEN athena_digits(replace(split_part(text, 'e', 1), '.', ''))
            || 'E' || CAST(split_part(text, 'e', 2) AS INTEGER)
        WHEN text[1] <> '0' THEN athena_digits(replace(text, '.', '')) || 'E' || (strpos(text, '.') - 2)
        ELSE athena_digits(ltrim(text, '0.')) || 'E' || (length(ltrim(text, '0.')) - length(text) + 1) END""",
    """CREATE MACRO athena_float(x) AS CASE
        WHEN isnan(x) THEN 'NaN'
        WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
        WHEN x = 0 OR (abs(x) >= 1e-3 AND abs(x) < 1e7) THEN CAST(x AS VARCHAR)
        ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || athena_exponent(CAST(abs(x) AS VARCHAR)) END""",
    "CREATE MACRO to_milliseconds(i) AS CAST(epoch_ms(i) AS BIGINT)",
    "CREATE MACRO to_unixtime(t) AS epoch(t)",
    "CREATE MACRO approx_set(x) AS error('NOT_SUPPORTED: sketches')",
)
"""Java writes a double outside of 1e-3 to 1e7 with an exponent; the macros follow it."""


def connect() -> Any:
    """An in-memory database that counts time in UTC and speaks Athena where SQL differs."""
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET parquet_metadata_cache = true")
    for macro in MACROS:
        connection.execute(macro)
    return connection


def failure(error: duckdb.Error, query: Query | None) -> QueryError:
    """DuckDB's error in Athena's words."""
    text = str(error).split(" Error: ", 1)[-1]
    if own := re.match(r"([A-Z]+_[A-Z_]+): (.*)", text):
        return QueryError(own[1], own[2])
    for pattern, kind in WORDS:
        if found := re.search(pattern, text):
            return named(kind, found, query)
    first = text.splitlines()[0]
    for family, kind in FAMILIES:
        if isinstance(error, family):
            return QueryError(kind, first)
    return QueryError("GENERIC_INTERNAL_ERROR", first)


WORDS = (
    (r'Referenced column "([^"]+)" not found', "COLUMN_NOT_FOUND"),
    (r'does not have a column named "([^"]+)"', "COLUMN_NOT_FOUND"),
    (r'Referenced table "([^"]+)" not found', "COLUMN_NOT_FOUND"),
    (r"Function with name \"?([\w]+)\"? does not exist", "NOT_SUPPORTED"),
    (r'Ambiguous reference to column name "([^"]+)"', "AMBIGUOUS_NAME"),
    (r'column "([^"]+)" must appear in the GROUP BY clause', "EXPRESSION_NOT_AGGREGATE"),
    (r"Division by zero", "DIVISION_BY_ZERO"),
    (r"CSV Error on (Line: \d+)", "HIVE_BAD_DATA"),
    (r"Malformed JSON in file .*?, at (byte \d+ in line \d+)", "HIVE_BAD_DATA"),
    (r"Could not convert string '(.*?)' to (\w+)", "INVALID_CAST_ARGUMENT"),
)
MESSAGES = {
    "COLUMN_NOT_FOUND": "Column '{}' cannot be resolved "
    "or requester is not authorized to access requested resources",
    "NOT_SUPPORTED": "the offline Athena engine does not have the function '{}'",
    "AMBIGUOUS_NAME": "Column '{}' is ambiguous",
    "EXPRESSION_NOT_AGGREGATE": "'{}' must be an aggregate expression or appear in GROUP BY clause",
    "DIVISION_BY_ZERO": "Division by zero",
    "HIVE_BAD_DATA": "Error parsing a row at {}",
    "INVALID_CAST_ARGUMENT": "Cannot cast '{}' to {}",
}
FAMILIES = (
    (duckdb.ParserException, "SYNTAX_ERROR"),
    (duckdb.BinderException, "TYPE_MISMATCH"),
    (duckdb.ConversionException, "INVALID_CAST_ARGUMENT"),
    (duckdb.OutOfRangeException, "NUMERIC_VALUE_OUT_OF_RANGE"),
    (duckdb.InvalidInputException, "INVALID_FUNCTION_ARGUMENT"),
)


def named(kind: str, found: re.Match[str], query: Query | None) -> QueryError:
    words = found.groups()
    at = query.place_of(words[0]) if words and query else None
    return QueryError(kind, MESSAGES[kind].format(*words), at)
