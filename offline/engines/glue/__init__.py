"""Play AWS Glue: crawlers that read what lies in S3 and write the Data Catalog.

`engine` keeps crawlers and their schedules, `triggers` starts them, `crawl` runs one, `layout` finds
tables and partitions in a listing, `classify` reads formats and schemas out of objects, `schema` merges
them, `entries` puts them into the catalog; `definitions` keeps what nothing here runs.
"""

from offline.engines.glue.engine import GlueEngine

__all__ = ["GlueEngine"]
