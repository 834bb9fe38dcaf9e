"""Read a query string into a statement; a SELECT inside is read by `translate`."""

from __future__ import annotations

import re
from typing import Any

from offline.engines.athena.errors import InvalidRequest
from offline.engines.athena.hive import split
from offline.engines.athena.statements import (
    CreateExternalTable,
    CreateTableAs,
    Database,
    DropTable,
    Execute,
    Insert,
    Partitions,
    Prepare,
    Repair,
    Select,
    Show,
    Statement,
    Unload,
)
from offline.engines.athena.translate import parse
from offline.engines.athena.words import Words


def read(text: str) -> Statement:
    """The statement of a query string; malformed text and what is not supported are refused."""
    words = Words(text)
    if words.peek() is None:
        raise InvalidRequest("Query string is empty", "MALFORMED_QUERY")
    for first, reader in READERS:
        if words.take(*first):
            statement = reader(words)
            words.end()
            return statement
    named = words.peek().text.upper()  # type: ignore[union-attr]
    query = words.rest()
    if named in ("SELECT", "WITH", "VALUES", "TABLE", "("):
        parse(query)
        return Select(query)
    allowed = sorted({" ".join(first) for first, _ in READERS} | {"SELECT", "WITH"})
    raise InvalidRequest(
        f"the offline Athena engine does not run {named}; it runs {', '.join(allowed)}", "MALFORMED_QUERY"
    )


def unload(words: Words) -> Unload:
    query = words.block()
    parse(query)
    words.need("TO")
    to = words.any()
    options = settings(words.block()) if words.take("WITH") else {}
    return Unload(query, to if to.endswith("/") else f"{to}/", options)


def create_table(words: Words) -> CreateTableAs:
    lenient = words.take("IF", "NOT", "EXISTS")
    name = words.name()
    options = settings(words.block()) if words.take("WITH") else {}
    words.need("AS")
    query = words.rest()
    with_data = not re.search(r"\bWITH\s+NO\s+DATA\s*$", query, re.IGNORECASE)
    query = re.sub(r"\bWITH\s+(NO\s+)?DATA\s*$", "", query, flags=re.IGNORECASE)
    parse(query)
    return CreateTableAs(name, query, options, lenient, with_data)


def insert(words: Words) -> Insert:
    name = words.name()
    token = words.peek()
    columns = []
    if (
        token is not None
        and token.text == "("
        and words.text[token.end + 1 :].lstrip()[:6].upper() != "SELECT"
    ):
        columns = [column.strip(' "`\n').lower() for column in split(words.block().strip())]
    query = words.rest()
    parse(query)
    return Insert(name, columns, query)


def settings(block: str) -> dict[str, str | list[str]]:
    """Options such as `format = 'PARQUET', partitioned_by = ARRAY['day']`."""
    words, found = Words(block), dict[str, str | list[str]]()
    while words.peek() is not None:
        key = words.any().lower()
        words.need("=")
        if words.take("ARRAY", "["):
            values = [words.any()]
            while words.take(","):
                values.append(words.any())
            words.need("]")
            found[key] = [value.lower() for value in values]
        else:
            found[key] = words.any()
        if words.peek() is not None:
            words.need(",")
    return found


def create_external(words: Words) -> CreateExternalTable:
    lenient = words.take("IF", "NOT", "EXISTS")
    name, columns = words.name(), columns_of(words.block())
    made: dict[str, Any] = {"keys": [], "location": ""}
    serde_properties: dict[str, str] = {}
    while words.peek() is not None:
        clause(words, made, serde_properties)
    if not made["location"]:
        raise InvalidRequest("CREATE EXTERNAL TABLE needs a LOCATION", "MALFORMED_QUERY")
    return CreateExternalTable(
        name, columns, serde_properties=serde_properties, if_not_exists=lenient, **made
    )


def clause(words: Words, made: dict[str, Any], serde: dict[str, str]) -> None:
    if words.take("COMMENT"):
        made["comment"] = words.any()
    elif words.take("PARTITIONED", "BY"):
        made["keys"] = columns_of(words.block())
    elif words.take("ROW", "FORMAT", "SERDE"):
        made["serde"] = words.any()
    elif words.take("WITH", "SERDEPROPERTIES"):
        serde |= properties(words.block())
    elif words.take("ROW", "FORMAT", "DELIMITED"):
        pass
    elif words.take("FIELDS", "TERMINATED", "BY"):
        serde["field.delim"] = serde["serialization.format"] = escaped(words.any())
    elif words.take("ESCAPED", "BY"):
        serde["escape.delim"] = escaped(words.any())
    elif words.take("LINES", "TERMINATED", "BY"):
        serde["line.delim"] = escaped(words.any())
    elif words.take("NULL", "DEFINED", "AS"):
        serde["serialization.null.format"] = words.any()
    elif words.take("STORED", "AS", "INPUTFORMAT"):
        made["stored_as"] = words.any()
        words.need("OUTPUTFORMAT")
        words.any()
    elif words.take("STORED", "AS"):
        made["stored_as"] = words.any().upper()
    elif words.take("LOCATION"):
        made["location"] = words.any()
    elif words.take("TBLPROPERTIES"):
        made["properties"] = properties(words.block())
    else:
        raise words.mismatch("LOCATION")


ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([0-3][0-7]{2})|(.))", re.DOTALL)
LETTERS = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "%": "\\%", "_": "\\_"}


