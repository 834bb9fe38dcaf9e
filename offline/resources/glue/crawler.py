"""Rows of crawlers. LakeFormationConfiguration is not taken: the account has no Lake Formation."""

from __future__ import annotations

from typing import Any

from offline.resources.change import given, present, unless_gone
from offline.resources.glue.shape import GONE, follow_tags, tags_of
from offline.resources.row import Physical, Properties, Resource, Row

SETTINGS = (
    "Role",
    "DatabaseName",
    "Description",
    "Targets",
    "Classifiers",
    "TablePrefix",
    "SchemaChangePolicy",
    "RecrawlPolicy",
    "Configuration",
    "CrawlerSecurityConfiguration",
)
DEFAULTS: dict[str, Any] = {
    "DatabaseName": "",
    "Description": "",
    "Classifiers": [],
    "TablePrefix": "",
    "SchemaChangePolicy": {
        "UpdateBehavior": "UPDATE_IN_DATABASE",
        "DeleteBehavior": "DEPRECATE_IN_DATABASE",
    },
    "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
    "Configuration": "",
    "CrawlerSecurityConfiguration": "",
    "Schedule": "",
}
"""What a crawler has that nobody gave it: AWS Glue Web API Reference, "CreateCrawler"."""


def create_crawler(resource: Resource) -> Physical:
    name = resource.properties.take("Name") or resource.name(longest=255)
    resource.client("glue").create_crawler(Name=name, Tags=resource.tags(), **_settings(resource))
    return Physical(name)


def _settings(resource: Resource) -> dict[str, Any]:
    schedule = resource.properties.at("Schedule").take("ScheduleExpression")
    return {**given(resource.properties, *SETTINGS), **({"Schedule": schedule} if schedule else {})}


def update_crawler(resource: Resource, crawler: Physical, old: Properties) -> Physical:
    """UpdateCrawler keeps what it is not given, so what the template no longer has is given its default."""
    resource.client("glue").update_crawler(Name=crawler.id, **DEFAULTS | _settings(resource))
    follow_tags(resource, "crawler", crawler.id, old)
    return crawler


@unless_gone(GONE)
def read_crawler(resource: Resource, crawler: Physical) -> dict[str, Any] | None:
    found = resource.client("glue").get_crawler(Name=crawler.id)["Crawler"]
    schedule = found.get("Schedule", {}).get("ScheduleExpression")
    return {
        "Name": found["Name"],
        **present(
            **{name: found.get(name) for name in SETTINGS},
            Schedule=present(ScheduleExpression=schedule),
            Tags=tags_of(resource, "crawler", crawler.id),
        ),
    }


@unless_gone(GONE)
def delete_crawler(resource: Resource, crawler: Physical) -> None:
    resource.client("glue").delete_crawler(Name=crawler.id)


ROWS = (Row("AWS::Glue::Crawler", create_crawler, delete_crawler, update_crawler, read_crawler),)
