"""Rows of data catalogs.

A catalog of type GLUE that names this account is queried; one behind a function (LAMBDA, HIVE) is kept and
refuses to be queried; one of type FEDERATED, and so ConnectionType, is refused: no connector is deployed.
"""

from __future__ import annotations

from typing import Any

from offline.resources.athena.gone import unless_not_found
from offline.resources.change import given, present, retag, told_tags
from offline.resources.row import Physical, Properties, Resource, Row

CATALOG = ("Type", "Description", "Parameters")
TOLD = "CloudFormation's schema has it, and AWS tells it rather than taking it"


def create_catalog(resource: Resource) -> Physical:
    name = resource.properties.take("Name")
    settings = given(resource.properties, *CATALOG)
    resource.client("athena").create_data_catalog(Name=name, Tags=resource.tag_list(), **settings)
    return Physical(name)


def update_catalog(resource: Resource, catalog: Physical, old: Properties) -> Physical:
    athena, arn = resource.client("athena"), resource.arn("athena", f"datacatalog/{catalog.id}")
    athena.update_data_catalog(Name=catalog.id, **given(resource.properties, *CATALOG))
    retag(
        resource,
        old,
        lambda tags: athena.tag_resource(ResourceARN=arn, Tags=tags),
        lambda keys: athena.untag_resource(ResourceARN=arn, TagKeys=keys),
    )
    return catalog


@unless_not_found()
def read_catalog(resource: Resource, catalog: Physical) -> dict[str, Any] | None:
    athena, arn = resource.client("athena"), resource.arn("athena", f"datacatalog/{catalog.id}")
    found = athena.get_data_catalog(Name=catalog.id)["DataCatalog"]
    tags = athena.list_tags_for_resource(ResourceARN=arn)["Tags"]
    told = {name: found.get(name) for name in CATALOG}
    return {"Name": catalog.id, **present(**told, Tags=told_tags(resource, tags))}


@unless_not_found()
def delete_catalog(resource: Resource, catalog: Physical) -> None:
    resource.client("athena").delete_data_catalog(Name=catalog.id)


ROWS = (
    Row(
        "AWS::Athena::DataCatalog",
        create_catalog,
        delete_catalog,
        update_catalog,
        read_catalog,
        inert={"Error": TOLD, "Status": TOLD},
    ),
)
