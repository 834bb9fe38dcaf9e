"""Requests over the API, decided: users, roles, sessions, boundaries, accounts, keys, grants, endpoints."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from offline.engine import ACCOUNT_ID, ENDPOINT_HEADER
from offline.iam.callers import access_key
from offline.sandbox import Sandbox

BUCKET = "lake"
OBJECTS = f"arn:aws:s3:::{BUCKET}/*"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def allow(*actions: str, on: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def role(name: str, *statements: dict[str, Any], **settings: Any) -> str:
    iam = boto3.client("iam")
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), **settings)
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy(*statements))
    return str(made["Role"]["Arn"])


def acting(arn: str, service: str = "s3", endpoint: str = "", **session: Any) -> Any:
    keys = boto3.client("sts").assume_role(RoleArn=arn, RoleSessionName="me", **session)["Credentials"]
    client = boto3.client(
        service,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    if endpoint:
        client.meta.events.register(
            "before-call", lambda params, **_: params["headers"].update({ENDPOINT_HEADER: endpoint})
        )
    return client


@pytest.fixture
def s3(sandbox: Sandbox) -> Any:
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="a", Body=b"a", Tagging="classification=PHI")
    client.put_object(Bucket=BUCKET, Key="b", Body=b"b")
    return client


def refused(call: Any, said: str, **arguments: Any) -> None:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    assert error.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
    assert said in error.value.response["Error"]["Message"]


def bucket_policy(s3: Any, *statements: dict[str, Any]) -> None:
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy(*statements))


def test_a_session_does_no_more_than_role_session_policy_and_boundary_all_allow(s3: Any) -> None:
    reader = acting(role("reader", allow("s3:GetObject", on=OBJECTS)))
    assert reader.get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"a"
    refused(
        reader.put_object, "no identity-based policy allows the s3:PutObject action", Bucket=BUCKET, Key="c"
    )
    narrow = acting(
        f"arn:aws:iam::{ACCOUNT_ID}:role/reader", Policy=policy(allow("s3:*", on=f"{OBJECTS[:-1]}b"))
    )
    assert narrow.get_object(Bucket=BUCKET, Key="b")["Body"].read() == b"b"
    refused(narrow.get_object, "no session policy allows", Bucket=BUCKET, Key="a")
    limit = boto3.client("iam").create_policy(PolicyName="limit", PolicyDocument=policy(allow("sqs:*")))
    bounded = acting(role("bounded", allow("s3:*"), PermissionsBoundary=limit["Policy"]["Arn"]))
    refused(bounded.get_object, "no permissions boundary allows", Bucket=BUCKET, Key="a")


def test_only_who_may_list_is_told_that_an_object_is_missing(s3: Any) -> None:
    reader = acting(role("reader", allow("s3:GetObject", on=OBJECTS)))
    reader.get_object(Bucket=BUCKET, Key="a")
    lister = acting(role("lister", allow("s3:GetObject", "s3:ListBucket")))
    with pytest.raises(ClientError, match="NoSuchKey"):
        lister.get_object(Bucket=BUCKET, Key="nothing")


def test_a_listing_is_limited_to_its_prefix(s3: Any) -> None:
    condition = {"StringLike": {"s3:prefix": ["home/*"]}}
    lister = acting(role("lister", allow("s3:ListBucket", Condition=condition)))
    lister.list_objects_v2(Bucket=BUCKET, Prefix="home/ana")
    refused(lister.list_objects_v2, "s3:ListBucket", Bucket=BUCKET)


def test_many_objects_are_deleted_only_where_each_may_be(s3: Any) -> None:
    deleter = acting(role("deleter", allow("s3:DeleteObject", on=f"{OBJECTS[:-1]}a")))
    answer = deleter.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
    assert [one["Key"] for one in answer["Deleted"]] == ["a"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("b", "AccessDenied")]


def test_a_copy_reads_its_source_as_the_caller(s3: Any) -> None:
    writer = acting(role("writer", allow("s3:PutObject")))
    source = {"Bucket": BUCKET, "Key": "a"}
    refused(writer.copy_object, "s3:GetObject", Bucket=BUCKET, Key="c", CopySource=source)
    both = acting(role("both", allow("s3:PutObject", "s3:GetObject")))
    both.copy_object(Bucket=BUCKET, Key="c", CopySource=source)


@pytest.mark.claim("c-1.3-030")
def test_the_tag_of_an_object_and_the_bucket_decide_who_reads_it(s3: Any) -> None:
    condition = {"StringEquals": {"s3:ExistingObjectTag/classification": "PHI"}}
    doctor = acting(role("doctor", allow("s3:GetObject", on=OBJECTS, Condition=condition)))
    assert doctor.get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"a"
    refused(doctor.get_object, "s3:GetObject", Bucket=BUCKET, Key="b")
    denial = allow("s3:GetObject", on=OBJECTS, Principal="*", Condition=condition)
    bucket_policy(s3, {**denial, "Effect": "Deny"})
    refused(doctor.get_object, "explicit deny in a resource-based policy", Bucket=BUCKET, Key="a")


def test_anybody_reads_only_what_a_policy_or_an_acl_makes_public(s3: Any) -> None:
    anybody = boto3.client("s3", config=Config(signature_version=UNSIGNED))
    refused(anybody.get_object, "anonymous", Bucket=BUCKET, Key="a")
    s3.delete_public_access_block(Bucket=BUCKET)
    bucket_policy(s3, allow("s3:GetObject", on=f"{OBJECTS[:-1]}a", Principal="*"))
    assert anybody.get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"a"
    refused(anybody.get_object, "anonymous", Bucket=BUCKET, Key="b")
    s3.put_bucket_ownership_controls(
        Bucket=BUCKET, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    )
    s3.put_object_acl(Bucket=BUCKET, Key="b", ACL="public-read")
    assert anybody.get_object(Bucket=BUCKET, Key="b")["Body"].read() == b"b"


def test_a_denial_of_the_bucket_holds_for_the_root_user_too(s3: Any) -> None:
    denial = {**allow("s3:GetObject", on=OBJECTS, Principal="*"), "Effect": "Deny", "Sid": "Closed"}
    bucket_policy(s3, denial)
    refused(s3.get_object, "with an explicit deny in a resource-based policy", Bucket=BUCKET, Key="a")


@pytest.mark.claim("c-1.3-012", "c-1.3-022", "c-2.1-027")
def test_another_account_needs_both_sides(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    there = "444455556666"
    monkeypatch.setenv("MOTO_ACCOUNT_ID", there)
    arn = role("visitor", allow("s3:GetObject", on=OBJECTS))
    assert f":{there}:" in arn
    visitor = acting(arn)
    refused(visitor.get_object, "no resource-based policy allows", Bucket=BUCKET, Key="a")
    monkeypatch.delenv("MOTO_ACCOUNT_ID")
    bucket_policy(s3, allow("s3:GetObject", on=OBJECTS, Principal={"AWS": there}))
    assert visitor.get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"a"


def test_a_request_through_an_endpoint_is_known_by_it_and_limited_by_its_policy(s3: Any) -> None:
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    document = policy(allow("s3:GetObject", on=f"{OBJECTS[:-1]}a", Principal="*"))
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", PolicyDocument=document
    )["VpcEndpoint"]["VpcEndpointId"]
    only = {"StringNotEquals": {"aws:SourceVpce": endpoint}}
    denial = allow(
        "s3:GetObject", on=OBJECTS, Principal={"AWS": role("worker", allow("s3:*"))}, Condition=only
    )
    bucket_policy(s3, {**denial, "Effect": "Deny"})
    worker = f"arn:aws:iam::{ACCOUNT_ID}:role/worker"
    inside = acting(worker, endpoint=endpoint)
    assert inside.get_object(Bucket=BUCKET, Key="a")["Body"].read() == b"a"
    refused(inside.get_object, "no VPC endpoint policy allows", Bucket=BUCKET, Key="b")
    refused(acting(worker).get_object, "explicit deny in a resource-based policy", Bucket=BUCKET, Key="a")


class TestKeys:
    def encrypted(self, s3: Any) -> str:
        """A key that leaves everything to the account's policies, and an object under it."""
        arn = str(boto3.client("kms").create_key()["KeyMetadata"]["Arn"])
        kms = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn}
        s3.put_object(Bucket=BUCKET, Key="secret", Body=b"s", **kms)
        return arn

    @pytest.mark.claim("c-1.3-005")
    def test_reading_needs_the_key_too(self, s3: Any) -> None:
        key = self.encrypted(s3)
        reader = acting(role("reader", allow("s3:GetObject")))
        refused(reader.get_object, f"kms:Decrypt on resource: {key}", Bucket=BUCKET, Key="secret")
        reader.head_object(Bucket=BUCKET, Key="secret")
        both = acting(role("both", allow("s3:GetObject"), allow("kms:Decrypt", on=key)))
        assert both.get_object(Bucket=BUCKET, Key="secret")["Body"].read() == b"s"

    def test_a_key_is_used_only_through_the_service_and_for_the_context_that_are_named(self, s3: Any) -> None:
        key = self.encrypted(s3)
        through = {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}
        context = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}/secret"}}
        reader = role("reader", allow("s3:GetObject"), allow("kms:*", Condition={**through}))
        assert acting(reader).get_object(Bucket=BUCKET, Key="secret")["Body"].read() == b"s"
        refused(acting(reader, "kms").encrypt, "kms:Encrypt", KeyId=key, Plaintext=b"x")
        exact = role("exact", allow("s3:GetObject"), allow("kms:*", Condition=context))
        assert acting(exact).get_object(Bucket=BUCKET, Key="secret")["Body"].read() == b"s"

    def test_a_key_policy_that_leaves_the_account_out_shuts_its_policies_out(self, s3: Any) -> None:
        holder = role("holder")
        kms = boto3.client("kms")
        mine = policy(allow("kms:*", Principal={"AWS": holder}))
        key = kms.create_key(Policy=mine, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["KeyId"]
        refused(kms.encrypt, "no resource-based policy allows", KeyId=key, Plaintext=b"x")
        administrator = acting(role("administrator", allow("*")), "kms")
        refused(administrator.encrypt, "no resource-based policy allows", KeyId=key, Plaintext=b"x")
        assert acting(holder, "kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]

    def test_a_grant_lets_in_for_its_operations_and_its_context(self, s3: Any) -> None:
        kms = boto3.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        grantee = role("grantee")
        kms.create_grant(
            KeyId=key,
            GranteePrincipal=grantee,
            Operations=["Encrypt"],
            Constraints={"EncryptionContextSubset": {"lab": "lake"}},
        )
        granted = acting(grantee, "kms")
        sealed = granted.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"lab": "lake"})
        refused(granted.encrypt, "kms:Encrypt", KeyId=key, Plaintext=b"x")
        refused(
            granted.decrypt,
            "kms:Decrypt",
            CiphertextBlob=sealed["CiphertextBlob"],
            EncryptionContext={"lab": "lake"},
        )


