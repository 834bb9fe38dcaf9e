"""CloudTrail's events, from the calls that the account has answered.

Source: AWS CloudTrail User Guide, "CloudTrail record contents", "userIdentity element" and "Amazon S3
CloudTrail events"; AWS KMS Developer Guide, "Logging AWS KMS API calls". Differs: `responseElements` holds
the members that AWS's model of the operation names, where AWS leaves some of them out.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

import botocore.parsers
from botocore.model import OperationModel, Shape
from botocore.utils import lowercase_dict
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.responses import BaseResponse
from moto.core.utils import get_service_model
from moto.utilities.utils import get_partition

from offline.audit import KeyUse
from offline.changes import only_reads
from offline.clock import clock
from offline.engines.s3.served import Served, error_of
from offline.iam.callers import Caller, unique_id

VERSION = "1.11"
"""Of the records' form."""
INTERNAL = "AWS Internal"
"""Who a service's own calls come from."""
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
GLOBAL = ("iam", "sts")
"""Services whose events all belong to one region."""
GLOBAL_REGION = "us-east-1"
DATA_PLANE = {
    "cloudwatch": ("GetMetricData", "PutMetricData"),
    "dynamodb": (
        *("BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan"),
        *("TransactGetItems", "TransactWriteItems", "UpdateItem"),
    ),
    "firehose": ("PutRecord", "PutRecordBatch"),
    "kinesis": ("GetRecords", "GetShardIterator", "PutRecord", "PutRecords", "SubscribeToShard"),
    "lambda": ("Invoke", "InvokeAsync"),
    "logs": ("GetLogEvents", "FilterLogEvents", "PutLogEvents"),
    "sagemaker-runtime": ("InvokeEndpoint", "InvokeEndpointAsync"),
    "sns": ("Publish", "PublishBatch"),
    "sqs": (
        *("ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "DeleteMessage", "DeleteMessageBatch"),
        *("ReceiveMessage", "SendMessage", "SendMessageBatch"),
    ),
}
"""Operations of each service that are no management events."""
MANAGEMENT, DATA = "Management", "Data"


def of_call(response: BaseResponse, caller: Caller, answer: Any) -> dict[str, Any] | None:
    """The event of a management call; None of any other."""
    service, name = str(response.boto3_service_name), response._get_action()
    if not name or name in DATA_PLANE.get(service, ()):
        return None
    model = get_service_model(service)
    if name not in model.operation_names:
        return None
    operation = model.operation_model(name)
    status, headers, body = answer
    code, message = _error(int(status), headers, body)
    reads = only_reads(service, name) or (service == "sts")
    event = {
        **_head(caller, GLOBAL_REGION if service in GLOBAL else response.region),
        "eventSource": f"{model.signing_name}.amazonaws.com",
        "eventName": name,
        "userAgent": str(response.headers.get("User-Agent") or ""),
        **({"errorCode": code, "errorMessage": message} if code else {}),
        "requestParameters": _asked(response, operation),
        "responseElements": None if code or reads else _elements(operation, int(status), headers, body),
        "readOnly": reads,
        **_tail(response.current_account, MANAGEMENT),
    }
    return event | ({"resources": found} if (found := _keys(service, event, body)) else {})


def of_request(served: Served, account: str) -> dict[str, Any]:
    """The event of an S3 request, of data where it is about objects."""
    name, bucket = served.operation, served.bucket
    data = bool(served.key) or name in ("ListObjects", "ListObjectVersions", "ListMultipartUploads")
    data |= name in ("HeadBucket", "DeleteObjects")
    arn = f"arn:{get_partition(served.region)}:s3:::{bucket}"
    about = f"{arn}/{served.key or served.query.get('prefix', '')}"
    resources = [
        {"type": "AWS::S3::Object", "ARN": about}
        if served.key
        else {"type": "AWS::S3::Object", "ARNPrefix": about},
        {"accountId": account, "type": "AWS::S3::Bucket", "ARN": arn},
    ]
    version, way = served.signature
    asked = {"bucketName": bucket, **({"key": served.key} if served.key else {}), **served.query}
    asked |= {header: value for header, value in served.headers.items() if header in ASKED}
    return {
        **_head(served.caller, served.region),
        "eventTime": _time(served.at),
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "userAgent": f"[{served.headers.get('user-agent', '')}]",
        **({"errorCode": served.error, "errorMessage": served.message} if served.error else {}),
        "requestParameters": asked if bucket else None,
        "responseElements": None,
        "additionalEventData": {
            **({"SignatureVersion": version, "AuthenticationMethod": way} if version else {}),
            "bytesTransferredIn": served.received,
            "bytesTransferredOut": served.sent,
            **_protection(served),
        },
        "readOnly": served.method in ("GET", "HEAD"),
        **({"resources": resources} if data else {}),
        **_tail(account, DATA if data else MANAGEMENT),
        "requestID": served.id,
    }


ASKED = ("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id", "x-amz-acl")
"""Headers of a request that its event repeats."""


def _protection(served: Served) -> dict[str, str]:
    """How S3 encrypted or decrypted, whether the request or the bucket's default asked for it."""
    if "x-amz-server-side-encryption-customer-algorithm" in served.headers:
        return {"SSEApplied": "SSE_C"}
    word = {"AES256": "SSE_S3", "aws:kms": "SSE_KMS", "aws:kms:dsse": "DSSE_KMS"}.get(
        served.answer.get("x-amz-server-side-encryption", "")
    )
    if word is None or served.error:
        return {}
    defaulted = served.method == "PUT" and "x-amz-server-side-encryption" not in served.headers
    return {"SSEApplied": f"Default_{word}" if defaulted else word}


def of_key_use(use: KeyUse, key: str, error: str) -> dict[str, Any]:
    """The event of KMS when a service has used a key, by its ARN, in its caller's name."""
    name = use.action
    asked: dict[str, Any] = {"encryptionContext": dict(use.context)}
    asked |= {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"} if name == "Decrypt" else {"keySpec": "AES_256"}
    head = _head(use.caller, use.place.region)
    head["userIdentity"] = {**head["userIdentity"], "invokedBy": INTERNAL}
    failed = {"errorCode": "AccessDenied", "errorMessage": error} if error else {}
    return {
        **head,
        "eventSource": "kms.amazonaws.com",
        "eventName": name,
        "sourceIPAddress": INTERNAL,
        "userAgent": INTERNAL,
        **failed,
        "requestParameters": {"keyId": key, **asked},
        "responseElements": None,
        "readOnly": True,
        "resources": [{"accountId": use.place.account, "type": "AWS::KMS::Key", "ARN": key}],
        **_tail(use.place.account, MANAGEMENT),
    }


# -- what all events have ---------------------------------------------------------------------------------


def _head(caller: Caller, region: str) -> dict[str, Any]:
    way = {"vpcEndpointId": caller.endpoint} if caller.endpoint else {}
    return {
        "eventVersion": VERSION,
        "userIdentity": identity(caller),
        "eventTime": _time(clock.now()),
        "awsRegion": region,
        "sourceIPAddress": "127.0.0.1",
        **way,
    }


def _tail(account: str, category: str) -> dict[str, Any]:
    return {
        "requestID": str(uuid.uuid4()),
        "eventID": str(uuid.uuid4()),
        "eventType": "AwsApiCall",
        "managementEvent": category == MANAGEMENT,
        "recipientAccountId": account,
        "eventCategory": category,
    }


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def identity(caller: Caller) -> dict[str, Any]:
    """Who made a call, as far as its signature tells."""
    principal = caller.principal
    if principal.kind == "anonymous":
        return {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
    common = {
        "principalId": unique_id(principal),
        "arn": principal.arn,
        "accountId": principal.account,
        "accessKeyId": caller.access_key,
    }
    if principal.kind == "root":
        return {"type": "Root", **common}
    if principal.kind == "user":
        return {"type": "IAMUser", **common, "userName": principal.arn.rpartition("/")[2]}
    issuer = {
        "type": "Role",
        "principalId": common["principalId"].partition(":")[0],
        "arn": principal.role_arn,
        "accountId": principal.account,
        "userName": principal.role_arn.rpartition("/")[2],
    }
    return {
        "type": "AssumedRole",
        **common,
        "sessionContext": {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}},
    }


# -- members of requests and answers ----------------------------------------------------------------------


def _asked(response: BaseResponse, operation: OperationModel) -> dict[str, Any] | None:
    """A request's members; what is a secret, or bytes, is not told."""
    if operation.input_shape is None:
        return None
    protocol = _protocol(operation)
    if "Action" in response.querystring and protocol != "ec2":
        protocol = "query"
    request = {
        "method": response.method,
        "values": {name: given[0] for name, given in response.querystring.items() if given},
        "headers": response.headers,
        "body": response.body,
        "url_path": response.parsed_url.path,
        "url_params": response.uri_match,
    }
    try:
        found = PROTOCOL_PARSERS[protocol](operation).parse(request)
    except Exception:  # noqa: BLE001 - a request that its service could not read either
        return None
    return _told(found, operation.input_shape) or None


def _protocol(operation: OperationModel) -> str:
    found = str(operation.service_model.metadata["protocol"])
    return found if found in PROTOCOL_PARSERS else "json"


def _spoken(operation: OperationModel, content: bytes) -> str:
    """The protocol of an answer, where the service speaks more than one."""
    protocol = _protocol(operation)
    return "query" if content.startswith(b"<") and "json" in protocol else protocol


@cache
def _parser(protocol: str) -> Any:
    return botocore.parsers.create_parser(protocol)


def _elements(operation: OperationModel, status: int, headers: Mapping[str, Any], body: Any) -> Any:
    """An answer's members."""
    if operation.output_shape is None:
        return None
    content = body if isinstance(body, bytes) else str(body or "").encode()
    answer = {"status_code": status, "headers": lowercase_dict(dict(headers)), "body": content}
    try:
        found = _parser(_spoken(operation, content)).parse(answer, operation.output_shape)
    except botocore.parsers.ResponseParserError:
        return None
    found.pop("ResponseMetadata", None)
    return _told(found, operation.output_shape) or None


def _told(value: Any, shape: Shape | None) -> Any:
    """A value as a record holds it: names begin small, secrets are hidden, bytes are left out."""
    if shape is not None and (
        shape.metadata.get("sensitive") or shape.name in ("SecretAccessKey", "SessionToken")
    ):
        return HIDDEN
    if isinstance(value, Mapping):
        found = {
            key: (getattr(shape, "members", {}).get(key), inner)
            for key, inner in value.items()
            if not isinstance(inner, bytes | bytearray) and inner is not None
        }
        if shape is not None and shape.type_name == "map":
            return {str(key): _told(inner, shape.value) for key, (_, inner) in found.items()}
        return {_small(key): _told(inner, kind) for key, (kind, inner) in found.items()}
    if isinstance(value, list | tuple):
        inner_shape = getattr(shape, "member", None)
        return [_told(one, inner_shape) for one in value if not isinstance(one, bytes | bytearray)]
    if isinstance(value, datetime):
        return _time(value)
    return value.isoformat() if isinstance(value, date) else value


def _small(name: str) -> str:
    """
    >>> _small("KeyId"), _small("DBName"), _small("ARN")
    ('keyId', 'dBName', 'aRN')
    """
    return name[:1].lower() + name[1:]


def _keys(service: str, event: dict[str, Any], body: Any) -> list[dict[str, str]]:
    """The KMS key that a call of KMS is about: whoever decrypts need not name it, and is told."""
    if service != "kms":
        return []
    key = (event["requestParameters"] or {}).get("keyId")
    if key is None and event["eventName"] in ("Decrypt", "ReEncrypt") and "errorCode" not in event:
        key = json.loads(body)["KeyId"]
    if key is None:
        return []
    account, region = event["recipientAccountId"], event["awsRegion"]
    arn = (
        key
        if str(key).startswith("arn:")
        else f"arn:{get_partition(region)}:kms:{region}:{account}:key/{key}"
    )
    return [{"accountId": account, "type": "AWS::KMS::Key", "ARN": arn}]


def _error(status: int, headers: Mapping[str, Any], body: Any) -> tuple[str, str]:
    """Code and message of an answer that is an error."""
    if status < 400:
        return "", ""
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return error_of(status, body)
    code = str(found.get("__type") or found.get("code") or headers.get("x-amzn-errortype") or status)
    message = str(found.get("message") or found.get("Message") or "")
    return code.rpartition("#")[2].partition(":")[0], message
