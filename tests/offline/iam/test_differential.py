"""Our decisions beside those of iam-simulate, which somebody else wrote, on the same generated requests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path

from offline.iam.evaluation import RESOURCE, Decision, decide
from offline.iam.principals import Reach, reach
from tests.offline.iam.cases import Case, Cases

CASES = 10_000
ORACLE = Path(sys.prefix) / "oracle"


def simulated(cases: list[Case]) -> list[str]:
    """What iam-simulate says of each case."""
    found = subprocess.run(
        [str(Path(sys.prefix) / "bin" / "node"), "simulate.mjs"],
        cwd=ORACLE,
        input="".join(json.dumps(case.theirs()) + "\n" for case in cases),
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in found.stdout.splitlines()]
    assert not [answer["errors"] for answer in answers if answer["result"] == "error"]
    return [answer["result"] for answer in answers]


def named(decision: Decision) -> str:
    if decision.allowed:
        return "Allowed"
    return "ExplicitlyDenied" if decision.explicit else "ImplicitlyDenied"


def is_explained(case: Case, decision: Decision) -> bool:
    """A bucket policy that names a session itself is not limited by what the session was given.

    "Permissions that are granted directly to a session are not limited by an implicit deny in an
    identity-based policy, a permissions boundary, or session policy" (IAM User Guide, "Policy evaluation
    logic"); iam-simulate applies the session policy all the same.
    """
    if not (decision.allowed and decision.kind == RESOURCE and case.session and decision.statement):
        return False
    return (
        case.principal.kind == "role" and reach(decision.statement.principal, case.principal) is Reach.EXACT
    )


def test_two_implementations_decide_alike() -> None:
    cases = list(islice(Cases(seed=1), CASES))
    ours = [decide(*case.ours()) for case in cases]
    different = [
        (case, named(decision), theirs)
        for case, decision, theirs in zip(cases, ours, simulated(cases), strict=True)
        if named(decision) != theirs
    ]
    unexplained = [one for one in different if not is_explained(one[0], decide(*one[0].ours()))]
    assert unexplained == []
    assert 0 < len(different) < CASES / 500


def test_the_cases_reach_every_kind_of_policy_and_verdict() -> None:
    verdicts = Counter(
        (decision.kind, named(decision)) for decision in (decide(*c.ours()) for c in islice(Cases(1), CASES))
    )
    for kind in ("identity-based policy", "resource-based policy"):
        assert all(verdicts[kind, name] > 100 for name in ("Allowed", "ExplicitlyDenied", "ImplicitlyDenied"))
    for kind in ("permissions boundary", "session policy", "service control policy", "VPC endpoint policy"):
        assert min(verdicts[kind, "ExplicitlyDenied"], verdicts[kind, "ImplicitlyDenied"]) > 10
