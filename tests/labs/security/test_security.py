"""Lab 02: each step tells the truth, and notices when it is not so."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import boto3
import pytest

from labs.context import Context
from labs.errors import RunError
from labs.evidence import Evidence
from labs.security import LAB, audit, doors, encryption, matrix
from offline.deploy import deploy
from offline.sandbox import Sandbox
from tests.assembly import assembly


@pytest.fixture(scope="module")
def context() -> Iterator[Context]:
    with Sandbox() as sandbox:
        deploy(assembly(), sandbox)
        yield Context(
            client_of=boto3.client,
            sleep=lambda seconds: sandbox.advance(seconds=seconds),
            region=sandbox.region,
            rows=1,
        )


def failed(evidence: Evidence) -> list[str]:
    return [check.statement for check in evidence.checks if not check.passed]


def ran(context: Context, step: str) -> Evidence:
    """The evidence of a step, with that of the step it goes on from."""
    if step == "logs" and "security/audit" not in context.found:
        ran(context, "audit")
    [found] = [one for one in LAB.steps if one.name == step]
    context.found[f"security/{step}"] = evidence = found.run(context)
    return evidence


@pytest.mark.parametrize("step", [step.name for step in LAB.steps])
def test_every_step_holds_in_the_deployed_account(context: Context, step: str) -> None:
    evidence = ran(context, step)
    assert evidence.checks
    assert failed(evidence) == []


def test_a_log_file_that_somebody_rewrote_is_noticed(context: Context) -> None:
    ran(context, "logs")
    s3 = context.client("s3")
    trail = context.client("cloudtrail").describe_trails()["trailList"][0]
    of = {
        "Bucket": trail["S3BucketName"],
        "Prefix": f"{trail['S3KeyPrefix']}/AWSLogs/123456789012/CloudTrail/",
    }
    before = {one["Key"]: one for one in s3.list_objects_v2(**of)["Contents"]}
    for key in before:
        innocent = gzip.compress(b'{"Records": []}')
        s3.put_object(Bucket=trail["S3BucketName"], Key=key, Body=innocent)
    try:
        digest = audit.newest_digest(context, audit.trail_of(context))
        assert digest is not None
        assert audit.changed_files(s3, digest) == [one["s3Object"] for one in digest["text"]["logFiles"]]
    finally:
        for key in before:
            versions = s3.list_object_versions(Bucket=trail["S3BucketName"], Prefix=key)["Versions"]
            newest = next(one["VersionId"] for one in versions if one["IsLatest"])
            s3.delete_object(Bucket=trail["S3BucketName"], Key=key, VersionId=newest)


def test_a_reader_who_was_given_the_key_is_noticed(context: Context) -> None:
    iam = context.client("iam")
    name = context.output("security", "ReaderRoleArn").rpartition("/")[2]
    statement = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=name, PolicyName="key", PolicyDocument=document)
    try:
        assert "the role without the key is refused" in failed(audit.who_decrypted_what(context))
    finally:
        iam.delete_role_policy(RoleName=name, PolicyName="key")


def test_a_trail_that_stopped_tells_nothing_and_the_step_says_so(context: Context) -> None:
    cloudtrail, name = context.client("cloudtrail"), context.output("security", "TrailName")
    cloudtrail.stop_logging(Name=name)
    try:
        with pytest.raises(RunError, match="CloudTrail has not delivered the reads of lab/security/audit-"):
            audit.who_decrypted_what(context)
    finally:
        cloudtrail.start_logging(Name=name)


def test_the_methods_leave_nothing_behind(context: Context) -> None:
    s3 = context.client("s3")
    before = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    encryption.four_methods(context)
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == before
    lake = context.output("lake", "LakeBucketName")
    assert "Contents" not in s3.list_objects_v2(Bucket=lake, Prefix=encryption.FOLDER)


CLOSED = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")


@contextmanager
def opened(context: Context) -> Iterator[tuple[Any, str]]:
    """The lake with Block Public Access removed, and its policy."""
    s3, lake = context.client("s3"), context.output("lake", "LakeBucketName")
    policy = s3.get_bucket_policy(Bucket=lake)["Policy"]
    s3.delete_public_access_block(Bucket=lake)
    try:
        yield s3, lake
    finally:
        s3.put_bucket_policy(Bucket=lake, Policy=policy)
        s3.put_public_access_block(Bucket=lake, PublicAccessBlockConfiguration=dict.fromkeys(CLOSED, True))


def widened(s3: Any, lake: str, **statement: Any) -> None:
    policy = json.loads(s3.get_bucket_policy(Bucket=lake)["Policy"])
    every = {"Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{lake}/lab/*"}
    policy["Statement"].append({**every, **statement})
    s3.put_bucket_policy(Bucket=lake, Policy=json.dumps(policy))


def left(s3: Any, lake: str) -> tuple[Any, Any, Any]:
    """What the doors could have changed: policy, ACL, and versions of their objects."""
    found = s3.list_object_versions(Bucket=lake, Prefix=f"{encryption.FOLDER}door-")
    grants = s3.get_bucket_acl(Bucket=lake)["Grants"]
    return (
        s3.get_bucket_policy(Bucket=lake)["Policy"],
        grants,
        (found.get("Versions"), found.get("DeleteMarkers")),
    )


def test_an_unblocked_policy_is_noticed_and_taken_back(context: Context) -> None:
    with opened(context) as (s3, lake):
        before = left(s3, lake)
        assert failed(doors.try_doors(context)) == ["a public policy is blocked"]
        policy, *rest = left(s3, lake)
        assert (json.loads(policy), rest) == (json.loads(before[0]), list(before[1:]))
        assert rest[-1] == (None, None)


def test_a_policy_that_the_refused_one_replaced_is_noticed(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = iter([{"Statement": []}, {"Statement": ["another"]}])
    monkeypatch.setattr(doors, "_policy", lambda s3, bucket: next(found))  # no S3 replaces what it refuses
    assert failed(doors.try_doors(context)) == ["the policy is the one it was"]


def test_a_lake_that_takes_acls_is_noticed_and_has_none_afterwards(context: Context) -> None:
    with opened(context) as (s3, lake):
        before = left(s3, lake)
        for ownership in ("ObjectWriter", "BucketOwnerEnforced"):
            rules = {"Rules": [{"ObjectOwnership": ownership}]}
            s3.put_bucket_ownership_controls(Bucket=lake, OwnershipControls=rules)
            if ownership == "ObjectWriter":
                wrong = failed(doors.try_doors(context))
        assert wrong[:2] == ["an object takes no ACL", "the bucket takes no ACL"]
        assert left(s3, lake)[1:] == before[1:]


def test_a_lake_that_everybody_reads_is_noticed(context: Context) -> None:
    with opened(context) as (s3, lake):
        widened(s3, lake, Effect="Allow")
        assert "who signs nothing reads nothing" in failed(doors.try_doors(context))


def test_a_url_that_opens_nothing_is_noticed(context: Context) -> None:
    with opened(context) as (s3, lake):
        widened(s3, lake, Effect="Deny")
        wrong = failed(doors.try_doors(context))
    assert "a presigned URL opens its object to who signs nothing" in wrong
    assert "the older signature opens nothing under a key of KMS" in wrong


def test_a_url_that_does_not_end_is_noticed(context: Context) -> None:
    still = replace(context, sleep=lambda seconds: None)
    with pytest.raises(RunError, match="the presigned URL was good for 5 seconds: still"):
        doors.try_doors(still)
    assert left(context.client("s3"), context.output("lake", "LakeBucketName"))[-1] == (None, None)


def test_the_matrix_has_every_kind_of_request_once() -> None:
    cells = matrix.cells()
    assert len(cells) == len(set(cells)) == 4 * (2 + 3) * 2 * 2
    assert {matrix.expected(cell) for cell in cells} == {"allow", "deny", "no"}


@pytest.mark.parametrize("sid", ["TlsOnly", "Endpoint", "Encrypted", "PartnerReads"])
def test_the_matrix_notices_a_statement_that_is_gone(
    context: Context, sid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = matrix.bucket_policy

    def without(bucket: str, account: str) -> dict[str, Any]:
        policy = whole(bucket, account)
        return {**policy, "Statement": [one for one in policy["Statement"] if one["Sid"] != sid]}

    monkeypatch.setattr(matrix, "bucket_policy", without)
    assert failed(matrix.decide_all(context)) == ["every cell is as it should be"]


def test_the_matrix_names_the_statement_that_decided(context: Context) -> None:
    table = matrix.decide_all(context).table
    assert table is not None
    outcomes = {(row[0], row[1]): row[2:] for row in table.rows}
    assert len(outcomes) == 4 * (2 + 3)
    for (_, request), (best, elsewhere, plain, worst) in outcomes.items():
        assert (elsewhere, plain) == ("deny Endpoint", "deny TlsOnly")
        assert worst in ("deny Endpoint", "deny TlsOnly")
        assert (best == "deny Encrypted") == (request in ("put bare", "put AES256"))
    assert outcomes["doctor", "get PHI"][0] == "allow Read"
    assert outcomes["partner", "get PHI"][0] == "no"


def test_a_role_that_encrypts_but_may_not_decrypt_is_noticed(context: Context) -> None:
    iam, key = context.client("iam"), context.output("lake", "KeyArn")
    nobody = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [nobody]}
    name = f"{context.prefix}-half"
    allow = {"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": key}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName=name, PolicyName="half", PolicyDocument=policy)
    assert failed(matrix.who_may_decrypt(context)) == ["who encrypts may also finish what it began"]
    iam.delete_role_policy(RoleName=name, PolicyName="half")
    iam.delete_role(RoleName=name)