@pytest.mark.parametrize(
    ("service", "call", "arguments", "needed"),
    [
        (
            "kinesis",
            "describe_stream",
            {"StreamName": "s"},
            "kinesis:DescribeStream on resource: {k}:stream/s",
        ),
        ("glue", "get_table", {"DatabaseName": "d", "Name": "t"}, "glue:GetTable on resource: {g}:catalog"),
        ("athena", "start_query_execution", {"QueryString": "SELECT 1"}, "{a}:workgroup/primary"),
        ("lambda", "invoke", {"FunctionName": "f"}, "lambda:InvokeFunction on resource: {l}:function:f"),
        ("sagemaker", "describe_training_job", {"TrainingJobName": "J"}, "{s}:training-job/j"),
        (
            "firehose",
            "put_record",
            {"DeliveryStreamName": "d", "Record": {"Data": b""}},
            "{f}:deliverystream/d",
        ),
        (
            "logs",
            "create_log_stream",
            {"logGroupName": "g", "logStreamName": "s"},
            "log-group:g:log-stream:s",
        ),
    ],
)
def test_each_service_names_what_it_was_not_allowed(
    sandbox: Sandbox, service: str, call: str, arguments: dict[str, Any], needed: str
) -> None:
    here = f"us-east-1:{ACCOUNT_ID}"
    names = {
        name[0]: f"arn:aws:{name}:{here}"
        for name in ("kinesis", "glue", "athena", "lambda", "sagemaker", "firehose")
    }
    refused(getattr(acting(role("nobody"), service), call), needed.format(**names), **arguments)


@pytest.mark.parametrize(
    ("authorization", "query", "key"),
    [
        (
            "AWS4-HMAC-SHA256 Credential=AKIA1/20260105/us-east-1/s3/aws4_request, SignedHeaders=host",
            {},
            "AKIA1",
        ),
        ("AWS AKIA2:signature", {}, "AKIA2"),
        ("", {"X-Amz-Credential": "AKIA3/20260105/us-east-1/s3/aws4_request"}, "AKIA3"),
        ("", {"AWSAccessKeyId": ["AKIA4"]}, "AKIA4"),
        ("", {}, None),
        ("Bearer something", {}, None),
    ],
)
def test_a_signature_tells_its_key(authorization: str, query: dict[str, Any], key: str | None) -> None:
    assert access_key(authorization, query) == key
