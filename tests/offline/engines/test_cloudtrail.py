"""AWS CloudTrail: what is heard, which of it is logged, and log files and digests in the bucket."""

from __future__ import annotations

import gzip
import hashlib
import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from offline.engine import ACCOUNT_ID
from offline.errors import EngineError
from offline.sandbox import Sandbox

LOGS, LAKE = "log-bucket", "lake"
FOLDER = f"trail/AWSLogs/{ACCOUNT_ID}/"
OBJECTS = [{"Type": "AWS::S3::Object", "Values": [f"arn:aws:s3:::{LAKE}/"]}]


def allow(action: str, resource: str, **condition: Any) -> dict[str, Any]:
    found = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": action}
    return {**found, "Resource": f"arn:aws:s3:::{LOGS}{resource}", **condition}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def trail(data: bool = True, **options: Any) -> Any:
    """A trail that logs into its bucket; of the lake's objects too where `data`."""
    s3, cloudtrail = boto3.client("s3"), boto3.client("cloudtrail")
    s3.create_bucket(Bucket=LOGS)
    s3.create_bucket(Bucket=LAKE)
    s3.put_bucket_policy(
        Bucket=LOGS,
        Policy=policy(allow("s3:GetBucketAcl", ""), allow("s3:PutObject", f"/{FOLDER}*")),
    )
    cloudtrail.create_trail(Name="audit", S3BucketName=LOGS, S3KeyPrefix="trail", **options)
    selector = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": OBJECTS * data}
    cloudtrail.put_event_selectors(TrailName="audit", EventSelectors=[selector])
    cloudtrail.start_logging(Name="audit")
    return cloudtrail


def objects(kind: str) -> dict[str, dict[str, Any]]:
    """The delivered files of a kind, as documents, by key."""
    s3 = boto3.client("s3")
    found = s3.list_objects_v2(Bucket=LOGS, Prefix=f"{FOLDER}{kind}/").get("Contents", [])
    bodies = {one["Key"]: s3.get_object(Bucket=LOGS, Key=one["Key"])["Body"].read() for one in found}
    return {key: json.loads(gzip.decompress(body)) for key, body in bodies.items()}


def events(*names: str) -> list[dict[str, Any]]:
    """The delivered events of these names, in the order in which they happened."""
    records = [record for file in objects("CloudTrail").values() for record in file["Records"]]
    return [record for record in records if record["eventName"] in names]


def test_a_call_is_in_a_log_file_minutes_later(sandbox: Sandbox) -> None:
    trail()
    boto3.client("kms").create_key(Description="a key")
    sandbox.advance(minutes=4)
    assert objects("CloudTrail") == {}
    sandbox.advance(minutes=1)
    [key] = objects("CloudTrail")
    assert key.startswith(f"{FOLDER}CloudTrail/us-east-1/2026/01/05/{ACCOUNT_ID}_CloudTrail_us-east-1_")
    [event] = events("CreateKey")
    assert event["eventSource"] == "kms.amazonaws.com"
    assert event["requestParameters"] == {"description": "a key"}
    assert event["responseElements"]["keyMetadata"]["description"] == "a key"
    assert (event["readOnly"], event["managementEvent"], event["eventCategory"]) == (
        False,
        True,
        "Management",
    )
    assert event["userIdentity"]["type"] == "Root"


def test_who_took_a_role_is_told_by_the_role_and_its_session(sandbox: Sandbox) -> None:
    trail()
    iam, sts = boto3.client("iam"), boto3.client("sts")
    trust = policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=trust)["Role"]
    keys = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="me")["Credentials"]
    s3 = boto3.client(
        "s3",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=LAKE, Key="a")
    sandbox.advance(minutes=5)
    [event] = events("GetObject")
    assert event["errorCode"] == "AccessDenied"
    assert event["errorMessage"].endswith("because no identity-based policy allows the s3:GetObject action")
    identity = event["userIdentity"]
    assert identity["arn"] == f"arn:aws:sts::{ACCOUNT_ID}:assumed-role/reader/me"
    assert identity["principalId"] == f"{role['RoleId']}:me"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role["Arn"]
    assert identity["accessKeyId"] == keys["AccessKeyId"]
    [assumed] = events("AssumeRole")
    assert keys["SecretAccessKey"] not in json.dumps(assumed)


