"""Policies against every kind of request: who, what, how encrypted, over which way, from which account.

IAM's policy simulator decides; it changes nothing and costs nothing. What should come out is said again
in Python, one condition a line, and every cell must agree.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from typing import Any, NamedTuple

from labs.context import Context, pages
from labs.evidence import Evidence, Table, equal

ENDPOINT, ELSEWHERE = "vpce-0123456789abcdef0", "vpce-0fedcba9876543210"
PARTNER = "444455556666"
WAYS = ["TLS, endpoint", "TLS", "HTTP, endpoint", "HTTP"]
SHORT = {"allowed": "allow", "explicitDeny": "deny", "implicitDeny": "no"}


class Cell(NamedTuple):
    """One kind of request."""

    principal: str
    action: str
    encryption: str
    tag: str
    tls: bool
    endpoint: str

    @property
    def request(self) -> str:
        """What is asked for, whichever way it comes."""
        verb = "get" if self.action == "s3:GetObject" else "put"
        return f"{verb} {self.tag or self.encryption or 'bare'}"


def bucket_policy(bucket: str, account: str) -> dict[str, Any]:
    """TLS only, through one endpoint, forced encryption, and a partner who may read what is not PHI."""
    objects = f"arn:aws:s3:::{bucket}/*"
    everyone = {"Principal": "*", "Resource": objects}
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Action": "s3:*",
                **everyone,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "Endpoint",
                "Effect": "Deny",
                "Action": "s3:*",
                **everyone,
                "Condition": {"StringNotEquals": {"aws:SourceVpce": ENDPOINT}},
            },
            {
                "Sid": "Encrypted",
                "Effect": "Deny",
                "Action": "s3:PutObject",
                **everyone,
                "Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}},
            },
            {
                "Sid": "PartnerReads",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{PARTNER}:user/partner"},
                "Action": "s3:GetObject",
                "Resource": objects,
                "Condition": {"StringNotEquals": {"s3:ExistingObjectTag/classification": "PHI"}},
            },
        ],
    }


def identities(bucket: str) -> dict[str, dict[str, Any]]:
    """What each principal may by its own policy; PHI is for the doctor."""
    objects = f"arn:aws:s3:::{bucket}/*"
    not_phi = {"StringNotEquals": {"s3:ExistingObjectTag/classification": "PHI"}}
    read = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": objects}
    write = {"Sid": "Write", "Effect": "Allow", "Action": "s3:PutObject", "Resource": objects}
    stated = {
        "analyst": [{**read, "Condition": not_phi}],
        "doctor": [read],
        "loader": [write],
        "partner": [read, write],
    }
    return {name: {"Version": "2012-10-17", "Statement": found} for name, found in stated.items()}


def cells() -> list[Cell]:
    reading = itertools.product(["s3:GetObject"], [""], ["PHI", "public"])
    writing = itertools.product(["s3:PutObject"], ["", "AES256", "aws:kms"], [""])
    kinds = [*reading, *writing]
    return [
        Cell(who, action, encryption, tag, tls, endpoint)
        for who in identities("")
        for action, encryption, tag in kinds
        for tls in (True, False)
        for endpoint in (ENDPOINT, ELSEWHERE)
    ]


def expected(cell: Cell) -> str:
    """What should come out, said without policies."""
    writes = cell.action == "s3:PutObject"
    if not cell.tls or cell.endpoint != ENDPOINT or (writes and cell.encryption != "aws:kms"):
        return "deny"
    if writes:
        return "allow" if cell.principal == "loader" else "no"
    if cell.principal == "doctor":
        return "allow"
    return "allow" if cell.principal in ("analyst", "partner") and cell.tag != "PHI" else "no"


def decide_all(context: Context) -> Evidence:
    """The matrix of allow and deny, with the statement that decided each cell."""
    iam, bucket = context.client("iam"), context.output("lake", "LakeBucketName")
    account = str(context.client("sts").get_caller_identity()["Account"])
    resource, own = json.dumps(bucket_policy(bucket, account)), identities(bucket)
    wrong, counts = [], Counter[str]()
    matrix: dict[tuple[str, str], list[str]] = {}
    every = cells()
    for done, cell in enumerate(every, start=1):
        verdict, by = simulated(iam, cell, json.dumps(own[cell.principal]), resource, bucket, account)
        counts[verdict] += 1
        matrix.setdefault((cell.principal, cell.request), []).append(f"{verdict} {by}".strip())
        if verdict != expected(cell):
            wrong.append([*cell, verdict])
        context.progress("requests decided", done, len(every))
    return Evidence(
        figures={"requests": len(every), **counts},
        table=Table(["principal", "request", *WAYS], [[*key, *row] for key, row in matrix.items()]),
        checks=[equal("every cell is as it should be", wrong, [])],
        notes=[
            "Each cell: the outcome, and the statement that made it. deny: one denies; no: none allows.",
            "endpoint: by way of the VPC's gateway endpoint; otherwise from elsewhere.",
            "The partner is of another account: the bucket's policy and its own must both allow.",
        ],
    )


def simulated(
    iam: Any, cell: Cell, identity: str, resource: str, bucket: str, account: str
) -> tuple[str, str]:
    """The simulator's verdict on one cell, and the statement or the silence that made it."""
    home = PARTNER if cell.principal == "partner" else account
    entries = {
        "aws:SecureTransport": ("boolean", str(cell.tls).lower()),
        "aws:SourceVpce": ("string", cell.endpoint),
    }
    if cell.encryption:
        entries["s3:x-amz-server-side-encryption"] = ("string", cell.encryption)
    if cell.tag:
        entries["s3:ExistingObjectTag/classification"] = ("string", cell.tag)
    answer = iam.simulate_custom_policy(
        PolicyInputList=[identity],
        ResourcePolicy=resource,
        ActionNames=[cell.action],
        ResourceArns=[f"arn:aws:s3:::{bucket}/a"],
        ResourceOwner=f"arn:aws:iam::{account}:root",
        CallerArn=f"arn:aws:iam::{home}:user/{cell.principal}",
        ContextEntries=[
            {"ContextKeyName": name, "ContextKeyType": kind, "ContextKeyValues": [value]}
            for name, (kind, value) in entries.items()
        ],
    )["EvaluationResults"][0]
    by = ""
    for one in answer["MatchedStatements"][:1]:
        text = resource if one["SourcePolicyId"] == "ResourcePolicy" else identity
        by = _sid(text, one["StartPosition"]["Column"])
    return SHORT[answer["EvalDecision"]], by


