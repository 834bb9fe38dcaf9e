"""IAM's policy simulator answers as the account would decide."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.engine import ACCOUNT_ID
from offline.sandbox import Sandbox

OBJECT = "arn:aws:s3:::lake/a"


def policy(*statements: dict[str, Any], indent: int | None = None) -> str:
    listed = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | one for one in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": listed}, indent=indent)


def simulate(*policies: str, **more: Any) -> dict[str, Any]:
    asked = {"ActionNames": ["s3:GetObject"], "ResourceArns": [OBJECT], **more}
    answer = boto3.client("iam").simulate_custom_policy(PolicyInputList=list(policies), **asked)
    found: dict[str, Any] = answer["EvaluationResults"][0]
    return found


def test_the_deciding_statement_is_named_by_its_place(sandbox: Sandbox) -> None:
    text = policy({"Action": "s3:PutObject"}, {"Sid": "Read"}, indent=1)
    found = simulate(policy({"Action": "sqs:*"}), text)
    assert found["EvalDecision"] == "allowed"
    [matched] = found["MatchedStatements"]
    assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == ("PolicyInputList.2", "IAM Policy")
    lines = text.splitlines()
    told = lines[matched["StartPosition"]["Line"] - 1 : matched["EndPosition"]["Line"]]
    assert json.loads("".join(told).rstrip().rstrip(","))["Sid"] == "Read"


def test_what_no_policy_says_is_told(sandbox: Sandbox) -> None:
    condition = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}
    found = simulate(policy({"Condition": condition}))
    assert (found["EvalDecision"], found["MatchedStatements"]) == ("implicitDeny", [])
    assert found["MissingContextValues"] == ["aws:SourceVpce"]
    entry = {"ContextKeyName": "aws:SourceVpce", "ContextKeyType": "string", "ContextKeyValues": ["vpce-1"]}
    assert simulate(policy({"Condition": condition}), ContextEntries=[entry])["EvalDecision"] == "allowed"


def test_the_policy_of_the_resource_and_the_boundary_count(sandbox: Sandbox) -> None:
    denial = policy({"Effect": "Deny", "Principal": "*"})
    assert simulate(policy({}), ResourcePolicy=denial)["EvalDecision"] == "explicitDeny"
    bounded = simulate(policy({}), PermissionsBoundaryPolicyInputList=[policy({"Action": "sqs:*"})])
    assert bounded["EvalDecision"] == "implicitDeny"


def test_another_account_needs_the_resources_policy(sandbox: Sandbox) -> None:
    partner = {
        "CallerArn": "arn:aws:iam::444455556666:user/p",
        "ResourceOwner": f"arn:aws:iam::{ACCOUNT_ID}:root",
    }
    assert simulate(policy({}), **partner)["EvalDecision"] == "implicitDeny"
    lets = policy({"Principal": {"AWS": "444455556666"}})
    assert simulate(policy({}), ResourcePolicy=lets, **partner)["EvalDecision"] == "allowed"


def test_a_principal_is_simulated_with_its_own_policies(sandbox: Sandbox) -> None:
    iam = boto3.client("iam")
    iam.create_user(UserName="ana")
    iam.put_user_policy(UserName="ana", PolicyName="read", PolicyDocument=policy({}))
    answer = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT_ID}:user/ana",
        ActionNames=["s3:GetObject", "s3:PutObject"],
        ResourceArns=[OBJECT],
    )
    decisions = [one["EvalDecision"] for one in answer["EvaluationResults"]]
    assert decisions == ["allowed", "implicitDeny"]


@pytest.mark.parametrize(
    ("text", "said"), [("{}", "Missing required field Statement"), ("nothing", "valid JSON")]
)
def test_refuses_what_is_no_policy(sandbox: Sandbox, text: str, said: str) -> None:
    with pytest.raises(ClientError, match=said):
        simulate(text)
