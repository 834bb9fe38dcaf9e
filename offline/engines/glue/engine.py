"""Glue in one region: crawlers run when the account settles, and when a schedule or a trigger starts them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.glue.exceptions import CrawlerAlreadyExistsException, JsonRESTError
from moto.glue.models import GlueBackend

from offline.clock import clock
from offline.engine import Engine, Row
from offline.engines.glue import urls
from offline.engines.glue.crawl import Crawl, CrawlError
from offline.engines.glue.crawlers import STATUS, Crawler
from offline.engines.glue.definitions import Classifier
from offline.engines.glue.triggers import Trigger

NOUNS = {"Job": "job", "Trigger": "trigger", "Workflow": "workflow", "Connection": "connection"}
"""A definition's noun → how its ARN names it."""


class GlueEngine(Engine, GlueBackend):
    """moto's catalog, with crawlers that crawl and triggers that start them."""

    service = "glue"
    triggers: dict[str, Trigger]

    def __init__(self, region_name: str, account_id: str) -> None:
        self.classifiers: dict[str, Classifier] = {}
        super().__init__(region_name, account_id)

    def arn_of(self, noun: str, name: str) -> str:
        return f"arn:{self.partition}:glue:{self.region_name}:{self.account_id}:{NOUNS[noun]}/{name}"

    @property
    def _url_module(self) -> Any:
        return urls

    def delete_crawler(self, name: str) -> None:
        """The crawler is gone, and with it its tags."""
        crawler = self.crawlers.get(name)
        super().delete_crawler(name)
        if crawler is not None:
            self.tagger.delete_all_tags_for_resource(crawler.arn)

    def create_crawler(self, name: str, **settings: Any) -> None:
        if name in self.crawlers:
            raise CrawlerAlreadyExistsException
        self.crawlers[name] = Crawler(name=name, backend=self, **settings)

    def update_crawler(self, name: str, changes: dict[str, Any]) -> None:
        """Change what is given; the crawler forgets nothing of its earlier runs."""
        crawler = self.get_crawler(name)
        before = dict(vars(crawler))
        vars(crawler).update(changes)
        try:
            crawler.check()
        except JsonRESTError:
            vars(crawler).update(before)
            raise
        if "schedule" in changes:
            crawler.since = clock.now()
            crawler.schedule_state = "SCHEDULED" if crawler.schedule else "NOT_SCHEDULED"
        crawler.version += 1
        crawler.last_updated = clock.now()

    def status(self) -> dict[str, list[Row]]:
        """Crawlers, with how their last crawl ended."""
        return {"jobs": [crawler.row() for crawler in self.crawlers.values()]}

    def due(self) -> datetime | None:
        """The next firing of any schedule, of a crawler's own or of a trigger's."""
        scheduled = [*self.crawlers.values(), *self.triggers.values()]
        return min((moment for one in scheduled if (moment := one.next_run())), default=None)

    def settle(self) -> bool:
        """Start what the schedules ask for, and finish every run."""
        for crawler in self.crawlers.values():
            self._start_scheduled(crawler)
        for trigger in list(self.triggers.values()):
            moment = trigger.next_run()
            if moment is not None and moment <= clock.now():
                trigger.fire(self._start)
        waiting = [crawler for crawler in self.crawlers.values() if crawler.running]
        for crawler in waiting:
            self._finish(crawler)
            self._tell_triggers(crawler)
        return bool(waiting)

    def _tell_triggers(self, crawler: Crawler) -> None:
        """Triggers that waited for this crawler to end fire."""
        state = STATUS[crawler.crawls[-1].status]
        for trigger in list(self.triggers.values()):
            if trigger.note(crawler.name, state):
                trigger.fire(self._start)

    def _start(self, name: str) -> None:
        """A crawler that runs already, or is gone, is not started; its trigger goes on."""
        crawler = self.crawlers.get(name)
        if crawler is not None and not crawler.running:
            crawler.start_crawler()

    def start_trigger(self, name: str) -> None:
        trigger = self.get_trigger(name)
        if trigger.type == "ON_DEMAND":
            trigger.activate("StartTrigger")
            trigger.fire(self._start)
            trigger.state = "CREATED"
        else:
            trigger.activate("StartTrigger")

    def stop_trigger(self, name: str) -> None:
        self.get_trigger(name).state = "DEACTIVATED"

    def _start_scheduled(self, crawler: Crawler) -> None:
        moment = crawler.next_run()
        if moment is not None and moment <= clock.now():
            crawler.since = clock.now()
            if not crawler.running:
                crawler.start_crawler()

    def _finish(self, crawler: Crawler) -> None:
        run = crawler.running
        assert run is not None
        if run.status == "STOPPING":
            run.end("STOPPED")
            return
        try:
            Crawl(self, crawler, run.crawl_id, run.tally).run()
        except CrawlError as error:
            run.end("FAILED", str(error))
        except JsonRESTError as error:
            run.end("FAILED", str(error.message))
        else:
            run.end("COMPLETED")
