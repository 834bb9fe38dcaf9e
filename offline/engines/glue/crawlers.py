"""Crawlers and their runs, as Glue's API shows them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import uuid4

from moto.glue.exceptions import CrawlerNotRunningException, CrawlerRunningException, InvalidInputException
from moto.glue.models import FakeCrawler

from offline.clock import clock
from offline.engine import Row, job_row
from offline.engines.glue.crawl import LOG_GROUP, Memory, Tally
from offline.engines.glue.schedule import Cron

POLICY = {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"}
STATUS = {"COMPLETED": "SUCCEEDED", "FAILED": "FAILED", "STOPPED": "CANCELLED"}
"""LastCrawl's words for the states of a crawl."""


class CrawlRun:
    """One run: RUNNING until the account settles, then COMPLETED, FAILED or STOPPED."""

    def __init__(self, crawler: str) -> None:
        self.crawler = crawler
        self.crawl_id = str(uuid4())
        self.status = "RUNNING"
        self.start_time = clock.now()
        self.end_time: datetime | None = None
        self.message = ""
        self.tally = Tally()

    def end(self, status: str, message: str = "") -> None:
        self.status, self.message, self.end_time = status, message, clock.now()

    def advance(self) -> None:
        """moto moves its runs on when they are looked at; ours move when the account settles."""

    def as_dict(self) -> dict[str, Any]:
        described: dict[str, Any] = {
            "CrawlId": self.crawl_id,
            "State": "RUNNING" if self.status == "STOPPING" else self.status,
            "StartTime": self.start_time,
            "DPUHour": 0.0,
            "LogGroup": LOG_GROUP,
            "LogStream": self.crawler,
            "MessagePrefix": self.crawl_id,
            "Summary": self.tally.summary(),
        }
        described |= {"EndTime": self.end_time} if self.end_time else {}
        return described | ({"ErrorMessage": self.message} if self.message else {})

    def last_crawl(self) -> dict[str, Any]:
        described = {
            "Status": STATUS[self.status],
            "LogGroup": LOG_GROUP,
            "LogStream": self.crawler,
            "MessagePrefix": self.crawl_id,
            "StartTime": self.start_time,
        }
        return described | ({"ErrorMessage": self.message} if self.message else {})


