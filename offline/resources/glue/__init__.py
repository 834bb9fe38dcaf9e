"""Rows of AWS Glue: the Data Catalog, crawlers, and the definitions of jobs, triggers and workflows."""

from __future__ import annotations

from offline.resources.glue import catalog, classifier, connection, crawler, encryption, etl

ROWS = (
    *catalog.ROWS,
    *classifier.ROWS,
    *connection.ROWS,
    *crawler.ROWS,
    *encryption.ROWS,
    *etl.ROWS,
)
