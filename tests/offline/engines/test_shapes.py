"""The constraints of the APIs' models can be checked, all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest

from offline.engines import shapes


def strings(shape: Any, seen: set[str]) -> Iterator[Any]:
    """Every string shape below a shape."""
    if shape.name in seen:
        return
    seen.add(shape.name)
    if shape.type_name == "string":
        yield shape
    inner = {"structure": lambda: shape.members.values(), "list": lambda: [shape.member]}
    for one in inner.get(shape.type_name, list)():
        yield from strings(one, seen)


@pytest.mark.parametrize("service", ["glue", "sagemaker"])
def test_every_pattern_of_a_request_is_one_that_python_reads(service: str) -> None:
    model = botocore.session.get_session().get_service_model(service)
    seen: set[str] = set()
    patterns = {
        shape.metadata["pattern"]
        for operation in model.operation_names
        if (given := model.operation_model(operation).input_shape)
        for shape in strings(given, seen)
        if "pattern" in shape.metadata
    }
    assert len(patterns) > 20
    for pattern in patterns:
        re.compile(shapes._python_pattern(pattern))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"JobName": "j", "Timeout": 0}, "'timeout' failed to satisfy constraint: Member must have value"),
        (
            {"JobName": "j", "WorkerType": "X"},
            "'workerType' failed to satisfy constraint: Member must satisfy enum",
        ),
        ({"JobName": "j" * 256}, "'jobName' failed to satisfy constraint: Member must have length"),
        ({"JobName": "a\u0001"}, "'jobName' failed to satisfy constraint: Member must satisfy regular"),
    ],
)
def test_a_broken_constraint_is_told_in_aws_words(given: dict[str, Any], told: str) -> None:
    assert told in shapes.complaint("glue", "StartJobRun", given)


def test_a_request_that_keeps_them_all_has_no_complaint() -> None:
    assert shapes.complaint("glue", "StartJobRun", {"JobName": "täglich 😀", "Timeout": 5}) == ""