def escaped(text: str) -> str:
    r"""What a string of Hive's DDL stands for.

    >>> escaped(r"\001"), escaped(r"\\[(.*)\\]"), escaped(r"a\"b")
    ('\x01', '\\[(.*)\\]', 'a"b')
    """
    return ESCAPE.sub(
        lambda found: (
            chr(int(found[1], 16))
            if found[1]
            else chr(int(found[2], 8))
            if found[2]
            else LETTERS.get(found[3], found[3])
        ),
        text,
    )


def columns_of(block: str) -> list[tuple[str, str, str]]:
    """(name, type, comment) of each column of a Hive declaration.

    >>> columns_of("`a` int COMMENT 'first', b struct<x:int,y:string>")
    [('a', 'int', 'first'), ('b', 'struct<x:int,y:string>', '')]
    """
    found = []
    for part in split(block.strip()):
        match = re.fullmatch(
            r"[`\"]?([^`\"\s]+)[`\"]?\s+(.+?)(?:\s+comment\s+'(.*)')?", part, re.IGNORECASE | re.DOTALL
        )
        if match is None:
            raise InvalidRequest(f"cannot read the column {part!r}", "MALFORMED_QUERY")
        found.append((match[1].lower(), re.sub(r"\s+", "", match[2]).lower(), match[3] or ""))
    return found


def properties(block: str) -> dict[str, str]:
    words, found = Words(block), dict[str, str]()
    while words.peek() is not None:
        key = words.any()
        words.need("=")
        found[key] = escaped(words.any())
        if words.peek() is not None:
            words.need(",")
    return found


def create_database(words: Words) -> Database:
    lenient = words.take("IF", "NOT", "EXISTS")
    name = words.name()
    comment = words.any() if words.take("COMMENT") else ""
    location = words.any() if words.take("LOCATION") else ""
    return Database(name, False, lenient, location=location, comment=comment)


def drop_database(words: Words) -> Database:
    lenient = words.take("IF", "EXISTS")
    name = words.name()
    cascade = words.take("CASCADE")
    words.take("RESTRICT")
    return Database(name, True, lenient, cascade)


def drop_table(words: Words) -> DropTable:
    lenient = words.take("IF", "EXISTS")
    return DropTable(words.name(), lenient)


def alter_table(words: Words) -> Partitions:
    name = words.name()
    drop = words.take("DROP")
    if not drop:
        words.need("ADD")
    lenient = words.take("IF", "EXISTS") if drop else words.take("IF", "NOT", "EXISTS")
    found: list[tuple[dict[str, str], str]] = []
    while words.take("PARTITION") or (found and words.take(",", "PARTITION")):
        values = {key.lower(): value for key, value in properties(words.block()).items()}
        found.append((values, words.any() if words.take("LOCATION") else ""))
    if not found:
        raise words.mismatch("PARTITION")
    return Partitions(name, drop, lenient, found)


def show(words: Words) -> Show:
    if words.take("CREATE", "TABLE"):
        return Show("CREATE TABLE", words.name())
    what = words.any().upper()
    if what == "SCHEMAS":
        what = "DATABASES"
    if what in ("TABLES", "DATABASES"):
        name = words.name() if words.take("IN") or words.take("FROM") else ""
        words.take("LIKE")
        return Show(what, name, words.any() if words.peek() is not None else "")
    if what in ("PARTITIONS", "TBLPROPERTIES", "COLUMNS"):
        if what == "COLUMNS" and not words.take("IN"):
            words.need("FROM")
        return Show(what, words.name())
    raise InvalidRequest(f"the offline Athena engine does not run SHOW {what}", "MALFORMED_QUERY")


def describe(words: Words) -> Show:
    words.take("EXTENDED")
    words.take("FORMATTED")
    return Show("DESCRIBE", words.name())


def prepare(words: Words) -> Prepare:
    name = words.any()
    words.need("FROM")
    query = words.rest()
    read(query)
    return Prepare(name, query.strip())


def execute(words: Words) -> Execute:
    name = words.any()
    return Execute(name, list(split(words.rest().strip())) if words.take("USING") else [])


READERS = (
    (("UNLOAD",), unload),
    (("CREATE", "EXTERNAL", "TABLE"), create_external),
    (("CREATE", "TABLE"), create_table),
    (("CREATE", "DATABASE"), create_database),
    (("CREATE", "SCHEMA"), create_database),
    (("INSERT", "INTO"), insert),
    (("DROP", "TABLE"), drop_table),
    (("DROP", "DATABASE"), drop_database),
    (("DROP", "SCHEMA"), drop_database),
    (("MSCK", "REPAIR", "TABLE"), lambda words: Repair(words.name())),
    (("ALTER", "TABLE"), alter_table),
    (("SHOW",), show),
    (("DESCRIBE",), describe),
    (("DESC",), describe),
    (("PREPARE",), prepare),
    (("DEALLOCATE", "PREPARE"), lambda words: Prepare(words.any())),
    (("EXECUTE",), execute),
)
