"""Lab 02: each step tells the truth, and notices when it is not so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from labs.context import Context
from labs.evidence import Evidence
from labs.security import LAB, encryption, matrix
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


@pytest.mark.parametrize("step", [step.name for step in LAB.steps])
def test_every_step_holds_in_the_deployed_account(context: Context, step: str) -> None:
    [found] = [one for one in LAB.steps if one.name == step]
    evidence = found.run(context)
    assert evidence.checks
    assert failed(evidence) == []


def test_the_methods_leave_nothing_behind(context: Context) -> None:
    s3 = context.client("s3")
    before = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    encryption.four_methods(context)
    assert {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]} == before
    lake = context.output("lake", "LakeBucketName")
    assert "Contents" not in s3.list_objects_v2(Bucket=lake, Prefix=encryption.FOLDER)


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
    trust = {"Version": "2012-10-17", "Statement": []}
    name = f"{context.prefix}-half"
    allow = {"Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": key}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName=name, PolicyName="half", PolicyDocument=policy)
    assert failed(matrix.who_may_decrypt(context)) == ["who encrypts may also finish what it began"]
    iam.delete_role_policy(RoleName=name, PolicyName="half")
    iam.delete_role(RoleName=name)
