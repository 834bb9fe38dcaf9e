"""What the notes say of encryption and access (section 1.3)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.fernet import Fernet, InvalidToken

from offline.deploy import deploy
from offline.sandbox import Sandbox
from tests.assembly import assembly
from tests.claims.test_lake import of_type


@pytest.fixture
def lake() -> Iterator[tuple[Any, str]]:
    """A client and the lake's bucket, deployed from the templates."""
    with Sandbox() as sandbox:
        deploy(assembly(), sandbox)
        outputs = boto3.client("cloudformation").describe_stacks(StackName="ml-labs-lake")["Stacks"][0][
            "Outputs"
        ]
        named = {output["OutputKey"]: output["OutputValue"] for output in outputs}
        yield boto3.client("s3"), named["LakeBucketName"]


def policies() -> list[list[dict[str, Any]]]:
    found = of_type("lake", "AWS::S3::BucketPolicy").values()
    return [policy["PolicyDocument"]["Statement"] for policy in found]


@pytest.mark.claim("c-1.3-001", "c-1.3-008")
def test_the_server_decrypts_what_it_encrypted_and_not_what_the_client_did(sandbox: Sandbox) -> None:
    s3, key = boto3.client("s3"), Fernet(Fernet.generate_key())
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="server", Body=b"secret", ServerSideEncryption="aws:kms")
    s3.put_object(Bucket="bucket", Key="client", Body=key.encrypt(b"secret"))
    at_server, at_client = (
        s3.get_object(Bucket="bucket", Key=name)["Body"].read() for name in ("server", "client")
    )
    assert at_server == b"secret"
    assert b"secret" not in at_client
    assert key.decrypt(at_client) == b"secret"
    with pytest.raises(InvalidToken):
        Fernet(Fernet.generate_key()).decrypt(at_client)


@pytest.mark.claim("c-1.3-003")
def test_sse_s3_names_no_key_of_ours(sandbox: Sandbox) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="a", Body=b"", ServerSideEncryption="AES256")
    head = s3.head_object(Bucket="bucket", Key="a")
    assert head["ServerSideEncryption"] == "AES256"
    assert "SSEKMSKeyId" not in head


@pytest.mark.claim("c-1.3-004")
def test_sse_kms_uses_the_lakes_key_of_kms(lake: tuple[Any, str]) -> None:
    s3, bucket = lake
    s3.put_object(Bucket=bucket, Key="a", Body=b"")
    head = s3.head_object(Bucket=bucket, Key="a")
    assert head["ServerSideEncryption"] == "aws:kms"
    described = boto3.client("kms").describe_key(KeyId=head["SSEKMSKeyId"])["KeyMetadata"]
    assert described["KeyManager"] == "CUSTOMER"


def test_the_trail_records_management_events_kms_among_them() -> None:
    [trail] = of_type("security", "AWS::CloudTrail::Trail").values()
    [selector] = trail["EventSelectors"]
    assert selector["IncludeManagementEvents"] is True
    assert "kms.amazonaws.com" not in selector.get("ExcludeManagementEventSources", [])
    assert trail["IsLogging"] is True


@pytest.mark.claim("c-1.3-010")
def test_an_identity_policy_allows_the_calls_it_names_and_no_other(lake: tuple[Any, str]) -> None:
    s3, bucket = lake
    s3.put_object(Bucket=bucket, Key="reference/a", Body=b"a")
    iam = boto3.client("iam")
    iam.create_user(UserName="ana")
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/reference/*"},
        {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="ana", PolicyName="read", PolicyDocument=policy)
    keys = iam.create_access_key(UserName="ana")["AccessKey"]
    ana = boto3.client(
        "s3", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key="x", aws_session_token=None
    )
    assert ana.get_object(Bucket=bucket, Key="reference/a")["Body"].read() == b"a"
    with pytest.raises(ClientError, match=r"user/ana is not authorized to perform: s3:PutObject"):
        ana.put_object(Bucket=bucket, Key="reference/a", Body=b"b")
    with pytest.raises(ClientError, match="no identity-based policy allows the s3:GetObject action"):
        ana.get_object(Bucket=bucket, Key="flights/a")


@pytest.mark.claim("c-1.3-011")
def test_the_bucket_policies_hold_for_the_whole_bucket() -> None:
    for statements in policies():
        [tls] = [one for one in statements if "Bool" in one.get("Condition", {})]
        whole, objects = tls["Resource"]
        assert objects == {"Fn::Join": ["", [whole, "/*"]]}


@pytest.mark.claim("c-1.3-015", "c-1.3-018")
@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("<Policy/>", "must be valid JSON"),
        ("[]", "must be valid JSON"),
        (
            '{"Statement": [{"Effect": "Maybe", "Principal": "*", "Action": "*", "Resource": "*"}]}',
            "Invalid effect",
        ),
        ('{"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}', "required field Principal"),
        ('{"Version": "2012-10-17"}', "required field Statement"),
    ],
)
def test_a_bucket_policy_is_json_that_allows_or_denies(sandbox: Sandbox, policy: str, said: str) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    with pytest.raises(ClientError, match=f"MalformedPolicy.*{said}"):
        s3.put_bucket_policy(Bucket="bucket", Policy=policy)


@pytest.mark.claim("c-1.3-016")
def test_a_denial_of_the_bucket_leaves_its_objects_alone(sandbox: Sandbox) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="a", Body=b"x")
    put_denial(s3, "arn:aws:s3:::bucket")
    assert s3.get_object(Bucket="bucket", Key="a")["Body"].read() == b"x"
    put_denial(s3, "arn:aws:s3:::bucket/*")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket="bucket", Key="a")


def put_denial(s3: Any, resource: str) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": resource}
    s3.put_bucket_policy(
        Bucket="bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )


@pytest.mark.claim("c-1.3-021", "c-1.3-023")
def test_the_bucket_policy_refuses_an_upload_with_the_wrong_encryption_header(lake: tuple[Any, str]) -> None:
    s3, bucket = lake
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="a", Body=b"", ServerSideEncryption="AES256")
    s3.put_object(Bucket=bucket, Key="a", Body=b"", ServerSideEncryption="aws:kms")


@pytest.mark.claim("c-1.3-025")
def test_the_way_to_s3_is_a_gateway_endpoint_and_there_is_no_other() -> None:
    [endpoint] = of_type("security", "AWS::EC2::VPCEndpoint").values()
    assert endpoint.get("VpcEndpointType", "Gateway") == "Gateway"
    assert "s3" in json.dumps(endpoint["ServiceName"])
    tables = {json.dumps(table) for table in endpoint["RouteTableIds"]}
    assert tables == {json.dumps({"Ref": name}) for name in of_type("security", "AWS::EC2::RouteTable")}
    for kind in ("AWS::EC2::NatGateway", "AWS::EC2::InternetGateway", "AWS::EC2::Route"):
        assert of_type("security", kind) == {}


def test_access_logs_go_to_another_bucket() -> None:
    buckets = of_type("lake", "AWS::S3::Bucket")
    logged = {name: p["LoggingConfiguration"] for name, p in buckets.items() if "LoggingConfiguration" in p}
    assert logged
    for name, configuration in logged.items():
        assert configuration["DestinationBucketName"]["Ref"] in set(buckets) - {name}


@pytest.mark.claim("c-1.3-031")
def test_an_object_carries_a_classification(sandbox: Sandbox) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="a", Body=b"", Tagging="classification=PHI")
    assert s3.get_object_tagging(Bucket="bucket", Key="a")["TagSet"] == [
        {"Key": "classification", "Value": "PHI"}
    ]
