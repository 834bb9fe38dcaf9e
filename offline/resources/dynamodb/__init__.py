"""Rows of Amazon DynamoDB."""

from __future__ import annotations

from offline.resources.dynamodb import table

ROWS = table.ROWS
