"""Amazon Athena: workgroups whose queries would fail, and result locations that are ignored."""

from __future__ import annotations

from collections.abc import Iterator

from facts import limits
from gate import jobs
from gate.finding import Finding
from gate.policies import UNKNOWN, named
from gate.template import Resource, Templates

TYPE = "AWS::Athena::WorkGroup"
CONFIGURATION = "WorkGroupConfiguration"
LOCATION = f"{CONFIGURATION}.ResultConfiguration.OutputLocation"
SOURCE = "https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html"


def _enforced(workgroup: Resource) -> bool:
    """Enforcement is on unless something else is written."""
    path = f"{CONFIGURATION}.EnforceWorkGroupConfiguration"
    return workgroup.on(path) or not workgroup.has(path)


def enforced_location(templates: Templates) -> Iterator[Finding]:
    """An enforced configuration names where results go."""
    for workgroup in templates.resources(TYPE):
        managed = workgroup.has(f"{CONFIGURATION}.ManagedQueryResultsConfiguration")
        explicit = workgroup.on(f"{CONFIGURATION}.EnforceWorkGroupConfiguration")
        if explicit and not managed and not workgroup.has(LOCATION):
            yield Finding(
                workgroup.template.name,
                workgroup.logical_id,
                "athena-result-location",
                workgroup.type,
                LOCATION,
                "missing although the configuration is enforced: every query fails",
                "name a bucket, or use managed query results",
                SOURCE,
            )


def ignored_location(templates: Templates) -> Iterator[Finding]:
    """A query's own result location says the same as the workgroup that overrides it."""
    for call in jobs.calls(templates, "athena:startQueryExecution"):
        home = call.resource.template
        workgroup = templates.at(jobs.reference(call.arguments.get("WorkGroup")), TYPE)
        configuration = call.arguments.get("ResultConfiguration")
        asked = configuration.get("OutputLocation") if isinstance(configuration, dict) else None
        if workgroup is None or not isinstance(asked, str) or not _enforced(workgroup):
            continue
        enforced = named(templates, workgroup.template.parts(workgroup.node(LOCATION)))
        given = named(templates, jobs.pieces(asked))
        if UNKNOWN not in given + enforced and _bucket(given) != _bucket(enforced):
            yield Finding(
                home.name,
                call.resource.logical_id,
                "athena-result-location",
                call.resource.type,
                f"{call.state}.ResultConfiguration.OutputLocation",
                f"got another bucket than workgroup {workgroup.logical_id} enforces: it is ignored",
                "remove it, or name the workgroup's bucket",
                SOURCE,
            )


def _bucket(location: str) -> str:
    return location.removeprefix("s3://").split("/", 1)[0]


def cutoff(templates: Templates) -> Iterator[Finding]:
    """A cut-off below what Athena bills a query at least is refused."""
    lowest = int(limits.number("athena-cutoff-bytes-lowest"))
    path = f"{CONFIGURATION}.BytesScannedCutoffPerQuery"
    for workgroup in templates.resources(TYPE):
        given = workgroup.number(path)
        if given is not None and given < lowest:
            yield Finding(
                workgroup.template.name,
                workgroup.logical_id,
                "athena-cutoff",
                workgroup.type,
                path,
                f"got {given:,.0f} bytes",
                f"set at least {lowest:,}",
                "https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html",
            )


RULES = (enforced_location, ignored_location, cutoff)
