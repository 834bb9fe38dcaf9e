"""Play Amazon Athena: run SQL over the catalog's tables with DuckDB.

`reading` finds what a query string asks for (`statements`), `translate` turns its SELECT into DuckDB's
dialect, `lake` keeps the tables' objects on local disk, `scan` counts the bytes AWS would bill, `results`
and `files` write what came out, `ddl` changes the catalog, and `engine` keeps the executions.

What the engine lacks of Athena engine version 3 is refused with a reason, never imitated.
"""

from offline.engines.athena.engine import AthenaEngine

__all__ = ["AthenaEngine"]
