"""The gate as a validation plugin of the CDK: a finding fails `cdk synth` and with it `cdk deploy`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import aws_cdk as cdk
import jsii

from gate.check import PLUGIN, findings
from gate.files import parsed
from gate.finding import Finding
from gate.template import Templates


@jsii.implements(cdk.IPolicyValidationPlugin)
class Gate:
    """Dead services, retired values, and what AWS tells only when it is too late."""

    @property
    def name(self) -> str:
        return PLUGIN

    @property
    def version(self) -> str:
        return "1.0.0"

    @property
    def rule_ids(self) -> list[str]:
        return []

    def validate(self, context: cdk.IPolicyValidationContext) -> cdk.PolicyValidationPluginReport:
        """Every finding over all templates of the app, since stacks resolve each other's exports."""
        files = {Path(path).name: path for path in context.template_paths}
        found = findings(Templates.of({name: parsed(Path(path)) for name, path in files.items()}))
        violations = [
            _violation(rule, list(of_rule), files)
            for rule, of_rule in groupby(sorted(found, key=lambda one: one.rule), key=lambda one: one.rule)
        ]
        return cdk.PolicyValidationPluginReport(success=not violations, violations=violations)


def _told(finding: Finding) -> str:
    """What is wrong and who says so: the CDK prints nothing else of a rule's metadata."""
    return f"{finding.message} [{finding.source}]" if finding.source else finding.message


def _violation(rule: str, found: list[Finding], files: dict[str, str]) -> cdk.PolicyViolation:
    return cdk.PolicyViolation(
        rule_name=rule,
        description="; ".join(sorted({_told(one) for one in found})),
        fix="; ".join(sorted({one.fix for one in found})),
        violating_resources=[
            cdk.PolicyViolatingResource(
                resource_logical_id=one.logical_id,
                template_path=files[one.template],
                locations=[f"Properties.{one.location}" if one.location else "Type"],
            )
            for one in found
        ],
    )
