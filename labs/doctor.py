"""What would stop a deployment, found by read-only calls: each finding says what to do.

A check that the account refuses, or that an endpoint does not know, is reported as not made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from labs.account import CDK_CLI
from labs.context import Context, pages

Level = Literal["ok", "note", "not checked", "warning", "problem"]
BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_LOWEST = 6
"""What the modern templates of aws-cdk-lib ask for where a manifest names no version."""
QUOTAS: dict[str, str] = {"training": "for training job usage", "transform": "for transform job usage"}
"""How Service Quotas names the quota of an instance type, by use."""
EVERYBODY = {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}


@dataclass(frozen=True)
class Finding:
    """One thing looked at; `advice` where there is something to do."""

    check: str
    level: Level
    found: str
    advice: str = ""

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def examine(context: Context, assembly: Path, nouns: list[str]) -> list[Finding]:
    """Every check, in the order in which a deployment would meet them."""
    stacks = {
        noun: json.loads(file.read_text(encoding="utf-8"))
        for noun in nouns
        for file in assembly.glob(f"*-{noun}.template.json")
    }
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("credentials", lambda: credentials(context)),
        ("bootstrap", lambda: bootstrap(context, assembly)),
        ("CDK", lambda: cdk(assembly)),
        ("Node", node),
        ("service quotas", lambda: quotas(context, stacks)),
        ("Lake Formation", lambda: lake_formation(context)),
        ("leftovers", lambda: leftovers(context, nouns)),
    ]
    return [finding for name, check in checks for finding in made(name, check)]


def made(name: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """What a check found, or why it could not be made."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return list(check())
    except (ClientError, BotoCoreError) as error:
        return [Finding(name, "not checked", str(error), "check it by hand, or ask for the permission")]
    except NotImplementedError as error:
        return [Finding(name, "not checked", f"this endpoint does not know the call: {error}")]


def credentials(context: Context) -> Iterator[Finding]:
    caller = context.client("sts").get_caller_identity()
    yield Finding("credentials", "ok", f"{caller['Arn']} in {context.region}")


def bootstrap(context: Context, assembly: Path) -> Iterator[Finding]:
    """The bootstrap stack exists and is as new as the assembly asks."""
    wanted = max([BOOTSTRAP_LOWEST, *_bootstrap_versions(assembly)])
    client = context.client("ssm")
    try:
        version = int(client.get_parameter(Name=BOOTSTRAP)["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        yield Finding("bootstrap", "problem", "the account is not bootstrapped", f"npx {CDK_CLI} bootstrap")
        return
    if version < wanted:
        advice = f"npx {CDK_CLI} bootstrap"
        yield Finding("bootstrap", "problem", f"version {version}; the stacks need {wanted}", advice)
    else:
        yield Finding("bootstrap", "ok", f"version {version}; the stacks need {wanted}")


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
    found: dict[str, Any] = json.loads((assembly / "manifest.json").read_text(encoding="utf-8"))
    return found


def node() -> Iterator[Finding]:
    """The Node that synthesizes, and that runs the CDK's command line."""
    from labs.errors import SynthError
    from labs.synth import node_folder

    try:
        yield Finding("Node", "ok", str(node_folder()))
    except SynthError as error:
        yield Finding("Node", "problem", str(error), "pip install -r requirements.txt")


def quotas(context: Context, stacks: dict[str, Any]) -> Iterator[Finding]:
    """An account may start the instances that the stacks use; many begin with a quota of none."""
    wanted = [(use, name) for template in stacks.values() for use, name in _instances(template)]
    if not wanted:
        return
    client = context.client("service-quotas")
    listed = pages(client, "list_service_quotas", "Quotas", ServiceCode="sagemaker")
    values = {one["QuotaName"]: one["Value"] for one in listed}
    for use, instance in dict.fromkeys(wanted):
        name = f"{instance} {QUOTAS[use]}"
        if name not in values:
            yield Finding("service quotas", "not checked", f"no quota named '{name}' is listed")
        elif values[name] < 1:
            advice = f"request a quota of 1 for '{name}' in Service Quotas; it may take a day"
            yield Finding("service quotas", "problem", f"{name}: {values[name]:g}", advice)
        else:
            yield Finding("service quotas", "ok", f"{name}: {values[name]:g}")


def _instances(template: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The instance types of training and transform jobs in state machines' definitions."""
    for resource in template.get("Resources", {}).values():
        if resource["Type"] != "AWS::StepFunctions::StateMachine":
            continue
        text = json.dumps(resource["Properties"]).replace("\\", "")
        for part in text.split('"InstanceType":"')[1:]:
            use = "transform" if "TransformResources" in text.partition(part)[0][-300:] else "training"
            yield use, part.partition('"')[0]


def lake_formation(context: Context) -> Iterator[Finding]:
    """New databases and tables are open to IAM, as the stacks' grants expect."""
    settings = context.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    closed = [
        kind
        for kind, key in (
            ("databases", "CreateDatabaseDefaultPermissions"),
            ("tables", "CreateTableDefaultPermissions"),
        )
        if not _open(settings.get(key) or [])
    ]
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


def leftovers(context: Context, nouns: list[str]) -> Iterator[Finding]:
    """What an earlier run left would stand in the way, or bill."""
    from labs.leftovers import leftovers as found_in

    found = found_in(context, nouns)
    if found:
        yield Finding("leftovers", "warning", "; ".join(found), "labs destroy --on aws, or delete them")
    else:
        yield Finding("leftovers", "ok", f"nothing of {', '.join(nouns)} exists")
