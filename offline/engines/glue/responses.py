"""Glue's API where moto has no answer for crawlers and the catalog."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.exceptions import InvalidInputException

from offline.clock import clock
from offline.engines.glue.etl import EtlResponses

SETTINGS = {
    "Role": "role",
    "DatabaseName": "database_name",
    "Description": "description",
    "Targets": "targets",
    "Schedule": "schedule",
    "Classifiers": "classifiers",
    "TablePrefix": "table_prefix",
    "SchemaChangePolicy": "schema_change_policy",
    "RecrawlPolicy": "recrawl_policy",
    "LineageConfiguration": "lineage_configuration",
    "Configuration": "configuration",
    "CrawlerSecurityConfiguration": "crawler_security_configuration",
}


class Responses(EtlResponses):
    """moto's responses, and those that only the engine can give."""

    def update_database(self) -> Any:
        """A database keeps its name."""
        name, renamed = self.parameters["Name"], self.parameters["DatabaseInput"]["Name"]
        if name.lower() != renamed.lower():
            raise InvalidInputException("UpdateDatabase", f"Database {name} cannot be renamed to {renamed}")
        return super().update_database()

    def update_crawler(self) -> Any:
        changes = {SETTINGS[key]: value for key, value in self.parameters.items() if key in SETTINGS}
        self.engine.update_crawler(self.parameters["Name"], changes)
        return EmptyResult()

    def get_crawler_metrics(self) -> Any:
        names = self.parameters.get("CrawlerNameList") or list(self.engine.crawlers)
        return ActionResult(
            {"CrawlerMetricsList": [self.engine.get_crawler(name).metrics() for name in names]}
        )

    def update_crawler_schedule(self) -> Any:
        self.engine.update_crawler(
            self.parameters["CrawlerName"], {"schedule": self.parameters.get("Schedule")}
        )
        return EmptyResult()

    def start_crawler_schedule(self) -> Any:
        return self._schedule("SCHEDULED", "StartCrawlerSchedule")

    def stop_crawler_schedule(self) -> Any:
        return self._schedule("NOT_SCHEDULED", "StopCrawlerSchedule")

    def _schedule(self, state: str, operation: str) -> Any:
        crawler = self.engine.get_crawler(self.parameters["CrawlerName"])
        if not crawler.schedule:
            raise InvalidInputException(operation, f"Crawler {crawler.name} has no schedule")
        crawler.schedule_state = state
        crawler.since = clock.now()
        return EmptyResult()
