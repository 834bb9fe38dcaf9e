"""Rows of Amazon Athena."""

from __future__ import annotations

from offline.resources.athena import catalog, query, workgroup

ROWS = (*catalog.ROWS, *query.ROWS, *workgroup.ROWS)
