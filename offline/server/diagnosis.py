"""Why a request could not be served: held against AWS's own model of its operation.

Nothing is checked before a request is served, so nothing costs time that is right. When a service broke on
one, what does not fit the model was the client's mistake, and is worded as AWS words it; what does fit
is a fault of ours.
"""

from __future__ import annotations

import json
from typing import Any
from xml.parsers.expat import ExpatError, ParserCreate

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from moto.core.model import OperationModel, ServiceModel
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.routing import NotFound, get_service_router
from moto.core.utils import get_service_model

from offline.server.constraints import violations
from offline.server.forms import Refusal
from offline.server.routing import FORM, Request

BOTOCORE_NAMES = {
    "airflow": "mwaa",
    "aoss": "opensearchserverless",
    "email": "ses",
    "elasticloadbalancing": "elbv2",
    "elasticmapreduce": "emr",
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "tagging": "resourcegroupstaggingapi",
}
"""Services that botocore's models call otherwise than their signatures."""
CBOR = "cbor"


def model_of(service: str, request: Request) -> ServiceModel | None:
    """AWS's model of the service that a request is signed for; None where AWS has none."""
    name = BOTOCORE_NAMES.get(service, service)
    if name == "sagemaker" and request.path.endswith("invocations"):
        name = "sagemaker-runtime"
    try:
        return get_service_model(name)
    except UnknownServiceError:
        return None


def protocol_of(request: Request, service: str) -> str:
    """The protocol that a request speaks, as its answer must."""
    if CBOR in request.mimetype or CBOR in request.headers.get("smithy-protocol", ""):
        return CBOR
    if service == "s3":
        return "s3"
    if request.headers.get("X-Amz-Target"):
        return "json"
    if request.mimetype == FORM:
        return "ec2" if service == "ec2" else "query"
    model = model_of(service, request)
    return str(model.protocol) if model else "rest-json"


def operation_of(request: Request, service: str) -> str:
    """The operation that a request asks for; empty where it asks for none."""
    if request.action:
        return request.action
    model = model_of(service, request)
    if model is None or "rest" not in str(model.protocol):
        return ""
    try:
        return str(get_service_router(str(model.service_name)).match(request)[0].name)
    except (NotFound, NotImplementedError):
        return ""


def unknown_operation(request: Request, service: str) -> Refusal:
    """What asks for nothing that AWS has, or for something that is not here."""
    operation = operation_of(request, service)
    model = model_of(service, request)
    if model is not None and operation in model.operation_names:
        return Refusal("NotImplemented", f"{service}:{operation} is not played by this offline account", 501)
    asked = operation or f"{request.method} {request.raw_path}"
    if protocol_of(request, service) in ("query", "ec2"):
        return Refusal("InvalidAction", f"Could not find operation {asked} of {service}")
    return Refusal("UnknownOperationException", f"{asked} is no operation of {service}", 404)


def not_offline(request: Request, service: str, error: Exception) -> Refusal:
    """What the account refuses because it would have to pretend."""
    refusal = mistake_in(request, service)
    if refusal is not None:
        return refusal
    said = str(error) or "no reason given"
    operation = operation_of(request, service)
    return Refusal("NotImplemented", f"{service}:{operation} is not played offline: {said}", 501)


def mistake_in(request: Request, service: str) -> Refusal | None:
    """What in a request AWS would refuse before any service saw it; None where its form is right."""
    model = model_of(service, request)
    if model is None:
        return unknown_operation(request, service)
    operation = operation_of(request, service)
    protocol = protocol_of(request, service)
    if protocol == CBOR:
        return Refusal("SerializationException", "CBOR is not spoken by this offline account; use JSON", 415)
    unreadable = _unreadable(request, protocol)
    if unreadable is not None:
        return unreadable
    try:
        found = model.operation_model(operation)
    except OperationNotFoundError:
        return unknown_operation(request, service)
    return _unfit(request, found, protocol)


def _unreadable(request: Request, protocol: str) -> Refusal | None:
    """A body that is not in its protocol's format at all."""
    body = request.get_data()
    if protocol == "json" or (protocol == "rest-json" and body[:1] in b"{["):
        return _not_json(body)
    if protocol in ("s3", "rest-xml") and body.lstrip()[:1] == b"<":
        return _not_xml(body)
    return None


def _not_json(body: bytes) -> Refusal | None:
    try:
        members = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        return Refusal("SerializationException", f"The body is not JSON: {error}")
    if isinstance(members, dict):
        return None
    return Refusal("SerializationException", f"The body is not a JSON object but {_kind(members)}")


def _kind(value: Any) -> str:
    return {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}.get(
        type(value), "a number"
    )


def _not_xml(body: bytes) -> Refusal | None:
    try:
        ParserCreate().Parse(body, True)
    except ExpatError as error:
        return Refusal("MalformedXML", f"The XML you provided was not well-formed: {error}")
    return None


def _unfit(request: Request, operation: OperationModel, protocol: str) -> Refusal | None:
    """Members that are missing, of another type, or against a constraint."""
    if operation.input_shape is None:
        return None
    try:
        members = _members(request, operation, protocol)
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        # The parser goes by the model: what it cannot take in, the model has no place for.
        return Refusal(_CODES[protocol][0], f"The request cannot be read as {operation.name}: {error}")
    found = violations(members, operation.input_shape)
    if found.types:
        return Refusal(_CODES[protocol][0], found.types[0])
    if not found.values:
        return None
    count = f"{len(found.values)} validation error{'s' * (len(found.values) > 1)} detected: "
    return Refusal(_CODES[protocol][1], count + "; ".join(found.values[:10]))


_CODES = {
    "json": ("SerializationException", "ValidationException"),
    "rest-json": ("SerializationException", "ValidationException"),
    "query": ("MalformedInput", "ValidationError"),
    "ec2": ("InvalidParameterValue", "InvalidParameterValue"),
    "rest-xml": ("MalformedInput", "InvalidInput"),
    "s3": ("MalformedXML", "InvalidRequest"),
}
"""How services call what they cannot read, and what they read and do not take."""


def _members(request: Request, operation: OperationModel, protocol: str) -> Any:
    if protocol == "json":
        return json.loads(request.get_data() or b"{}")
    name = "rest-xml" if protocol == "s3" else protocol
    parameters = {}
    if "rest" in name:
        parameters = get_service_router(str(operation.service_model.service_name)).match(request)[1]
    return PROTOCOL_PARSERS[name](operation).parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": request.get_data(),
            "url_path": request.path,
            "url_params": parameters,
        }
    )
