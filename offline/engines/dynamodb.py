"""Play Amazon DynamoDB: items expire as days pass, and a table changes all that it says it has.

moto keeps no table class, leaves encryption and streams as they were first, and never expires an item.
Source: Amazon DynamoDB API Reference, "UpdateTable"; Developer Guide, "Using time to live".
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.dynamodb import urls as moto_urls
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

from offline.clock import clock
from offline.engine import Engine


class Responses(DynamoHandler):
    """moto's responses, with what it does not read of a request."""

    def create_table(self) -> ActionResult:
        return self._kept(super().create_table())

    def update_table(self) -> ActionResult:
        return self._kept(super().update_table())

    def describe_table(self) -> ActionResult:
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        return _described(super().describe_table(), table)

    def _kept(self, answer: ActionResult) -> ActionResult:
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        table.table_class = self.body.get("TableClass") or getattr(table, "table_class", None)
        if "SSESpecification" in self.body:
            table.sse_specification = self.body["SSESpecification"]
        if table.billing_mode == "PAY_PER_REQUEST":
            table.throughput = {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0}
        return _described(answer, table)


def _described(answer: ActionResult, table: Table) -> ActionResult:
    [description] = answer.result.values()
    if kind := getattr(table, "table_class", None):
        description["TableClassSummary"] = {"TableClass": kind}
    return answer


class DynamoDBEngine(Engine, DynamoDBBackend):
    """moto's tables, whose items expire."""

    service = "dynamodb"

    @property
    def _url_module(self) -> Any:
        return Urls

    def update_table_streams(self, table: Table, stream_specification: dict[str, Any]) -> None:
        """moto takes a stream that was disabled for one that still runs."""
        if not (table.stream_specification or {}).get("StreamEnabled"):
            table.latest_stream_label = None
        super().update_table_streams(table, stream_specification)

    def delete_table(self, name: str) -> Table:
        table = super().delete_table(name)
        self.resource_policies.pop(table.table_arn, None)
        return table

    def due(self) -> datetime | None:
        moments = [moment for _, _, moment in self._expiring()]
        return min(moments, default=None)

    def settle(self) -> bool:
        expired = [(table, item) for table, item, moment in self._expiring() if moment <= clock.now()]
        for table, item in expired:
            table.delete_item(item.hash_key, item.range_key)
        return bool(expired)

    def _expiring(self) -> Iterator[tuple[Table, Item, datetime]]:
        """Items of tables with time to live, and when theirs ends."""
        for table in self.tables.values():
            if table.ttl["TimeToLiveStatus"] == "ENABLED":
                for item in table.all_items():
                    value = item.attrs.get(table.ttl["AttributeName"])
                    if value is not None and value.type == "N":
                        yield table, item, datetime.fromtimestamp(float(value.value), UTC)


class Urls:
    """moto's routes of DynamoDB, with our response class behind them."""

    url_bases = moto_urls.url_bases
    url_paths = dict.fromkeys(moto_urls.url_paths, Responses.dispatch)