@pytest.mark.claim("c-1.3-006")
def test_objects_are_told_with_their_encryption(sandbox: Sandbox) -> None:
    trail()
    s3, key = boto3.client("s3"), boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.put_object(Bucket=LAKE, Key="a b", Body=b"12345", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    s3.get_object(Bucket=LAKE, Key="a b")["Body"].read()
    s3.put_object(Bucket=LAKE, Key="plain", Body=b"1")
    sandbox.advance(minutes=5)
    put, plain = events("PutObject")
    [got] = events("GetObject")
    assert put["requestParameters"]["key"] == "a b"
    assert put["additionalEventData"]["SSEApplied"] == "SSE_KMS"
    assert plain["additionalEventData"]["SSEApplied"] == "Default_SSE_S3"
    assert got["additionalEventData"]["bytesTransferredOut"] == 5
    assert got["resources"][0] == {"type": "AWS::S3::Object", "ARN": f"arn:aws:s3:::{LAKE}/a b"}
    assert (got["readOnly"], got["managementEvent"], got["eventCategory"]) == (True, False, "Data")
    uses = events("GenerateDataKey", "Decrypt")
    assert [use["eventName"] for use in uses] == ["GenerateDataKey", "Decrypt"]
    assert {use["requestParameters"]["encryptionContext"]["aws:s3:arn"] for use in uses} == {
        f"arn:aws:s3:::{LAKE}/a b"
    }
    assert {use["resources"][0]["ARN"] for use in uses} == {key}
    assert {use["sourceIPAddress"] for use in uses} == {"AWS Internal"}


def test_a_bucket_key_asks_kms_once_for_many_objects_and_names_the_bucket(sandbox: Sandbox) -> None:
    trail()
    s3, key = boto3.client("s3"), boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    rule = {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
        "BucketKeyEnabled": True,
    }
    s3.put_bucket_encryption(Bucket=LAKE, ServerSideEncryptionConfiguration={"Rules": [rule]})
    for name in ("a", "b", "c"):
        s3.put_object(Bucket=LAKE, Key=name, Body=b"1")
    sandbox.advance(minutes=5)
    [use] = events("GenerateDataKey")
    assert use["requestParameters"]["encryptionContext"] == {"aws:s3:arn": f"arn:aws:s3:::{LAKE}"}
    s3.put_object(Bucket=LAKE, Key="d", Body=b"1")
    sandbox.advance(minutes=5)
    assert len(events("GenerateDataKey")) == 2, "the key it was given is too old"


def test_a_caller_who_decrypts_by_hand_need_not_name_the_key_that_the_event_tells(sandbox: Sandbox) -> None:
    trail()
    kms = boto3.client("kms")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext={"lab": "a"})["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"lab": "a"})
    sandbox.advance(minutes=5)
    [event] = events("Decrypt")
    assert event["resources"] == [{"accountId": ACCOUNT_ID, "type": "AWS::KMS::Key", "ARN": key}]
    assert event["requestParameters"]["encryptionContext"] == {"lab": "a"}
    assert "secret" not in json.dumps(event)


def test_without_selectors_a_trail_logs_management_events_alone(sandbox: Sandbox) -> None:
    trail(data=False)
    boto3.client("s3").put_object(Bucket=LAKE, Key="a", Body=b"1")
    boto3.client("s3").get_bucket_versioning(Bucket=LAKE)
    sandbox.advance(minutes=5)
    assert events("PutObject") == []
    assert len(events("GetBucketVersioning")) == 1


@pytest.mark.parametrize(
    ("selectors", "logged"),
    [
        (
            [("eventCategory", {"Equals": ["Management"]}), ("readOnly", {"Equals": ["true"]})],
            {"GetKeyPolicy"},
        ),
        (
            [
                ("eventCategory", {"Equals": ["Management"]}),
                ("readOnly", {"Equals": ["false"]}),
                ("eventSource", {"NotEquals": ["kms.amazonaws.com"]}),
            ],
            {"StartLogging", "PutEventSelectors"},
        ),
        (
            [
                ("eventCategory", {"Equals": ["Data"]}),
                ("resources.type", {"Equals": ["AWS::S3::Object"]}),
                ("resources.ARN", {"StartsWith": [f"arn:aws:s3:::{LAKE}/raw/"]}),
                ("eventName", {"NotStartsWith": ["Delete"]}),
            ],
            {"PutObject"},
        ),
    ],
)
def test_advanced_selectors_choose_by_field(
    sandbox: Sandbox, selectors: list[tuple[str, Any]], logged: set[str]
) -> None:
    cloudtrail, s3, kms = trail(), boto3.client("s3"), boto3.client("kms")
    sandbox.advance(minutes=5)
    before = set(objects("CloudTrail"))
    fields = [{"Field": field, **operators} for field, operators in selectors]
    cloudtrail.put_event_selectors(TrailName="audit", AdvancedEventSelectors=[{"FieldSelectors": fields}])
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.get_key_policy(KeyId=key, PolicyName="default")
    s3.put_object(Bucket=LAKE, Key="raw/a", Body=b"1")
    s3.put_object(Bucket=LAKE, Key="other", Body=b"1")
    s3.delete_object(Bucket=LAKE, Key="raw/a")
    cloudtrail.start_logging(Name="audit")
    sandbox.advance(minutes=5)
    [new] = [file for key, file in objects("CloudTrail").items() if key not in before]
    assert {record["eventName"] for record in new["Records"]} == logged


def test_selectors_of_what_is_not_heard_are_refused(sandbox: Sandbox) -> None:
    cloudtrail = trail()
    other = [{"Type": "AWS::DynamoDB::Table", "Values": ["arn:aws:dynamodb"]}]
    with pytest.raises(ClientError, match=r"InvalidEventSelectors.*of AWS::S3::Object alone.*DynamoDB"):
        cloudtrail.put_event_selectors(TrailName="audit", EventSelectors=[{"DataResources": other}])
    field = [{"Field": "eventCategory", "Equals": ["NetworkActivity"]}]
    with pytest.raises(ClientError, match=r"Management or Data.*NetworkActivity"):
        cloudtrail.put_event_selectors(TrailName="audit", AdvancedEventSelectors=[{"FieldSelectors": field}])
    field = [{"Field": "eventCategory", "Equals": ["Data"]}]
    with pytest.raises(ClientError, match=r"resources\.type Equals is required"):
        cloudtrail.put_event_selectors(TrailName="audit", AdvancedEventSelectors=[{"FieldSelectors": field}])


def test_what_a_trail_cannot_do_here_is_refused(sandbox: Sandbox) -> None:
    cloudtrail = trail()
    with pytest.raises(ClientError, match="OrganizationsNotInUse"):
        cloudtrail.update_trail(Name="audit", IsOrganizationTrail=True)
    assert cloudtrail.get_trail(Name="audit")["Trail"]["IsOrganizationTrail"] is False
    with pytest.raises(EngineError, match="finds no insights offline, got ApiCallRateInsight"):
        cloudtrail.put_insight_selectors(
            TrailName="audit", InsightSelectors=[{"InsightType": "ApiCallRateInsight"}]
        )


def test_a_bucket_or_key_that_lets_cloudtrail_in_not_is_refused(sandbox: Sandbox) -> None:
    s3, cloudtrail = boto3.client("s3"), boto3.client("cloudtrail")
    s3.create_bucket(Bucket=LOGS)
    with pytest.raises(ClientError, match=r"InsufficientS3BucketPolicy.*detected for bucket: log-bucket"):
        cloudtrail.create_trail(Name="audit", S3BucketName=LOGS)
    assert cloudtrail.describe_trails()["trailList"] == []
    s3.put_bucket_policy(
        Bucket=LOGS, Policy=policy(allow("s3:GetBucketAcl", ""), allow("s3:PutObject", "/AWSLogs/*"))
    )
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    with pytest.raises(ClientError, match="InsufficientEncryptionPolicy"):
        cloudtrail.create_trail(Name="audit", S3BucketName=LOGS, KmsKeyId=key)
    cloudtrail.create_trail(Name="audit", S3BucketName=LOGS)
    with pytest.raises(ClientError, match="InsufficientS3BucketPolicy"):
        cloudtrail.update_trail(Name="audit", S3KeyPrefix="elsewhere/AWSLogs")
    assert "S3KeyPrefix" not in cloudtrail.get_trail(Name="audit")["Trail"]


def test_what_could_not_be_delivered_is_told_and_tried_again(sandbox: Sandbox) -> None:
    cloudtrail, s3 = trail(), boto3.client("s3")
    mended = s3.get_bucket_policy(Bucket=LOGS)["Policy"]
    s3.put_bucket_policy(Bucket=LOGS, Policy=policy(allow("s3:GetBucketAcl", "")))
    boto3.client("kms").create_key()
    sandbox.advance(minutes=5)
    status = cloudtrail.get_trail_status(Name="audit")
    assert (status["LatestDeliveryError"], "LatestDeliveryTime" in status) == ("AccessDenied", False)
    s3.put_bucket_policy(Bucket=LOGS, Policy=mended)
    sandbox.advance(hours=1)
    status = cloudtrail.get_trail_status(Name="audit")
    assert ("LatestDeliveryError" in status, "LatestDeliveryTime" in status) == (False, True)
    assert len(events("CreateKey")) == 1


def test_each_hour_a_signed_digest_names_the_log_files_and_the_digest_before(sandbox: Sandbox) -> None:
    cloudtrail = trail(EnableLogFileValidation=True)
    sandbox.advance(hours=2)
    boto3.client("kms").create_key()
    sandbox.advance(hours=1)
    s3, digests = boto3.client("s3"), objects("CloudTrail-Digest")
    assert len(digests) == 3
    [public] = cloudtrail.list_public_keys()["PublicKeyList"]
    key, before = load_der_public_key(public["Value"]), None
    assert isinstance(key, RSAPublicKey)
    for name, digest in digests.items():
        stored = s3.get_object(Bucket=LOGS, Key=name)
        raw = gzip.decompress(stored["Body"].read())
        assert digest["digestPublicKeyFingerprint"] == public["Fingerprint"]
        assert digest["previousDigestSignature"] == before
        signed = [
            digest["digestEndTime"],
            f"{LOGS}/{name}",
            hashlib.sha256(raw).hexdigest(),
            before or "null",
        ]
        signature = bytes.fromhex(stored["Metadata"]["signature"])
        key.verify(signature, "\n".join(signed).encode(), padding.PKCS1v15(), hashes.SHA256())
        with pytest.raises(InvalidSignature):
            key.verify(signature, b"another text", padding.PKCS1v15(), hashes.SHA256())
        before = stored["Metadata"]["signature"]
    first, empty, last = digests.values()
    assert empty["logFiles"] == []
    for named in (*first["logFiles"], *last["logFiles"]):
        body = s3.get_object(Bucket=LOGS, Key=named["s3Object"])["Body"].read()
        assert hashlib.sha256(gzip.decompress(body)).hexdigest() == named["hashValue"]


def test_a_trail_of_one_region_hears_nothing_of_another(sandbox: Sandbox) -> None:
    trail()
    boto3.client("kms", region_name="eu-west-1").create_key()
    sandbox.advance(minutes=5)
    assert events("CreateKey") == []


def test_a_trail_of_all_regions_writes_by_region(sandbox: Sandbox) -> None:
    trail(IsMultiRegionTrail=True)
    boto3.client("kms", region_name="eu-west-1").create_key()
    sandbox.advance(minutes=5)
    assert [event["awsRegion"] for event in events("CreateKey")] == ["eu-west-1"]
    assert any(key.startswith(f"{FOLDER}CloudTrail/eu-west-1/") for key in objects("CloudTrail"))


def test_a_trail_that_stopped_hears_nothing_and_delivers_what_it_heard(sandbox: Sandbox) -> None:
    cloudtrail, kms = trail(), boto3.client("kms")
    kms.create_key(Description="heard")
    cloudtrail.stop_logging(Name="audit")
    kms.create_key(Description="not heard")
    sandbox.advance(minutes=5)
    assert [one["requestParameters"]["description"] for one in events("CreateKey")] == ["heard"]


def test_events_go_on_to_a_log_group_and_a_topic(sandbox: Sandbox) -> None:
    logs, iam = boto3.client("logs"), boto3.client("iam")
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    logs.create_log_group(logGroupName="audit")
    trust = policy(
        {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": "sts:AssumeRole"}
    )
    role = iam.create_role(RoleName="to-logs", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    topic, queue = sns.create_topic(Name="files")["TopicArn"], sqs.create_queue(QueueName="q")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:q")
    group = f"arn:aws:logs:us-east-1:{ACCOUNT_ID}:log-group:audit:*"
    cloudtrail = trail(CloudWatchLogsLogGroupArn=group, CloudWatchLogsRoleArn=role, SnsTopicName="files")
    sandbox.advance(minutes=5)
    status = cloudtrail.get_trail_status(Name="audit")
    assert status["LatestCloudWatchLogsDeliveryError"] == "AccessDeniedException", "the role may nothing"
    sqs.purge_queue(QueueUrl=queue)
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    write = policy({"Effect": "Allow", "Action": actions, "Resource": group})
    iam.put_role_policy(RoleName="to-logs", PolicyName="write", PolicyDocument=write)
    before = set(objects("CloudTrail"))
    sandbox.advance(minutes=5)
    assert "LatestCloudWatchLogsDeliveryError" not in cloudtrail.get_trail_status(Name="audit")
    [stream] = logs.describe_log_streams(logGroupName="audit")["logStreams"]
    assert stream["logStreamName"] == f"{ACCOUNT_ID}_CloudTrail_us-east-1"
    told = logs.get_log_events(logGroupName="audit", logStreamName=stream["logStreamName"])["events"]
    assert "PutRolePolicy" in {json.loads(one["message"])["eventName"] for one in told}
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    announced = json.loads(json.loads(message["Body"])["Message"])
    assert announced == {"s3Bucket": LOGS, "s3ObjectKey": sorted(set(objects("CloudTrail")) - before)}
