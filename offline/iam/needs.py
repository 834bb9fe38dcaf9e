"""What a call needs: the IAM actions it performs, and the resources it performs them on.

Source: Service Authorization Reference. One function for each service that the sandbox decides about;
S3 decides beside its own requests, since its actions follow from the HTTP request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Parameters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Need:
    """One action on one ARN; `*` where the action has no resource. `context` adds to the request's own."""

    action: str
    resource: str = "*"
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call is made."""

    account: str
    region: str
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        """
        >>> Place("111122223333", "us-east-1").arn("kinesis", "stream/flights")
        'arn:aws:kinesis:us-east-1:111122223333:stream/flights'
        """
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


Reading = Callable[[str, Parameters, Place], Iterator[str]]


def needs(service: str, operation: str, given: Parameters, place: Place) -> list[Need]:
    """Everything that a call of a decided service needs, each of which must be allowed."""
    prefix, reading = DECIDED[service]
    action = f"{prefix}:{ACTIONS.get((service, operation), operation)}"
    resources = list(reading(operation, given, place)) or ["*"]
    found = [Need(action, resource) for resource in resources]
    if given.get("Tags") and service == "sagemaker" and operation.startswith("Create"):
        found += [Need("sagemaker:AddTags", resource) for resource in resources]
    if service == "lambda":
        found += [Need("lambda:GetLayerVersion", layer) for layer in given.get("Layers") or ()]
    return [*found, *_passed_roles(service, operation, given)]


def _passed_roles(service: str, operation: str, given: Parameters) -> Iterator[Need]:
    """A role that is handed to a service may be handed over only by who may pass it."""
    if not operation.startswith(("Create", "Update", "Run", "Start")):
        return
    for role in sorted(set(_roles(given))):
        yield Need("iam:PassRole", role, {"iam:passedtoservice": PRINCIPALS[service]})


def _roles(value: Any) -> Iterator[str]:
    for key, inner in value.items() if isinstance(value, Mapping) else ():
        if isinstance(inner, str):
            if key.lower() in ("rolearn", "executionrolearn", "role") and re.match(
                r"arn:[^:]+:iam::\d+:role/", inner
            ):
                yield inner
        else:
            for one in inner if isinstance(inner, list) else [inner]:
                yield from _roles(one)


# -- one function a service: the ARNs of a call -----------------------------------------------------------


def _kinesis(operation: str, given: Parameters, place: Place) -> Iterator[str]:
    if arn := given.get("ConsumerARN") or given.get("StreamARN"):
        yield arn
    elif name := given.get("StreamName"):
        yield place.arn("kinesis", f"stream/{name}")
    elif iterator := given.get("ShardIterator"):
        from offline.engines.kinesis.engine import stream_of_iterator

        yield place.arn("kinesis", f"stream/{stream_of_iterator(iterator)}")


def _firehose(operation: str, given: Parameters, place: Place) -> Iterator[str]:
    if name := given.get("DeliveryStreamName"):
        yield place.arn("firehose", f"deliverystream/{name}")
    elif arn := given.get("DeliveryStreamARN"):
        yield arn


GLUE_NAMED = {"Crawler": "crawler", "Job": "job", "Trigger": "trigger", "Workflow": "workflow"}


def _glue(operation: str, given: Parameters, place: Place) -> Iterator[str]:
    if arn := given.get("ResourceArn"):
        yield arn
        return
    if "Connection" in operation:
        yield place.arn("glue", "catalog")
        inner = given.get("ConnectionInput") or {}
        if name := given.get("ConnectionName") or given.get("Name") or inner.get("Name"):
            yield place.arn("glue", f"connection/{name}")
        return
    for noun, kind in GLUE_NAMED.items():
        if noun in operation:
            name = given.get(f"{noun}Name") or given.get("Name")
            if name:
                yield place.arn("glue", f"{kind}/{name}")
            return
    if not re.search("Database|Table|Partition|UserDefinedFunction", operation):
        return
    yield place.arn("glue", "catalog")
    about_database = "Database" in operation
    inner = given.get("DatabaseInput") or {}
    database = given.get("DatabaseName") or (about_database and (given.get("Name") or inner.get("Name")))
    if database:
        yield place.arn("glue", f"database/{database}")
        if not about_database:
            table = (
                given.get("TableName")
                or (given.get("TableInput") or {}).get("Name")
                or given.get("Name")
                or "*"
            )
            yield place.arn("glue", f"table/{database}/{table}")


def _athena(operation: str, given: Parameters, place: Place) -> Iterator[str]:
    from moto.athena.models import athena_backends

    if arn := given.get("ResourceARN"):
        yield arn
        return
    if "DataCatalog" in operation and (name := given.get("Name")):
        yield place.arn("athena", f"datacatalog/{name}")
        return
    engine = athena_backends[place.account][place.region]
    about_group = "WorkGroup" in operation
    group = given.get("WorkGroup") or (about_group and given.get("Name"))
    if id := given.get("QueryExecutionId"):
        group = engine.workgroup_of(id)
    elif id := given.get("NamedQueryId"):
        query = engine.named_queries.get(id)
        group = query.workgroup.name if query else None
    elif operation == "StartQueryExecution" and not group:
        group = "primary"
    if group:
        yield place.arn("athena", f"workgroup/{group}")


def _lambda(operation: str, given: Parameters, place: Place) -> Iterator[str]:
    name, number = given.get("FunctionName"), given.get("VersionNumber")
    if uuid := given.get("UUID"):
        yield place.arn("lambda", f"event-source-mapping:{uuid}")
    elif layer := given.get("LayerName"):
        yield _of_lambda("layer", f"{layer}:{number}" if number else layer, place)
    elif name and operation != "CreateEventSourceMapping":
        yield _of_lambda("function", name, place)


def _of_lambda(kind: str, name: str, place: Place) -> str:
    return (
        name if name.startswith("arn:") else place.arn("lambda", f"{kind}:{name.rpartition(f'{kind}:')[2]}")
    )


SAGEMAKER_NOUNS = {
    "TrainingJob": "training-job",
    "TransformJob": "transform-job",
    "ProcessingJob": "processing-job",
    "EndpointConfig": "endpoint-config",
    "Endpoint": "endpoint",
    "Model": "model",
    "Pipeline": "pipeline",
    "NotebookInstanceLifecycleConfig": "notebook-instance-lifecycle-config",
    "NotebookInstance": "notebook-instance",
    "ModelPackageGroup": "model-package-group",
    "FeatureGroup": "feature-group",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
}


def _sagemaker(operation: str, given: Parameters, place: Place) -> Iterator[str]:
    if arn := given.get("ResourceArn"):
        yield arn
        return
    for noun, kind in SAGEMAKER_NOUNS.items():
        if (name := given.get(f"{noun}Name")) and operation.endswith((noun, f"{noun}Async")):
            yield place.arn("sagemaker", f"{kind}/{name.lower()}")
            return


def _states(operation: str, given: Parameters, place: Place) -> Iterator[str]:
    for key in ("stateMachineArn", "executionArn", "activityArn", "resourceArn"):
        if arn := given.get(key):
            yield arn
            return
    if operation == "CreateStateMachine":
        yield place.arn("states", f"stateMachine:{given.get('name')}")


def _kms(operation: str, given: Parameters, place: Place) -> Iterator[str]:
    from offline.iam.keys import arn_of

    if operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
        yield place.arn("kms", str(given.get("AliasName")))
    if id := given.get("KeyId") or given.get("TargetKeyId") or _key_of_ciphertext(given):
        yield arn_of(id, place)


def _key_of_ciphertext(given: Parameters) -> str | None:
    """moto's ciphertexts begin with the id of their key."""
    import base64

    blob = given.get("CiphertextBlob")
    return base64.b64decode(blob)[:36].decode("ascii", "replace") if blob else None


def _logs(operation: str, given: Parameters, place: Place) -> Iterator[str]:
    if group := given.get("logGroupName"):
        yield place.arn("logs", f"log-group:{group}:log-stream:{given.get('logStreamName') or ''}")


DECIDED: dict[str, tuple[str, Reading]] = {
    "athena": ("athena", _athena),
    "firehose": ("firehose", _firehose),
    "glue": ("glue", _glue),
    "kinesis": ("kinesis", _kinesis),
    "kms": ("kms", _kms),
    "lambda": ("lambda", _lambda),
    "logs": ("logs", _logs),
    "sagemaker": ("sagemaker", _sagemaker),
    "sagemaker-runtime": ("sagemaker", _sagemaker),
    "stepfunctions": ("states", _states),
}
"""boto3's name of a service → the prefix of its actions, and how its calls name resources."""
ACTIONS = {
    ("lambda", "Invoke"): "InvokeFunction",
    ("lambda", "InvokeAsync"): "InvokeFunction",
    ("kms", "ReEncrypt"): "ReEncryptFrom",
}
"""Operations whose action has another name."""
PRINCIPALS = {service: f"{prefix}.amazonaws.com" for service, (prefix, _) in DECIDED.items()}
"""The service principal that a role is passed to."""
