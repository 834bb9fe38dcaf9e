"""Services, values and instance types that AWS no longer offers to a new account."""

from __future__ import annotations

from collections.abc import Iterator

from facts import engine_versions as engine_facts
from facts import instances, retired, services
from gate import jobs, places
from gate.finding import Finding
from gate.template import Resource, Templates

DATABASES = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster", "AWS::RDS::GlobalCluster")
SAM = {"AWS::Serverless::Function": "AWS::Lambda::Function"}
"""Types of the Serverless Application Model whose values are another type's."""


def _since(date: str) -> str:
    return f" since {date}" if date else ", since when is not known"


def closed_types(templates: Templates) -> Iterator[Finding]:
    """Resources of services that a new account cannot use."""
    closed = services.closed_types()
    for resource in templates.resources():
        if service := closed.get(resource.type):
            yield Finding(
                resource.template.name,
                resource.logical_id,
                f"lifecycle-{service.id}",
                resource.type,
                "",
                f"{service.service} is {service.status}{_since(service.since)}",
                f"use {service.successor or 'nothing: there is no successor'}",
                f"{service.source}; confidence {service.confidence}",
            )


def retired_values(templates: Templates) -> Iterator[Finding]:
    """Runtimes, versions and classes that AWS no longer takes."""
    for resource in templates.resources():
        for row in retired.of_type(SAM.get(resource.type, resource.type)):
            if not row.closed or not _applies(resource, row):
                continue
            for location, value in resource.values(row.path):
                if retired.matches(row, value):
                    yield Finding(
                        resource.template.name,
                        resource.logical_id,
                        f"lifecycle-{row.id}",
                        resource.type,
                        location,
                        f"{value} is {row.status}{_since(row.since)}",
                        f"use {row.successor}",
                        f"{row.source}; confidence {row.confidence}",
                    )


def _applies(resource: Resource, row: retired.Retired) -> bool:
    conditions = [condition.partition("=") for condition in row.only_if]
    return all(
        any(retired.like(expected, found) for _, found in resource.values(path))
        for path, _, expected in conditions
    )


def engine_versions(templates: Templates) -> Iterator[Finding]:
    """Databases of a version that RDS creates no more."""
    for resource in templates.resources(*DATABASES):
        engine = resource.value("Engine")
        for location, version in resource.values("EngineVersion"):
            row = engine_facts.deprecated(engine, str(version)) if isinstance(engine, str) else None
            if row is not None:
                yield Finding(
                    resource.template.name,
                    resource.logical_id,
                    f"engine-version-{engine}",
                    resource.type,
                    location,
                    f"{version} of {engine} is deprecated: RDS creates nothing with it",
                    "use a version that `aws rds describe-db-engine-versions` lists",
                    row.source,
                )


def retired_instances(templates: Templates) -> Iterator[Finding]:
    """Instance types that are sold nowhere, in resources and in the calls of definitions."""
    for resource in templates.resources(*places.RESOURCES):
        for path, use in places.RESOURCES[resource.type]:
            for location, value in resource.values(path):
                yield from _unsold(resource, location, value, use)
    for call in jobs.calls(templates, *places.CALLS):
        for path, use in places.CALLS[call.api]:
            for location, value in call.values(path):
                yield from _unsold(call.resource, location, value, use)


def _unsold(resource: Resource, location: str, value: object, use: instances.Use) -> Iterator[Finding]:
    """Nothing for a type nobody has heard of: what does not exist at all, cfn-lint says."""
    if not isinstance(value, str):
        return
    row, family = instances.table().get((use, value)), instances.retired_family(value, use)
    if row is not None and not row.sold:
        said = _gone(row)
        successor, source = row.successor, row.note or instances.SOURCES[use]
    elif row is None and family is not None:
        said, successor, source = f"retired on {family.retired}", family.successor, family.source
    else:
        return
    yield Finding(
        resource.template.name,
        resource.logical_id,
        f"instance-{value}",
        resource.type,
        location,
        f"{value} is {said}",
        f"use {successor or 'another type'}",
        source,
    )


def _gone(row: instances.Instance) -> str:
    if row.retired:
        return f"retired on {row.retired}"
    return "in no region's price list" if row.exists else f"unknown to the API for {row.use}"


def closed_features(templates: Templates) -> Iterator[Finding]:
    """Arguments of calls that switch on what a new account cannot use."""
    for call in jobs.calls(templates, *places.FEATURES):
        for argument, id in places.FEATURES[call.api].items():
            service = services.row(id)
            if call.arguments.get(argument) and service.closed:
                yield Finding(
                    call.resource.template.name,
                    call.resource.logical_id,
                    f"lifecycle-{id}",
                    call.resource.type,
                    f"{call.state}.{argument}",
                    f"{service.service} is {service.status}{_since(service.since)}",
                    f"use {service.successor}",
                    f"{service.source}; confidence {service.confidence}",
                )


RULES = (closed_types, retired_values, engine_versions, retired_instances, closed_features)
