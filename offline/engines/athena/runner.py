"""Run one statement: plan, count bytes, stop at the cut-off, compute, write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb
from sqlglot import exp

from offline.engine import client_of_caller, client_of_service
from offline.engines.athena import ddl, files, results, statements, translate
from offline.engines.athena.catalog import Table
from offline.engines.athena.dialect import failure
from offline.engines.athena.errors import CutoffError, QueryError
from offline.engines.athena.execution import Execution
from offline.engines.athena.files import Layout, Written
from offline.engines.athena.hive import hive_type
from offline.engines.athena.lake import Lake
from offline.engines.athena.objects import split_uri
from offline.engines.athena.results import Rows
from offline.engines.athena.scan import scanned_bytes
from offline.engines.athena.translate import Query
from offline.iam.callers import Caller


@dataclass(frozen=True)
class Plan:
    """A query that DuckDB has accepted."""

    sql: str
    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    scanned: int = 0


class Runner:
    """Runs statements over one lake; plans of repeated queries are kept while no table changes."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.lake = Lake(region, self.client)
        self._plans: dict[str, Plan] = {}
        self._planned_at = 0
        self._caller: Caller | None = None

    def client(self, service: str) -> Any:
        """A client with the credentials of who started the query: Athena has none of its own."""
        if self._caller is None:
            return client_of_service(service, self.region)
        return client_of_caller(service, self._caller.access_key, self._caller.token, self.region)

    def run(self, execution: Execution) -> None:
        """Carry the execution out and write its result file; raise QueryError or CutoffError."""
        statement = execution.statement
        self._caller = self.lake.caller = execution.caller
        if isinstance(statement, statements.Select):
            self._rows(execution, statement.query)
            execution.rows.printed = results.printed(self.lake, execution.rows)
            self._put(execution, execution.output, results.csv_bytes(self.lake, execution.rows))
        elif isinstance(statement, statements.Unload):
            self._unload(execution, statement)
        elif isinstance(statement, statements.CreateTableAs):
            self._create_table(execution, statement)
        elif isinstance(statement, statements.Insert):
            self._insert(execution, statement)
        else:
            execution.rows = ddl.run(statement, self.client("glue"), self.client("s3"), execution.database)
            self._put(execution, execution.output, results.text_bytes(execution.rows))

    def _rows(self, execution: Execution, text: str) -> None:
        """Compute the query's rows, counting what they cost first, so that the cut-off stops it in time."""
        query = translate.select(text, execution.database, execution.parameters or (), execution.catalogs)
        try:
            plan = self._plan(query)
            execution.scanned = plan.scanned
            cutoff = execution.workgroup.configuration.get("BytesScannedCutoffPerQuery")
            if cutoff and plan.scanned > cutoff:
                raise CutoffError(plan.scanned)
            typed = results.run(self.lake, plan.sql, plan.types)
        except duckdb.Error as error:
            raise failure(error, query) from None
        execution.rows = Rows(plan.names, plan.types, typed)

    def _plan(self, query: Query) -> Plan:
        loaded = {names: self.lake.table(*names, query.place_of(names[1])) for names in query.tables}
        if self._planned_at != self.lake.generation:
            self._plans.clear()
            self._planned_at = self.lake.generation
        sql = translate.duckdb(query, {names: found.schema for names, found in loaded.items()})
        if sql not in self._plans:
            relation = self.lake.connection.sql(sql)
            given = [name_of(part) for part in outer(query.tree)]
            if len(given) != len(relation.columns):
                given = [None] * len(relation.columns)
            names = results.column_names(list(relation.columns), given)
            types = [str(kind) for kind in relation.types]
            self._plans[sql] = Plan(sql, names, types, scanned_bytes(self.lake, sql))
        return self._plans[sql]

    def _put(self, execution: Execution, uri: str, body: bytes) -> None:
        bucket, key = split_uri(uri)
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=body, **protection(execution.result))

    def _write(self, execution: Execution, layout: Layout, to: str) -> list[Written]:
        """Write the rows' files, and beside the results the manifest that names them."""
        put = protection(execution.result)
        found = files.write(self.lake, self.client("s3"), execution.rows, layout, to, execution.id, put)
        execution.manifest = f"{execution.result['OutputLocation']}{execution.id}-manifest.csv"
        self._put(execution, execution.manifest, "".join(f"{one.uri}\n" for one in found).encode())
        return found

    def _unload(self, execution: Execution, statement: statements.Unload) -> None:
        layout = unload_layout(statement.options)
        files.refuse_used(self.client("s3"), statement.to)
        self._rows(execution, statement.query)
        self._write(execution, layout, statement.to)
        execution.rows = Rows(has_header=False)

    def _create_table(self, execution: Execution, statement: statements.CreateTableAs) -> None:
        glue = self.client("glue")
        database, name = ddl.split_name(statement.name, execution.database)
        if exists(glue, database, name):
            if statement.if_not_exists:
                return
            raise QueryError("TABLE_ALREADY_EXISTS", f"Destination table '{database}.{name}' already exists")
        layout = table_layout(statement.options)
        to = str(statement.options.get("external_location") or "")
        to = to or f"{execution.result['OutputLocation']}tables/{execution.id}/"
        files.refuse_used(self.client("s3"), to)
        self._rows(execution, statement.query)
        self._enter(glue, database, name, execution.rows, layout, to)
        if statement.with_data:
            self._fill(execution, database, name, layout, to)
        execution.rows = Rows(has_header=False)

    def _enter(self, glue: Any, database: str, name: str, rows: Rows, layout: Layout, to: str) -> None:
        kept = len(rows.names) - len(layout.keys)
        made = [ddl.column(n, hive_type(k)) for n, k in zip(rows.names, rows.types, strict=True)]
        formats = ddl.FORMATS[layout.format]
        serde: dict[str, Any] = {"SerializationLibrary": formats[2], "Parameters": {}}
        if layout.format == "TEXTFILE":
            serde["Parameters"] = {"field.delim": layout.delimiter}
        parameters = {"EXTERNAL": "TRUE", "has_encrypted_data": "false"}
        entry = ddl.table_input(name, made[:kept], made[kept:], to, formats, serde, parameters)
        glue.create_table(DatabaseName=database, TableInput=entry)

    def _fill(self, execution: Execution, database: str, name: str, layout: Layout, to: str) -> None:
        """Write rows into a table and enter the partitions that are new."""
        execution.updated = execution.rows.typed.num_rows if execution.rows.typed else 0
        found = self._write(execution, layout, to)
        loaded = self.lake.table(database, name)
        known = {partition.values for partition in loaded.table.partitions}
        fresh = {one.values: one.folder for one in found if one.values and one.values not in known}
        if fresh:
            ddl.add_partitions(self.client("glue"), loaded.table, fresh)

    def _insert(self, execution: Execution, statement: statements.Insert) -> None:
        database, name = ddl.split_name(statement.name, execution.database)
        table = self.lake.table(database, name).table
        self._rows(execution, statement.query)
        wanted = [key for key, _ in (*table.columns, *table.keys)]
        if (statement.columns or wanted) != wanted or len(execution.rows.names) != len(wanted):
            given = statement.columns or execution.rows.names
            message = f"Insert query has mismatched column types: Table: {wanted}, Query: {given}"
            raise QueryError("TYPE_MISMATCH", message)
        execution.rows = self._cast(execution.rows, table)
        self._fill(execution, database, name, insert_layout(table), table.location.rstrip("/") + "/")
        execution.rows = Rows(has_header=False)

    def _cast(self, rows: Rows, table: Table) -> Rows:
        """The rows in the table's own types, so that its files stay alike."""
        schema = self.lake.table(table.database, table.name).schema
        types = list(schema.values())
        casts = ", ".join(f"CAST(c{index} AS {kind}) AS c{index}" for index, kind in enumerate(types))
        typed = results.query_over(self.lake, rows.typed, f"SELECT {casts} FROM athena_rows")
        return Rows(list(schema), types, typed)


