"""Lab 02, security: read back, through the APIs an auditor would use, what protects the lake."""

from __future__ import annotations

import json
from typing import Any

from labs.context import Context, pages
from labs.evidence import Check, Evidence, Lab, Step, Table, equal, holds


def inspect_key(context: Context) -> Evidence:
    """The lake's key is the customer's own and turns over every year."""
    kms, arn = context.client("kms"), context.output("lake", "KeyArn")
    key = kms.describe_key(KeyId=arn)["KeyMetadata"]
    rotation = kms.get_key_rotation_status(KeyId=arn)
    return Evidence(
        figures={"key": key["KeyId"], "state": key["KeyState"]},
        checks=[
            equal("the key belongs to the customer", key["KeyManager"], "CUSTOMER"),
            equal("the key rotates", rotation["KeyRotationEnabled"], True),
            equal("the key is in use", key["KeyState"], "Enabled"),
        ],
    )


def inspect_bucket_policy(context: Context) -> Evidence:
    """The lake refuses plain HTTP, and writes that ask for less than its encryption."""
    bucket = context.output("lake", "LakeBucketName")
    policy = json.loads(context.client("s3").get_bucket_policy(Bucket=bucket)["Policy"])
    denials = [statement for statement in _statements(policy) if statement["Effect"] == "Deny"]
    rows = [[s.get("Sid", ""), _text(s.get("Action")), _text(s.get("Condition", "always"))] for s in denials]
    return Evidence(
        figures={"denials": len(denials)},
        table=Table(["statement", "denies", "when"], rows),
        checks=[_tls_only(denials), _encrypted_only(denials)],
    )


def _statements(policy: dict[str, Any]) -> list[dict[str, Any]]:
    found = policy.get("Statement", [])
    return found if isinstance(found, list) else [found]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _tls_only(denials: list[dict[str, Any]]) -> Check:
    found = [
        s for s in denials if str(_condition(s, "Bool").get("aws:SecureTransport", "")).lower() == "false"
    ]
    everyone = [s for s in found if s.get("Principal") in ("*", {"AWS": "*"})]
    return holds(
        "plain HTTP is denied to everyone",
        bool(everyone),
        _text(found),
        "a Deny on aws:SecureTransport=false",
    )


def _encrypted_only(denials: list[dict[str, Any]]) -> Check:
    header = "s3:x-amz-server-side-encryption"
    found = [s for s in denials if header in json.dumps(s.get("Condition", {})).lower()]
    return holds(
        "writes with another encryption are denied", bool(found), _text(found), f"a Deny on {header}"
    )


def _condition(statement: dict[str, Any], operator: str) -> dict[str, Any]:
    found: dict[str, Any] = statement.get("Condition", {}).get(operator, {})
    return found


def inspect_network(context: Context) -> Evidence:
    """The subnets have no way to the internet; S3 is reached through a gateway endpoint with a policy."""
    ec2, vpc = context.client("ec2"), context.output("security", "VpcId")
    mine = [{"Name": "vpc-id", "Values": [vpc]}]
    endpoints = ec2.describe_vpc_endpoints(Filters=mine)["VpcEndpoints"]
    routes = [r for t in ec2.describe_route_tables(Filters=mine)["RouteTables"] for r in t["Routes"]]
    gateways = ec2.describe_nat_gateways(Filters=mine)["NatGateways"]
    out = [r for r in routes if str(r.get("GatewayId", "")).startswith("igw-") or r.get("NatGatewayId")]
    rows = [[e["VpcEndpointId"], e["ServiceName"], e.get("VpcEndpointType", "")] for e in endpoints]
    s3 = [e for e in endpoints if e["ServiceName"].endswith(".s3") and e.get("VpcEndpointType") == "Gateway"]
    return Evidence(
        figures={"subnets": len(ec2.describe_subnets(Filters=mine)["Subnets"]), "endpoints": len(endpoints)},
        table=Table(["endpoint", "service", "type"], rows),
        checks=[
            equal("no NAT gateway bills by the hour", len(gateways), 0),
            equal("no route leads to the internet", len(out), 0),
            equal("S3 is reached through one gateway endpoint", len(s3), 1),
            *(_endpoint_policy(endpoint) for endpoint in s3),
        ],
    )


def _endpoint_policy(endpoint: dict[str, Any]) -> Check:
    """AWS's default endpoint policy allows everything; ours names what may pass."""
    policy = json.loads(endpoint.get("PolicyDocument") or "{}")
    allowed = [s for s in _statements(policy) if s["Effect"] == "Allow"]
    wide = [s for s in allowed if s.get("Resource") in ("*", ["*"]) and "Condition" not in s]
    return holds(
        "the endpoint lets only named buckets pass",
        bool(allowed) and not wide,
        _text(policy),
        "no bare Resource *",
    )


def inspect_trail(context: Context) -> Evidence:
    """CloudTrail is logging, and records who reads and writes the lake's objects."""
    trail, name = context.client("cloudtrail"), context.output("security", "TrailName")
    selectors = trail.get_event_selectors(TrailName=name)
    bucket = context.output("lake", "LakeBucketName")
    watched = json.dumps([selectors.get("EventSelectors"), selectors.get("AdvancedEventSelectors")])
    described = trail.describe_trails(trailNameList=[name])["trailList"][0]
    return Evidence(
        figures={"trail": described["Name"], "log bucket": described["S3BucketName"]},
        checks=[
            equal("the trail is logging", trail.get_trail_status(Name=name)["IsLogging"], True),
            holds(
                "the lake's objects are watched",
                f":{bucket}/" in watched,
                watched,
                f"a data resource of {bucket}",
            ),
            equal("log files can be validated", described.get("LogFileValidationEnabled"), True),
        ],
    )


def inspect_roles(context: Context) -> Evidence:
    """No role of these stacks may do everything that a service can."""
    iam = context.client("iam")
    every = [role["RoleName"] for role in pages(iam, "list_roles", "Roles")]
    roles = sorted(name for name in every if name.startswith(context.prefix))
    wide: list[str] = []
    for role in roles:
        for name in pages(iam, "list_role_policies", "PolicyNames", RoleName=role):
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            wide += [
                f"{role}: {action}" for action in _actions(document) if action.endswith(":*") or action == "*"
            ]
    return Evidence(
        figures={"roles": len(roles)},
        table=Table(["role"], [[role] for role in roles]),
        checks=[equal("no role may do everything a service can", wide, [])],
    )


def _actions(policy: dict[str, Any] | str) -> list[str]:
    document = json.loads(policy) if isinstance(policy, str) else policy
    allowed = [s.get("Action", []) for s in _statements(document) if s["Effect"] == "Allow"]
    return [action for found in allowed for action in ([found] if isinstance(found, str) else found)]


LAB = Lab(
    noun="security",
    title="Encryption, policies, network and audit",
    depends_on=("lake",),
    steps=(
        Step("key", "Look at the key", inspect_key),
        Step("policy", "Read the bucket policy", inspect_bucket_policy),
        Step("network", "Find the way to S3", inspect_network),
        Step("trail", "See who is watching", inspect_trail),
        Step("roles", "Look for roles that may too much", inspect_roles),
    ),
    minutes=1,
    bills=("kms-key-month", "cloudtrail-data-event-100000"),
)
