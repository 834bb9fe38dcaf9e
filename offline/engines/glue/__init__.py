"""Play AWS Glue: crawlers that read what lies in S3 and write the Data Catalog.

`engine` keeps crawlers and their schedules, `crawl` runs one, `layout` finds tables and partitions in
a listing, `classify` reads formats and schemas out of objects, `schema` merges them, `entries` puts
them into the catalog.
"""

from offline.engines.glue.engine import GlueEngine

__all__ = ["GlueEngine"]