def _sid(policy: str, column: int) -> str:
    """The Sid of the statement that begins at a column of a policy of one line."""
    statement, _ = json.JSONDecoder().raw_decode(policy, policy.index("{", column - 1))
    return str(statement["Sid"])


def who_may_decrypt(context: Context) -> Evidence:
    """Each role of these stacks against the lake's key: who reads decrypts, who writes encrypts too."""
    iam, key = context.client("iam"), context.output("lake", "KeyArn")
    actions = ["kms:Decrypt", "kms:GenerateDataKey"]
    rows = []
    for role in sorted(pages(iam, "list_roles", "Roles"), key=lambda one: str(one["RoleName"])):
        if role["RoleName"].startswith(context.prefix):
            found = iam.simulate_principal_policy(
                PolicySourceArn=role["Arn"], ActionNames=actions, ResourceArns=[key]
            )["EvaluationResults"]
            rows.append([role["RoleName"], *(SHORT[one["EvalDecision"]] for one in found)])
    half = [name for name, decrypt, encrypt in rows if (encrypt, decrypt) == ("allow", "no")]
    return Evidence(
        figures={"roles": len(rows), "may decrypt": sum(row[1] == "allow" for row in rows)},
        table=Table(["role", "Decrypt", "GenerateDataKey"], rows),
        checks=[equal("who encrypts may also finish what it began", half, [])],
    )