class Crawler(FakeCrawler):
    """A crawler whose runs really happen."""

    crawls: list[CrawlRun]

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.creation_time = self.last_updated = clock.now()
        self.memory = Memory()
        self.schedule_state = "SCHEDULED" if self.schedule else "NOT_SCHEDULED"
        self.since = clock.now()
        self.check()

    def check(self) -> None:
        """Refuse what AWS refuses when a crawler is made."""
        targets = self.targets or {}
        known = {name for name, value in targets.items() if value}
        if not known:
            raise InvalidInputException("CreateCrawler", "Crawler needs at least one target")
        if known - {"S3Targets", "CatalogTargets"}:
            others = ", ".join(sorted(known - {"S3Targets", "CatalogTargets"}))
            raise refused(
                f"the offline crawler does not read {others}; it reads S3Targets and CatalogTargets"
            )
        if "CatalogTargets" in known and self.policy["DeleteBehavior"] != "LOG":
            raise refused("The SchemaChangePolicy for a catalog target crawler must have DeleteBehavior LOG.")
        if "CatalogTargets" in known and "S3Targets" in known:
            raise refused("A crawler with catalog targets cannot have other targets.")
        behavior = (self.recrawl_policy or {}).get("RecrawlBehavior", "CRAWL_EVERYTHING")
        if behavior == "CRAWL_EVENT_MODE":
            raise refused("the offline crawler does not crawl by S3 events; use CRAWL_EVERYTHING")
        if self.new_folders_only and set(self.policy.values()) != {"LOG"}:
            raise refused("CRAWL_NEW_FOLDERS_ONLY needs UpdateBehavior LOG and DeleteBehavior LOG.")
        self._check_rest()

    def _check_rest(self) -> None:
        if self.classifiers:
            raise refused("the offline crawler has no custom classifiers; leave Classifiers out")
        self.options  # noqa: B018 - reading refuses a configuration that is not understood
        if self.schedule:
            try:
                Cron(self.schedule)
            except ValueError as error:
                raise refused(str(error)) from None

    @property
    def policy(self) -> dict[str, str]:
        return POLICY | (self.schema_change_policy or {})

    @property
    def new_folders_only(self) -> bool:
        return (self.recrawl_policy or {}).get("RecrawlBehavior") == "CRAWL_NEW_FOLDERS_ONLY"

    @property
    def role_arn(self) -> str:
        if self.role.startswith("arn:"):
            return str(self.role)
        return f"arn:aws:iam::{self.backend.account_id}:role/{self.role.removeprefix('/')}"

    @property
    def options(self) -> dict[str, Any]:
        """Configuration as flat options; what is not understood is refused."""
        given = json.loads(self.configuration) if self.configuration else {}
        output, grouping = given.pop("CrawlerOutput", {}), given.pop("Grouping", {})
        given.pop("Version", None)
        given.pop("CreatePartitionIndex", None)  # An index changes nothing that can be seen but speed.
        options = dict(grouping)
        for kind in ("Tables", "Partitions"):
            options[kind] = output.pop(kind, {}).get("AddOrUpdateBehavior", "")
        unknown = [*given, *output, *(set(grouping) - {"TableGroupingPolicy", "TableLevelConfiguration"})]
        if unknown:
            raise refused(
                f"Configuration has {', '.join(sorted(unknown))}, which the offline crawler does not know"
            )
        return options

    def next_run(self) -> datetime | None:
        """When the schedule fires next; a run still going is not started twice."""
        return Cron(self.schedule).next(self.since) if self.schedule_state == "SCHEDULED" else None

    @property
    def running(self) -> CrawlRun | None:
        return self.crawls[-1] if self.crawls and self.crawls[-1].end_time is None else None

    @property
    def status(self) -> str:
        return self.running.status if self.running else "READY"

    def row(self) -> Row:
        """The crawler at a glance."""
        last = self.crawls[-1] if self.crawls else None
        return job_row(
            "crawler", self.name, last.status if last else self.status, last.message if last else ""
        )

    def start_crawler(self) -> None:
        if self.running:
            raise CrawlerRunningException(f"Crawler with name {self.name} has already started")
        self.crawls.append(CrawlRun(self.name))

    def stop_crawler(self) -> None:
        if self.running is None:
            raise CrawlerNotRunningException(f"Crawler with name {self.name} isn't running")
        self.running.status = "STOPPING"

    def as_dict(self) -> dict[str, Any]:
        ended = [run for run in self.crawls if run.end_time is not None]
        crawls, self.crawls = self.crawls, []
        try:
            described: dict[str, Any] = super().as_dict()
        finally:
            self.crawls = crawls
        described["State"] = self.status
        described["SchemaChangePolicy"] = self.policy
        if self.schedule:
            described["Schedule"] = {"ScheduleExpression": self.schedule, "State": self.schedule_state}
        if ended:
            described["LastCrawl"] = ended[-1].last_crawl()
        return described

    def metrics(self) -> dict[str, Any]:
        ended = [run for run in self.crawls if run.end_time is not None]
        tally = ended[-1].tally if ended else Tally()
        return {
            "CrawlerName": self.name,
            "TimeLeftSeconds": 0.0,
            "StillEstimating": False,
            "LastRuntimeSeconds": 0.0,
            "MedianRuntimeSeconds": 0.0,
            "TablesCreated": tally.count("TABLE", "CREATE"),
            "TablesUpdated": tally.count("TABLE", "UPDATE"),
            "TablesDeleted": tally.count("TABLE", "DELETE"),
        }


def refused(message: str) -> InvalidInputException:
    return InvalidInputException("CreateCrawler", message)