def outer(tree: exp.Expr) -> list[exp.Expr]:
    """The expressions of the SELECT that names the columns: the left one of a UNION."""
    while isinstance(tree, exp.SetOperation | exp.Subquery):
        tree = tree.this
    return list(tree.expressions) if isinstance(tree, exp.Select) else []


def name_of(part: exp.Expr) -> str | None:
    """A field's name; empty where Athena would have none for this column, None where DuckDB has the same."""
    if isinstance(part, exp.Dot):
        return str(part.expression.name)
    return None if part.is_star or isinstance(part, exp.Column | exp.Alias) else ""


def exists(glue: Any, database: str, name: str) -> bool:
    return name in [table["Name"] for table in glue.get_tables(DatabaseName=database)["TableList"]]


def protection(result: dict[str, Any]) -> dict[str, Any]:
    """How put_object encrypts, owns and shares what this ResultConfiguration asks for."""
    encryption, options = result.get("EncryptionConfiguration") or {}, dict[str, Any]()
    if encryption.get("EncryptionOption") == "SSE_S3":
        options["ServerSideEncryption"] = "AES256"
    elif encryption.get("EncryptionOption") == "SSE_KMS":
        options |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": encryption["KmsKey"]}
    if "ExpectedBucketOwner" in result:
        options["ExpectedBucketOwner"] = result["ExpectedBucketOwner"]
    if result.get("AclConfiguration"):
        options["ACL"] = "bucket-owner-full-control"
    return options


def unload_layout(options: dict[str, Any]) -> Layout:
    allowed = ("format", "compression", "field_delimiter", "partitioned_by")
    refuse_other(options, allowed, "UNLOAD")
    if "format" not in options:
        raise QueryError("INVALID_TABLE_PROPERTY", "UNLOAD needs a format in its WITH clause")
    return Layout(
        options["format"].upper(),
        options.get("compression", "GZIP").upper(),
        options.get("field_delimiter", "\x01"),
        options.get("partitioned_by", []),
    )


def table_layout(options: dict[str, Any]) -> Layout:
    """Format and compression of CREATE TABLE AS: Parquet with gzip unless told otherwise."""
    made = options.get("format", "PARQUET").upper()
    own = {"PARQUET": "parquet_compression", "ORC": "orc_compression"}.get(made, "write_compression")
    allowed = ("format", "write_compression", own, "external_location", "partitioned_by", "field_delimiter")
    refuse_other(options, allowed, "CREATE TABLE AS")
    codec = options.get("write_compression") or options.get(own) or "GZIP"
    delimiter = options.get("field_delimiter", "\x01")
    return Layout(made, codec.upper(), delimiter, options.get("partitioned_by", []))


def insert_layout(table: Table) -> Layout:
    made = {"parquet": "PARQUET", "orc": "ORC", "text": "TEXTFILE", "json": "JSON"}.get(table.reader)
    if made is None:
        name = f"{table.database}.{table.name}"
        raise QueryError("NOT_SUPPORTED", f"INSERT INTO is not supported for the SerDe of table {name}")
    return Layout(made, "GZIP", table.serde.get("field.delim", "\x01"), [key for key, _ in table.keys])


def refuse_other(options: dict[str, Any], allowed: tuple[str, ...], statement: str) -> None:
    for name in options:
        if name not in allowed:
            message = f"property {name!r} of {statement}; offline these are read: {', '.join(allowed)}"
            raise QueryError("NOT_SUPPORTED", message)
