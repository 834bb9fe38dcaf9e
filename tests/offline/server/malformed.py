"""Requests that no AWS client sends: right ones, broken in one to three ways, the same for a seed.

for broken in islice(Malformed(seed=1), 1500): ...
"""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest

POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
MACHINE = json.dumps({"StartAt": "Go", "States": {"Go": {"Type": "Pass", "End": True}}})
ROLE = "arn:aws:iam::123456789012:role/flights"
RULES = {"Rules": [{"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 9}}]}
TABLE = {"Name": "flights", "StorageDescriptor": {"Location": "s3://lake/", "Columns": [{"Name": "a"}]}}

RIGHT: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("kinesis", "create_stream", {"StreamName": "flights", "ShardCount": 1}),
    (
        "kinesis",
        "put_records",
        {"StreamName": "flights", "Records": [{"Data": b"a", "PartitionKey": "k"}] * 3},
    ),
    ("kinesis", "put_record", {"StreamName": "flights", "Data": b"a", "PartitionKey": "k"}),
    ("kinesis", "list_shards", {"StreamName": "flights"}),
    (
        "kinesis",
        "get_shard_iterator",
        {"StreamName": "flights", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"},
    ),
    ("kinesis", "get_records", {"ShardIterator": "AAAA"}),
    ("kinesis", "increase_stream_retention_period", {"StreamName": "flights", "RetentionPeriodHours": 48}),
    ("firehose", "put_record_batch", {"DeliveryStreamName": "flights", "Records": [{"Data": b"a"}]}),
    (
        "firehose",
        "create_delivery_stream",
        {
            "DeliveryStreamName": "flights",
            "ExtendedS3DestinationConfiguration": {
                "RoleARN": ROLE,
                "BucketARN": "arn:aws:s3:::lake",
                "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": 60},
            },
        },
    ),
    ("glue", "create_database", {"DatabaseInput": {"Name": "flights"}}),
    ("glue", "create_table", {"DatabaseName": "flights", "TableInput": TABLE}),
    ("glue", "get_partitions", {"DatabaseName": "flights", "TableName": "flights", "Expression": "a = 1"}),
    (
        "glue",
        "create_crawler",
        {"Name": "flights", "Role": ROLE, "Targets": {"S3Targets": [{"Path": "s3://lake/"}]}},
    ),
    (
        "athena",
        "start_query_execution",
        {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "s3://lake/"}},
    ),
    ("athena", "get_query_results", {"QueryExecutionId": "0"}),
    (
        "sagemaker",
        "create_model",
        {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "i", "ModelDataUrl": "u"}},
    ),
    ("sagemaker", "describe_training_job", {"TrainingJobName": "j"}),
    ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "e", "Body": b"1,2"}),
    ("stepfunctions", "create_state_machine", {"name": "m", "definition": MACHINE, "roleArn": ROLE}),
    (
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:m", "input": "{}"},
    ),
    ("kms", "create_key", {"Description": "d"}),
    ("kms", "encrypt", {"KeyId": "alias/aws/s3", "Plaintext": b"a", "EncryptionContext": {"a": "b"}}),
    ("logs", "create_log_group", {"logGroupName": "g"}),
    ("logs", "filter_log_events", {"logGroupName": "g", "filterPattern": "x"}),
    ("ssm", "put_parameter", {"Name": "/a", "Value": "b", "Type": "String"}),
    ("ssm", "get_parameters_by_path", {"Path": "/"}),
    ("secretsmanager", "create_secret", {"Name": "s", "SecretString": "x"}),
    ("events", "put_rule", {"Name": "r", "ScheduleExpression": "rate(1 day)"}),
    (
        "dynamodb",
        "create_table",
        {
            "TableName": "t",
            "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "a", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    ),
    ("dynamodb", "put_item", {"TableName": "t", "Item": {"a": {"S": "1"}}}),
    ("sqs", "create_queue", {"QueueName": "q"}),
    ("sns", "create_topic", {"Name": "t"}),
    ("sts", "get_caller_identity", {}),
    ("sts", "assume_role", {"RoleArn": ROLE, "RoleSessionName": "one"}),
    ("iam", "create_role", {"RoleName": "flights", "AssumeRolePolicyDocument": POLICY}),
    ("iam", "put_role_policy", {"RoleName": "flights", "PolicyName": "p", "PolicyDocument": POLICY}),
    ("cloudformation", "create_stack", {"StackName": "s", "TemplateBody": TEMPLATE}),
    ("cloudformation", "describe_stacks", {"StackName": "s"}),
    (
        "cloudwatch",
        "put_metric_data",
        {"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.0}]},
    ),
    ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}),
    ("ec2", "describe_vpcs", {"Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}]}),
    (
        "lambda",
        "create_function",
        {
            "FunctionName": "f",
            "Runtime": "python3.13",
            "Role": ROLE,
            "Handler": "a.b",
            "Code": {"ZipFile": b"PK"},
        },
    ),
    ("lambda", "invoke", {"FunctionName": "f", "Payload": b"{}"}),
    ("lambda", "list_functions", {"MaxItems": 5}),
    ("ecr", "create_repository", {"repositoryName": "repo"}),
    ("cloudtrail", "lookup_events", {}),
    ("s3", "create_bucket", {"Bucket": "lake"}),
    ("s3", "put_object", {"Bucket": "lake", "Key": "a/b", "Body": b"content", "Metadata": {"a_b": "c"}}),
    ("s3", "get_object", {"Bucket": "lake", "Key": "a/b", "Range": "bytes=0-3"}),
    ("s3", "list_objects_v2", {"Bucket": "lake", "Prefix": "a", "MaxKeys": 3}),
    ("s3", "copy_object", {"Bucket": "lake", "Key": "c", "CopySource": "lake/a/b"}),
    ("s3", "delete_objects", {"Bucket": "lake", "Delete": {"Objects": [{"Key": "c"}]}}),
    ("s3", "put_bucket_lifecycle_configuration", {"Bucket": "lake", "LifecycleConfiguration": RULES}),
    (
        "s3",
        "put_bucket_versioning",
        {"Bucket": "lake", "VersioningConfiguration": {"Status": "Enabled"}},
    ),
    (
        "s3",
        "put_object_tagging",
        {"Bucket": "lake", "Key": "a/b", "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}},
    ),
    ("s3", "create_multipart_upload", {"Bucket": "lake", "Key": "m"}),
    ("s3", "upload_part", {"Bucket": "lake", "Key": "m", "UploadId": "u", "PartNumber": 1, "Body": b"x"}),
    (
        "s3",
        "complete_multipart_upload",
        {
            "Bucket": "lake",
            "Key": "m",
            "UploadId": "u",
            "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": "e"}]},
        },
    ),
    ("s3", "put_bucket_policy", {"Bucket": "lake", "Policy": POLICY}),
    ("s3", "get_bucket_location", {"Bucket": "lake"}),
)
"""Service, operation and parameters of requests that are right."""


