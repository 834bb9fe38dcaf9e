"""cfn-lint, which carries CloudFormation's own schemas, finds nothing wrong in any template."""

from __future__ import annotations

import json

import pytest
from cfnlint.api import lint
from cfnlint.config import ManualArgs

from tests.assembly import templates

# Unused mappings and redundant DependsOn are the CDK's habits, and none of CloudFormation's concern.
HABITS = ["W7001", "W3005"]


@pytest.mark.parametrize("noun", ["lake", "security", "catalog", "streaming", "query", "training"])
def test_a_template_is_clean(noun: str) -> None:
    config = ManualArgs(regions=["us-east-1", "eu-west-1", "sa-east-1"], ignore_checks=HABITS)
    found = lint(json.dumps(templates()[noun]), config=config)
    assert [f"{match.rule.id} {match.message}" for match in found] == []
