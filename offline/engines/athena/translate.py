"""Turn a SELECT of Athena's dialect into DuckDB's, with every table taken from the catalog.

sqlglot does the dialect; what it cannot know is done here: which functions Athena has, that `/`
between integers is an integer and between decimals keeps the operands' scale, that time is the
account's, and where in the text a wrong name stands.

Differs from Athena: casts of a fraction to an integer round half to even (Athena: half up).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError, TokenError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.tokens import Token, TokenType

from offline.clock import clock
from offline.engines.athena.catalogs import AWS, OWN
from offline.engines.athena.errors import InvalidRequest, QueryError, unsupported
from offline.engines.athena.functions import NAMES

DEFAULT = {AWS.lower(): OWN}
Names = tuple[str, str]
"""A table's database and name."""
Schemas = Mapping[Names, Mapping[str, str]]
"""DuckDB types of columns, by table."""


@dataclass
class Query:
    """One SELECT: its tree, the text it came from, and the tables it reads."""

    tree: exp.Expr
    text: str
    tables: list[Names] = field(default_factory=list)

    def place_of(self, name: str) -> tuple[int, int] | None:
        """Line and column where a name first stands, as Athena counts them (from 1)."""
        nodes = [node for node in self.tree.find_all(exp.Identifier) if node.name.lower() == name.lower()]
        return min((found for node in nodes if (found := place(node))), default=None)


def place(node: exp.Expr) -> tuple[int, int] | None:
    line, end = node.meta.get("line"), node.meta.get("col")
    if line is None or end is None:
        return None
    return line, end - (node.meta["end"] - node.meta["start"])


def tokens(text: str) -> list[Token]:
    try:
        return list(sqlglot.tokenize(text, read="athena"))
    except TokenError as error:
        raise InvalidRequest(f"line 1:1: {str(error).splitlines()[0]}", "MALFORMED_QUERY") from None


def parse(text: str) -> exp.Expr:
    """The one query that a text holds; a malformed one is refused as the API call refuses it."""
    try:
        trees = sqlglot.parse(text, read="athena")
    except TokenError as error:
        raise InvalidRequest(f"line 1:1: {str(error).splitlines()[0]}", "MALFORMED_QUERY") from None
    except ParseError as error:
        raise malformed(error) from None
    if len(trees) != 1 or trees[0] is None:
        raise InvalidRequest("Only one sql statement is allowed. Got: " + text, "MALFORMED_QUERY")
    return trees[0]


def malformed(error: ParseError) -> InvalidRequest:
    first = error.errors[0]
    word = first.get("highlight") or "<EOF>"
    column = max(1, int(first.get("col") or 1) - len(word) + 1)
    return InvalidRequest(
        f"line {first.get('line') or 1}:{column}: mismatched input '{word}'", "MALFORMED_QUERY"
    )


def select(
    text: str, database: str, parameters: Iterable[str] = (), catalogs: Mapping[str, str] = DEFAULT
) -> Query:
    """Read a SELECT, fill in its parameters and find its tables, which stay to be looked up."""
    tree = parse(text)
    if not isinstance(tree, exp.Query):
        raise unsupported(f"the statement {text.split()[0].upper()!r} here; a SELECT is allowed")
    refuse_unknown_functions(text)
    query = Query(fill(tree, list(parameters)), text)
    for table in list(query.tree.find_all(exp.Table)):
        locate(query, table, database, catalogs)
    return query


def refuse_unknown_functions(text: str) -> None:
    """A name before a bracket is a function, unless columns follow: `WITH t (a)`, `t AS x (a)`, `y x (a)`."""
    found = tokens(text)
    for index, token in enumerate(found[:-1]):
        if token.token_type != TokenType.VAR or found[index + 1].token_type != TokenType.L_PAREN:
            continue
        before = found[index - 1].token_type if index else None
        aliases = (TokenType.ALIAS, TokenType.VAR, TokenType.R_PAREN, TokenType.WITH, TokenType.IDENTIFIER)
        if before in aliases or names_columns(found, index) or token.text.lower() in NAMES:
            continue
        at = (token.line, token.col - len(token.text) + 1)
        raise QueryError("FUNCTION_NOT_FOUND", f"Function '{token.text.lower()}' not registered", at)


def names_columns(found: list[Token], index: int) -> bool:
    """Whether the bracket after this name closes before `AS (`, as a CTE's columns do."""
    depth = 0
    for position in range(index + 1, len(found) - 2):
        kind = found[position].token_type
        depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
        if depth == 0:
            after = found[position + 1 : position + 3]
            return [t.token_type for t in after] == [TokenType.ALIAS, TokenType.L_PAREN]
    return False


