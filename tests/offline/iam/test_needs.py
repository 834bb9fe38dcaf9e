"""What calls need: the resources that their actions are performed on."""

from __future__ import annotations

from typing import Any

import pytest

from offline.iam.needs import Place, needs

PLACE = Place("111122223333", "us-east-1")
JOB = "arn:aws:glue:us-east-1:111122223333:job/j"
LAYER = "arn:aws:lambda:us-east-1:111122223333:layer:l:2"
GROUP = "arn:aws:athena:us-east-1:111122223333:workgroup/g"


@pytest.mark.parametrize(
    ("service", "operation", "given", "on"),
    [
        ("glue", "TagResource", {"ResourceArn": JOB}, {"job/j"}),
        ("glue", "CreateConnection", {"ConnectionInput": {"Name": "c"}}, {"catalog", "connection/c"}),
        ("glue", "DeleteConnection", {"ConnectionName": "c"}, {"catalog", "connection/c"}),
        ("glue", "UpdateJob", {"JobName": "j"}, {"job/j"}),
        ("sagemaker", "CreateFeatureGroup", {"FeatureGroupName": "F"}, {"feature-group/f"}),
        (
            "sagemaker",
            "DeleteNotebookInstanceLifecycleConfig",
            {"NotebookInstanceLifecycleConfigName": "l"},
            {"notebook-instance-lifecycle-config/l"},
        ),
        ("lambda", "GetFunction", {"FunctionName": "111122223333:function:f"}, {"f"}),
        ("lambda", "CreateEventSourceMapping", {"FunctionName": "f", "EventSourceArn": "a"}, {"*"}),
        ("lambda", "UpdateEventSourceMapping", {"UUID": "u", "FunctionName": "f"}, {"u"}),
        ("lambda", "GetLayerVersion", {"LayerName": "l", "VersionNumber": "3"}, {"3"}),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Layers": [LAYER]}, {"f", "2"}),
        ("athena", "UpdateDataCatalog", {"Name": "own"}, {"datacatalog/own"}),
        ("athena", "UntagResource", {"ResourceARN": GROUP}, {"workgroup/g"}),
    ],
)
def test_a_call_is_performed_on_what_it_names(
    sandbox: Any, service: str, operation: str, given: dict[str, Any], on: set[str]
) -> None:
    assert {need.resource.rpartition(":")[2] for need in needs(service, operation, given, PLACE)} == on
