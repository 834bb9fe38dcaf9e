"""What a query string asks for: one dataclass for each statement that the engine runs.

Statements of Athena that are not here (views, Iceberg, EXPLAIN, federated queries, …) are refused by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from sqlglot.tokens import Token, TokenType

from offline.engines.athena.errors import InvalidRequest
from offline.engines.athena.hive import split
from offline.engines.athena.translate import parse, tokens


@dataclass(frozen=True)
class Statement:
    type: ClassVar[str] = "DDL"
    substatement: ClassVar[str] = ""


@dataclass(frozen=True)
class Select(Statement):
    type = "DML"
    substatement = "SELECT"
    query: str


@dataclass(frozen=True)
class Unload(Statement):
    type = "DML"
    substatement = "UNLOAD"
    query: str
    to: str
    options: dict[str, str | list[str]]


@dataclass(frozen=True)
class CreateTableAs(Statement):
    substatement = "CREATE_TABLE_AS_SELECT"
    name: str
    query: str
    options: dict[str, str | list[str]]
    if_not_exists: bool = False
    with_data: bool = True


@dataclass(frozen=True)
class Insert(Statement):
    type = "DML"
    substatement = "INSERT"
    name: str
    columns: list[str]
    query: str


@dataclass(frozen=True)
class CreateExternalTable(Statement):
    substatement = "CREATE_TABLE"
    name: str
    columns: list[tuple[str, str, str]]
    keys: list[tuple[str, str, str]]
    location: str
    stored_as: str = "TEXTFILE"
    serde: str = ""
    serde_properties: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    comment: str = ""
    if_not_exists: bool = False


@dataclass(frozen=True)
class Database(Statement):
    """CREATE or DROP DATABASE; `lenient` is IF [NOT] EXISTS."""

    substatement = "DATABASE"
    name: str
    drop: bool
    lenient: bool
    cascade: bool = False
    location: str = ""
    comment: str = ""


@dataclass(frozen=True)
class DropTable(Statement):
    substatement = "DROP_TABLE"
    name: str
    lenient: bool


@dataclass(frozen=True)
class Repair(Statement):
    substatement = "MSCK_REPAIR"
    name: str


@dataclass(frozen=True)
class Partitions(Statement):
    """ALTER TABLE ADD or DROP PARTITION: values by key, and a location or none."""

    substatement = "ALTER_TABLE"
    name: str
    drop: bool
    lenient: bool
    partitions: list[tuple[dict[str, str], str]]


@dataclass(frozen=True)
class Show(Statement):
    """SHOW TABLES, DATABASES, PARTITIONS, COLUMNS, CREATE TABLE, TBLPROPERTIES; DESCRIBE."""

    type = "UTILITY"
    what: str
    name: str = ""
    pattern: str = ""


@dataclass(frozen=True)
class Execute(Statement):
    """EXECUTE name USING …: the engine puts the prepared statement in its place."""

    type = "DML"
    name: str
    parameters: list[str]


@dataclass(frozen=True)
class Prepare(Statement):
    """PREPARE name FROM query; without a query, DEALLOCATE."""

    name: str
    query: str = ""


MARKERS = (TokenType.SEMICOLON, TokenType.HIVE_TOKEN_STREAM)
"""Tokens that are no words: the last semicolon, and sqlglot's note that a statement is Hive's."""


class Words:
    """The tokens of a statement, taken from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = [token for token in whole_tokens(text) if token.token_type not in MARKERS]
        self._next = 0

    def peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def take(self, *words: str) -> bool:
        """Step over these words if they come next; a token such as `PARTITIONED BY` holds two."""
        position, seen = self._next, list[str]()
        while len(seen) < len(words) and position < len(self._tokens):
            seen += self._tokens[position].text.upper().split()
            position += 1
        fits = seen == list(words)
        self._next = position if fits else self._next
        return fits

    def need(self, *words: str) -> None:
        if not self.take(*words):
            raise self.mismatch(" ".join(words))

    def any(self) -> str:
        """The text of the next token."""
        token = self.peek()
        if token is None:
            raise self.mismatch("more")
        self._next += 1
        return str(token.text)

    def name(self) -> str:
        """A possibly qualified name, in lower case."""
        name = self.any()
        while self.take("."):
            name += "." + self.any()
        return name.lower()

    def block(self) -> str:
        """The text inside the bracket that opens here, at its place in the statement."""
        self.need("(")
        start, depth = self._next, 1
        while depth and (token := self.peek()):
            depth += (token.text == "(" and token.token_type == TokenType.L_PAREN) - (
                token.token_type == TokenType.R_PAREN
            )
            self._next += 1
        if depth:
            raise self.mismatch(")")
        first, last = self._tokens[start - 1], self._tokens[self._next - 1]
        return self.placed(first.end + 1, last.start)

    def rest(self) -> str:
        """All that is left, at its place in the statement."""
        token = self.peek()
        if token is None:
            raise self.mismatch("<query>")
        self._next = len(self._tokens)
        return self.placed(token.start, self._tokens[-1].end + 1)

    def placed(self, start: int, end: int) -> str:
        """A piece of the text behind as many lines and columns as stand before it, so errors point right."""
        return re.sub(r"[^\n]", " ", self.text[:start]) + self.text[start:end]

    def end(self) -> None:
        if self.peek() is not None:
            raise self.mismatch("<EOF>")

    def mismatch(self, expected: str) -> InvalidRequest:
        token = self.peek()
        if token is None:
            return InvalidRequest(f"mismatched input '<EOF>'. Expecting: '{expected}'", "MALFORMED_QUERY")
        at = f"line {token.line}:{max(1, token.col - (token.end - token.start))}"
        return InvalidRequest(
            f"{at}: mismatched input '{token.text}'. Expecting: '{expected}'", "MALFORMED_QUERY"
        )


def whole_tokens(text: str) -> list[Token]:
    """All tokens, also of statements such as SHOW, of which sqlglot takes the rest as one string."""
    found = [token for token in tokens(text) if token.token_type != TokenType.HIVE_TOKEN_STREAM]
    end = found[0].end + 1 if found else 0
    if len(found) != 2 or found[1].text.strip() != text[end:].strip().rstrip(";").strip():
        return found
    if found[1].token_type != TokenType.STRING:
        return found
    return [found[0], *whole_tokens(re.sub(r"[^\n]", " ", text[:end]) + text[end:])]


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
    made: dict[str, object] = {"keys": [], "location": ""}
    serde_properties: dict[str, str] = {}
    while words.peek() is not None:
        clause(words, made, serde_properties)
    if not made["location"]:
        raise InvalidRequest("CREATE EXTERNAL TABLE needs a LOCATION", "MALFORMED_QUERY")
    return CreateExternalTable(
        name, columns, serde_properties=serde_properties, if_not_exists=lenient, **made
    )  # type: ignore[arg-type]


def clause(words: Words, made: dict[str, object], serde: dict[str, str]) -> None:
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


def escaped(text: str) -> str:
    return {"\\t": "\t", "\\n": "\n", "\\001": "\x01", "\\\\": "\\"}.get(text, text)


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
    found = []
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