def fill(tree: exp.Expr, parameters: list[str]) -> exp.Expr:
    """Put execution parameters, each a SQL literal, in place of the question marks in order."""
    marks = list(tree.find_all(exp.Placeholder, bfs=False))
    if len(marks) != len(parameters):
        message = f"Incorrect number of parameters: expected {len(marks)} but found {len(parameters)}"
        raise QueryError("INVALID_PARAMETER_USAGE", message, (1, 1))
    for mark, parameter in zip(marks, parameters, strict=True):
        value = parse(f"SELECT {parameter}").expressions[0]
        if value.find(exp.Column):
            message = f"parameter {parameter!r} is not a literal; put strings in single quotes"
            raise QueryError("INVALID_PARAMETER_USAGE", message)
        mark.replace(exp.paren(value))
    return tree


def locate(query: Query, table: exp.Table, database: str, catalogs: Mapping[str, str]) -> None:
    """Name a catalog table in full; leave a CTE's name alone."""
    if not isinstance(table.this, exp.Identifier):
        return  # A table function such as UNNEST.
    name = table.name.lower()
    if not table.db and name in visible(table):
        return
    if catalog := table.catalog.lower():
        refuse_other_catalog(catalog, catalogs.get(catalog), place(table.this))
    names = (table.db.lower() or database, name)
    if names not in query.tables:
        query.tables.append(names)
    written = table.this.meta
    table.set("catalog", None)
    table.set("db", exp.to_identifier(names[0], quoted=True))
    table.set("this", exp.to_identifier(name, quoted=True))
    table.this.meta.update(written)


def refuse_other_catalog(name: str, kind: str | None, at: tuple[int, int] | None) -> None:
    if kind is None:
        raise QueryError("CATALOG_NOT_FOUND", f"Catalog '{name}' does not exist", at)
    if kind != OWN:
        raise unsupported(f"queries of catalog '{name}', which is {kind}; {OWN} is read")


def visible(table: exp.Table) -> set[str]:
    """The CTEs that a FROM clause can name: those before it in every WITH around it."""
    names: set[str] = set()
    inside: exp.Expr = table
    owner = table.parent
    while owner is not None:
        if isinstance(owner, exp.With):
            earlier = takewhile_not(owner.expressions, inside)
            names |= {cte.alias.lower() for cte in earlier}
            if owner.recursive:
                names.add(inside.alias.lower())
        elif (block := owner.args.get("with_")) is not None and block is not inside:
            names |= {cte.alias.lower() for cte in block.expressions}
        inside, owner = owner, owner.parent
    return names


def takewhile_not(expressions: list[exp.Expr], stop: exp.Expr) -> list[exp.Expr]:
    return expressions[: next(index for index, cte in enumerate(expressions) if cte is stop)]


def duckdb(query: Query, schemas: Schemas) -> str:
    """The query in DuckDB's dialect, once the columns of its tables are known."""
    tree = query.tree.copy()
    divide(tree, schemas)
    for node in list(tree.find_all(exp.CurrentTimestamp, exp.CurrentDate, exp.Localtimestamp)):
        node.replace(time_of(node))
    return str(tree.sql("duckdb"))


def time_of(node: exp.Expr) -> exp.Expr:
    kinds = {exp.CurrentTimestamp: "TIMESTAMPTZ", exp.CurrentDate: "DATE", exp.Localtimestamp: "TIMESTAMP"}
    now = clock.now()
    text = now.date().isoformat() if isinstance(node, exp.CurrentDate) else now.isoformat(" ")
    if isinstance(node, exp.Localtimestamp):
        text = now.replace(tzinfo=None).isoformat(" ")
    return exp.cast(exp.Literal.string(text), kinds[type(node)])


def divide(tree: exp.Expr, schemas: Schemas) -> None:
    """Give `/` Trino's meaning: of integers an integer, of decimals a decimal of the larger scale.

    Where the operands' types cannot be told before running, the macro refuses two integers.
    """
    divisions = list(tree.find_all(exp.Div))
    if not divisions:
        return
    for index, node in enumerate(divisions):
        node.meta["division"] = index
    whole = whole_divisions(tree, schemas)
    for index, node in reversed(list(enumerate(divisions))):
        function = "athena_divide_whole" if index in whole else "athena_divide"
        node.replace(exp.Anonymous(this=function, expressions=[node.left, node.right]))


def whole_divisions(tree: exp.Expr, schemas: Schemas) -> set[int]:
    """The divisions of two integers, by sqlglot's inference of types."""
    nested: dict[str, dict[str, dict[str, str]]] = {}
    for (database, name), columns in schemas.items():
        nested.setdefault(database, {})[name] = dict(columns)
    try:
        full = qualify(tree.copy(), schema=nested, dialect="athena", validate_qualify_columns=False)
        typed = annotate_types(full, schema=nested, dialect="athena")
    except SqlglotError:
        return set()  # A wrong name: DuckDB will say which.
    integers = exp.DataType.INTEGER_TYPES
    return {
        node.meta["division"]
        for node in typed.find_all(exp.Div)
        if "division" in node.meta and node.left.is_type(*integers) and node.right.is_type(*integers)
    }