@dataclass(frozen=True)
class Sent:
    """A request on the wire."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class _Caught(Exception):
    pass


def right(endpoint: str) -> list[Sent]:
    """The right requests, as boto3 sends them."""
    found = []
    for service, operation, parameters in RIGHT:
        client = boto3.session.Session().client(
            service,
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        client.meta.events.register_first("before-send", _catch)
        try:
            getattr(client, operation)(**parameters)
        except _Caught as caught:
            found.append(_sent(caught.args[0]))
    return found


def _catch(request: AWSPreparedRequest, **_: Any) -> None:
    raise _Caught(request)


def _sent(request: AWSPreparedRequest) -> Sent:
    target = "/" + request.url.split("/", 3)[3]
    headers = {name: _text(value) for name, value in request.headers.items()}
    for name in ("Content-Length", "Expect", "Transfer-Encoding"):
        headers.pop(name, None)
    body = request.body if request.body is not None else b""
    content = body.read() if hasattr(body, "read") else body
    return Sent(request.method, target, headers, content.encode() if isinstance(content, str) else content)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


class Malformed:
    """An endless row of broken requests."""

    def __init__(self, requests: list[Sent], seed: int) -> None:
        self._requests, self._chance = requests, random.Random(seed)

    def __iter__(self) -> Iterator[Sent]:
        breaks: tuple[Callable[[Sent], Sent], ...] = (
            *(self._method, self._target, self._query, self._header),
            *(self._aws_target, self._signature, self._content_type),
            *(self._body_cut, self._body_bits, self._body_other, self._json, self._json, self._xml),
        )
        while True:
            request = self._chance.choice(self._requests)
            for _ in range(self._chance.randint(1, 3)):
                request = self._chance.choice(breaks)(request)
            yield request

    def _method(self, request: Sent) -> Sent:
        methods = ("GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW")
        return replace(request, method=self._chance.choice(methods))

    def _target(self, request: Sent) -> Sent:
        path, _, query = request.target.partition("?")
        path = self._chance.choice(
            (
                *(path + "/", path + "//x", "/" + path, path + "/%00", path + "/%ff%fe", "/" + "a" * 3000),
                *("/%E2%82%AC/%2e%2e/x", "/a b".replace(" ", "%20"), "/.well-known/jwks.json", "/functions"),
                *(
                    "/2015-03-31/functions/" + self._word(),
                    "/v2/email",
                    "/moto-api/data.json",
                    path[:-1] or "/",
                ),
                *("/endpoints/x/invocations", "/service/Foo/operation/Bar", "/" + self._word()),
            )
        )
        return replace(request, target=path + ("?" + query if query else ""))

    def _query(self, request: Sent) -> Sent:
        path, _, query = request.target.partition("?")
        more = self._chance.choice(
            (
                *(
                    "acl",
                    "lifecycle",
                    "uploads",
                    "uploadId=1",
                    "versionId=%00",
                    "tagging",
                    "delete",
                    "restore",
                ),
                *(
                    "max-keys=x",
                    "partNumber=x",
                    "list-type=9",
                    "Action=" + self._word(),
                    "X-Amz-Credential=x",
                ),
                *("%%%", "=&=&", "a=" + "b" * 2000, "select&select-type=2", "MaxItems=x", "policy", "x=%ff"),
            )
        )
        return replace(request, target=f"{path}?{self._chance.choice((more, f'{query}&{more}'))}")

    def _header(self, request: Sent) -> Sent:
        name, value = self._chance.choice(
            (
                *(("Range", "bytes=9-1"), ("Range", "x"), ("Content-Encoding", "gzip"), ("If-Match", "\xff")),
                *(("x-amz-copy-source", "%"), ("x-amz-copy-source", "/"), ("x-amz-tagging", "a=b&a=b&=")),
                *(("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), ("x-amz-acl", "x")),
                *(("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), ("x-amz-trailer", "x")),
                *(("x-amz-decoded-content-length", "x"), ("Content-MD5", "x"), ("x-amz-grant-read", "x")),
                *(("x-amz-server-side-encryption", "x"), ("x-amz-storage-class", "x"), ("Date", "x")),
                *(("x-amz-server-side-encryption-customer-algorithm", "x"), ("x-amz-checksum-crc32", "x")),
                *(("If-Modified-Since", "x"), ("x-amz-object-lock-retain-until-date", "x"), ("Cookie", "x")),
                *(("X-Amz-Invocation-Type", "x"), ("X-Amz-Security-Token", "x"), ("x-moto-account-id", "x")),
                *(
                    ("User-Agent", "region/zz-none-9"),
                    ("smithy-protocol", "rpc-v2-cbor"),
                    ("Accept", "text/html"),
                ),
            )
        )
        return replace(request, headers={**request.headers, name: value})

    def _aws_target(self, request: Sent) -> Sent:
        targets = (
            "",
            ".",
            "x",
            "A.B.C",
            "Kinesis_20131202.",
            "AWSGlue.Nothing",
            "DynamoDBStreams_20120810.x",
        )
        given = request.headers.get("X-Amz-Target", "Kinesis_20131202.PutRecord")
        target = self._chance.choice(
            (*targets, given + "X", given[:-1], given.lower(), given * 50, "\xff.\xff")
        )
        return replace(request, headers={**request.headers, "X-Amz-Target": target})

    def _signature(self, request: Sent) -> Sent:
        given = request.headers.get("Authorization", "")
        services = (
            "s3",
            "kinesis",
            "glue",
            "iam",
            "sts",
            "ec2",
            "lambda",
            "nothing",
            "dynamodb",
            "budgets",
            "",
        )
        regions = ("us-east-1", "eu-west-1", "cn-north-1", "xx-none-1", "us-east-1a", "")
        scope = f"/{self._chance.choice(regions)}/{self._chance.choice(services)}/aws4_request"
        other = re.sub(r"/[\w-]+/[\w-]+/aws4_request", scope, given)
        choices = (
            "",
            "AWS4-HMAC-SHA256",
            "AWS x:y",
            "Bearer x",
            given[:40],
            "\xff",
            given.replace(",", ""),
            other,
            other,
        )
        headers = {**request.headers, "Authorization": self._chance.choice(choices)}
        if self._chance.random() < 0.2:
            del headers["Authorization"]
        return replace(request, headers=headers)

    def _content_type(self, request: Sent) -> Sent:
        kinds = (
            *(
                "application/json",
                "application/x-amz-json-1.1",
                "application/x-www-form-urlencoded",
                "text/xml",
            ),
            *("multipart/form-data; boundary=x", "multipart/form-data", "application/cbor", "x", ""),
            *("application/x-amz-cbor-1.1", "application/x-www-form-urlencoded; charset=x", "text/html"),
        )
        return replace(request, headers={**request.headers, "Content-Type": self._chance.choice(kinds)})

    def _body_cut(self, request: Sent) -> Sent:
        return replace(request, body=request.body[: self._chance.randint(0, max(len(request.body) - 1, 0))])

    def _body_bits(self, request: Sent) -> Sent:
        body = bytearray(request.body or b"{}")
        for _ in range(self._chance.randint(1, 8)):
            body[self._chance.randrange(len(body))] = self._chance.randrange(256)
        return replace(request, body=bytes(body))

    def _body_other(self, request: Sent) -> Sent:
        bodies = (
            *(
                b"",
                b"{",
                b"[]",
                b"null",
                b"1",
                b'"x"',
                b"{}",
                b'{"a":' * 5000,
                b"\xff\xfe\x00",
                b"\x00" * 100,
            ),
            *(b"<a>", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", b"<a><b></a></b>", b"\xa1aaab"),
            *(
                b"\xbf\x61",
                b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
                b"Action",
                b"Action=" + self._word().encode(),
            ),
            *(
                b"Action=CreateRole&RoleName",
                b"&&&==",
                b"Action=%ff%fe&a=%",
                b"A.member.1.B=1&A=2&Action=CreateStack",
            ),
            *(
                b"--x\r\nContent-Disposition: form-data\r\n\r\n",
                b"5;chunk-signature=x\r\nhell",
                b"\x1f\x8b\x08broken",
            ),
            bytes(self._chance.randrange(256) for _ in range(64)),
        )
        return replace(request, body=self._chance.choice(bodies))

    def _json(self, request: Sent) -> Sent:
        """A member of the body is another value, or is not there."""
        try:
            members = json.loads(request.body)
        except (ValueError, RecursionError):
            return request
        changed = copy.deepcopy(members)
        holder, name = self._place(changed)
        if holder is None:
            return request
        if self._chance.random() < 0.2:
            del holder[name]
        else:
            values = (
                *(
                    None,
                    True,
                    -1,
                    10**30,
                    1e300,
                    "",
                    "\x00",
                    "x" * 5000,
                    "é€",
                    [],
                    {},
                    [[]],
                    {"a": {"b": []}},
                ),
                *([None], self._word(), "arn:aws:x", "2020-13-45", "=", "{", float("nan")),
            )
            holder[name] = self._chance.choice(values)
        return replace(request, body=json.dumps(changed).encode())

    def _place(self, value: Any) -> tuple[Any, Any]:
        """Somewhere within a value."""
        names = (
            list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
        )
        if not names:
            return None, None
        name = self._chance.choice(list(names))
        inner, place = self._place(value[name])
        return (value, name) if inner is None or self._chance.random() < 0.5 else (inner, place)

    def _xml(self, request: Sent) -> Sent:
        """An element is gone, is twice, is another, or has another text."""
        if not request.body.startswith(b"<"):
            return request
        elements = re.findall(rb"<(\w+)[^>]*>[^<]*</\1>", request.body) or [b"a"]
        name = re.escape(self._chance.choice(elements))
        element = re.compile(rb"<" + name + rb"[^>]*>([^<]*)</" + name + rb">")
        to = self._chance.choice(
            (b"", rb"\g<0>\g<0>", b"<x>1</x>", b"<" + name + b">x</" + name + b">", b"<b")
        )
        return replace(request, body=element.sub(to, request.body, count=1))

    def _word(self) -> str:
        words = (
            "CreateStream",
            "GetObject",
            "DescribeStacks",
            "ListRoles",
            "Nothing",
            "x",
            "a.b",
            "CreateVpc",
        )
        return self._chance.choice(words)
