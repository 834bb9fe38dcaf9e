"""What the lab's run is said to cost is what it asks of S3."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from labs import run_costs
from labs.cli import stack_record
from labs.context import Context
from labs.lake import LAB
from tests.assembly import assembly

FREE = {"DeleteObjects", "AbortMultipartUpload"}
LIKE_PUT = ("Put", "Create", "Complete", "Upload", "List")
"""How operations begin that bill as PUT, COPY, POST or LIST; all others bill as GET."""


def test_the_requests_of_a_run_are_those_that_its_cost_is_reckoned_from(lake: Context) -> None:
    counted: Counter[str] = Counter()

    def note(model: Any, **_: Any) -> None:
        if model.name not in FREE:
            counted["s3-put-1000" if model.name.startswith(LIKE_PUT) else "s3-get-1000"] += 1

    lake.client("s3").meta.events.register("before-call.s3", note)
    for step in LAB.steps:
        step.run(lake)
    stacks = [stack_record(stack) for stack in assembly().only(["lake"]).stacks]
    lines = {line.price.id: line for line in run_costs.one_run(stacks, "us-east-1", 1)}
    for id, count in counted.items():
        assert lines[id].units == pytest.approx(count / 1000, rel=0.02)
