"""Every rule over templates that belong together, without what was acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from gate import lifecycle
from gate.files import parsed
from gate.finding import Finding
from gate.rules import athena, firehose, glue, kinesis, kms, lambda_, s3, sagemaker
from gate.template import Templates
from gate.worlds import worlds

Rule = Callable[[Templates], Iterator[Finding]]
SERVICES = (firehose, s3, glue, athena, sagemaker, kms, lambda_, kinesis)
RULES = (*lifecycle.RULES, *(rule for service in SERVICES for rule in service.RULES))
ACKNOWLEDGED, HOME, LOGICAL_ID = "aws:cdk:acknowledged-rules", "aws:cdk:templateFile", "aws:cdk:logicalId"
"""Kinds of metadata in an assembly; a stack's home is the template that its resources stand in."""
PLUGIN = "gate"
"""The name under which the CDK knows the gate: an app acknowledges `gate::<rule>`."""
METADATA = "Gate"
"""Of a resource: `Acknowledge`, a list of `Rule` (a glob) and `Reason`."""


def findings(templates: Templates) -> list[Finding]:
    """What stands against the templates, in order; an acknowledgement without a reason counts for nothing."""
    found = {finding for rule in RULES for finding in _holding(templates, rule)}
    return sorted(finding for finding in found if not _acknowledged(templates, finding))


def _holding(templates: Templates, rule: Rule) -> Iterator[Finding]:
    """What a rule finds with a resource in some world in which the resource exists."""
    for template, logical_id in {(one.template, one.logical_id) for one in rule(templates)}:
        home = next(one for one in templates.items if one.name == template)
        for world in worlds(home.document, home.declared[logical_id]):
            for one in rule(templates.under(template, world)):
                if (one.template, one.logical_id) == (template, logical_id):
                    yield one


def changes(old: Templates, new: Templates) -> list[Finding]:
    """What stands against updating the old templates to the new ones."""
    return sorted(finding for rule in firehose.CHANGES for finding in rule(old, new))


def _acknowledged(templates: Templates, finding: Finding) -> bool:
    template = next(one for one in templates.items if one.name == finding.template)
    metadata = template.resources[finding.logical_id].metadata.get(METADATA)
    listed = metadata.get("Acknowledge") if isinstance(metadata, dict) else None
    return any(
        isinstance(one, dict)
        and bool(str(one.get("Reason") or "").strip())
        and fnmatchcase(finding.rule, str(one.get("Rule") or ""))
        for one in (listed if isinstance(listed, list) else [])
    )


def acknowledged_in_assembly(folder: Path) -> set[tuple[str, str, str]]:
    """Template, logical id and rule of everything a CDK app acknowledged, from the assembly's metadata."""
    return {
        ((file.parent.relative_to(folder) / template).as_posix(), logical_id, rule)
        for file in sorted(folder.rglob("*.metadata.json"))
        for template, logical_id, rule in _from_metadata(file)
    }


def _from_metadata(file: Path) -> Iterator[tuple[str, str, str]]:
    """An acknowledgement holds for its construct and all below, in nested stacks too."""
    entries: dict[str, list[dict[str, Any]]] = parsed(file)
    own = file.name.replace(".metadata.json", ".template.json")
    homes = {path: item["data"] for path, items in entries.items() for item in items if item["type"] == HOME}
    for path, items in entries.items():
        for rule in (name for item in items if item["type"] == ACKNOWLEDGED for name in item["data"]):
            plugin, _, known = rule.partition("::")
            for below in (other for other in entries if plugin == PLUGIN and _within(other, path)):
                home = max((one for one in homes if _within(below, one)), key=len, default="")
                for item in entries[below]:
                    if item["type"] == LOGICAL_ID:
                        yield homes.get(home, own), item["data"], known


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith(f"{outer}/")
