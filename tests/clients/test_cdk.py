"""The CDK's own command line against a served account: bootstrap, deploy, diff, drift, failures, destroy."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from labs.account import CDK_CLI
from offline.deploy import leftovers
from offline.engine import ACCOUNT_ID
from tests.assembly import assembly
from tests.clients.conftest import CommandLine
from tests.served import client

EVENT = re.compile(
    r"^(?P<stack>[\w-]+) \|[ \d/]+\| [^|]+ \| (?P<status>\w+) +\| (?P<type>[\w:]+) +\| (?P<what>.*)$",
    re.MULTILINE,
)
STACK = "AWS::CloudFormation::Stack"
QUERY = "ml-labs-query"
ASKS_NOTHING = ("--require-approval", "never", "--progress", "events")


def events(said: str, stack: str) -> list[tuple[str, str]]:
    """The events of a stack's resources as they are shown: statuses and logical ids."""
    found = [one for one in EVENT.finditer(said) if one["stack"] == stack and one["type"] != STACK]
    return [(one["status"], logical_id(one["what"])) for one in found]


def logical_id(what: str) -> str:
    """The id beside a construct's path, or alone where both are the same."""
    beside = re.match(r"\S+ \((\w+)\)", what)
    return beside[1] if beside else what.split()[0]


@pytest.fixture(scope="module")
def folder() -> Path:
    """The cloud assembly of this checkout."""
    return assembly().directory


@pytest.fixture(scope="module")
def bootstrapped(cdk: CommandLine, url: str) -> Iterator[list[str]]:
    """What there is once the account is bootstrapped; from here on, boto3 asks this account."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, cdk.environment[name])
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        cdk("bootstrap", f"aws://{ACCOUNT_ID}/us-east-1")
        yield leftovers()


@pytest.fixture(scope="module")
def deployed(cdk: CommandLine, folder: Path, bootstrapped: list[str]) -> str:
    """What is said when the app is deployed; each test leaves its stacks as they were synthesized."""
    return cdk("deploy", "--all", "--app", folder, *ASKS_NOTHING)


def edited(folder: Path, to: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The assembly with other resources in the stack of queries, and the hash that its template has then."""
    shutil.copytree(folder, to)
    file, assets = to / f"{QUERY}.template.json", to / f"{QUERY}.assets.json"
    template = json.loads(file.read_text())
    change(template["Resources"])
    file.write_text(json.dumps(template))
    files = json.loads(assets.read_text())["files"]
    [old] = [key for key, one in files.items() if one["source"]["path"] == file.name]
    for naming in (assets, to / "manifest.json"):
        naming.write_text(naming.read_text().replace(old, sha256(file.read_bytes()).hexdigest()))
    return to


def test_the_command_line_is_the_one_that_the_labs_name() -> None:
    package = json.loads((Path(__file__).parent / "cdk" / "package.json").read_text())
    assert [f"{name}@{version}" for name, version in package["dependencies"].items()] == [CDK_CLI]


def test_each_resource_is_shown_to_begin_and_to_be_complete_once(deployed: str) -> None:
    for stack in assembly().stacks:
        expected = {
            (status, id): 1
            for id in stack.template["Resources"]
            for status in ("CREATE_IN_PROGRESS", "CREATE_COMPLETE")
        }
        assert Counter(events(deployed, stack.name)) == expected


def test_resources_are_complete_after_they_begin_and_before_their_stack(deployed: str) -> None:
    for stack in assembly().stacks:
        order = events(deployed, stack.name)
        for id in stack.template["Resources"]:
            assert order.index(("CREATE_IN_PROGRESS", id)) < order.index(("CREATE_COMPLETE", id))
        shown = [one for one in EVENT.finditer(deployed) if one["stack"] == stack.name]
        assert (shown[0]["type"], shown[-1]["type"]) == (STACK, STACK)
        assert shown[-1]["status"] == "CREATE_COMPLETE"


def test_outputs_are_shown_as_the_stacks_have_them(deployed: str, url: str) -> None:
    stacks = client(url, "cloudformation").describe_stacks()["Stacks"]
    lines = [
        f"{stack['StackName']}.{output['OutputKey']} = {output['OutputValue']}"
        for stack in stacks
        if stack["StackName"].startswith("ml-labs-")
        for output in stack["Outputs"]
    ]
    assert len(lines) > len(assembly().stacks)
    assert set(lines) <= set(deployed.splitlines())


def test_what_is_deployed_differs_in_nothing(cdk: CommandLine, folder: Path, deployed: str) -> None:
    stacks = len(assembly().stacks)
    again = cdk("deploy", "--all", "--app", folder, *ASKS_NOTHING)
    assert again.count("(no changes)") == stacks
    said = cdk("diff", "--app", folder, "--fail")
    assert said.count("There were no differences") == stacks
    assert "Could not create a change set" not in said
    assert cdk("drift", "--app", folder, "--fail").count("No drift detected") == stacks


def test_one_property_is_changed_in_place_and_another_replaces(
    cdk: CommandLine, folder: Path, deployed: str, url: str, tmp_path: Path
) -> None:
    def change(resources: dict[str, Any]) -> None:
        resources["WorkGroup"]["Properties"]["Description"] = "Other words"
        resources["OneDay"]["Properties"]["QueryString"] = "SELECT 1"

    def query() -> str:
        described = client(url, "cloudformation").describe_stack_resource(
            StackName=QUERY, LogicalResourceId="OneDay"
        )
        return str(described["StackResourceDetail"]["PhysicalResourceId"])

    other, old = edited(folder, tmp_path / "other", change), query()
    found = cdk.ends("diff", QUERY, "--exclusively", "--app", other, "--fail")
    assert found.code == 1
    assert "[~] AWS::Athena::WorkGroup WorkGroup WorkGroup\n" in found.out
    assert "QueryString (requires replacement)" in found.out
    said = cdk("deploy", QUERY, "--exclusively", "--app", other, *ASKS_NOTHING)
    assert events(said, QUERY) == [
        ("UPDATE_IN_PROGRESS", "WorkGroup"),
        ("UPDATE_COMPLETE", "WorkGroup"),
        ("UPDATE_IN_PROGRESS", "OneDay"),
        ("UPDATE_COMPLETE", "OneDay"),
        ("DELETE_IN_PROGRESS", "OneDay"),
        ("DELETE_COMPLETE", "OneDay"),
    ]
    athena = client(url, "athena")
    assert athena.get_named_query(NamedQueryId=query())["NamedQuery"]["QueryString"] == "SELECT 1"
    with pytest.raises(athena.exceptions.InvalidRequestException):
        athena.get_named_query(NamedQueryId=old)
    cdk("deploy", QUERY, "--exclusively", "--app", folder, *ASKS_NOTHING)
    assert "SELECT 1" not in athena.get_named_query(NamedQueryId=query())["NamedQuery"]["QueryString"]


def test_what_was_changed_by_hand_has_drifted(
    cdk: CommandLine, folder: Path, deployed: str, url: str
) -> None:
    [output] = [
        one["OutputValue"]
        for one in client(url, "cloudformation").describe_stacks(StackName=QUERY)["Stacks"][0]["Outputs"]
        if one["OutputKey"] == "WorkGroupName"
    ]
    athena = client(url, "athena")
    was = athena.get_work_group(WorkGroup=output)["WorkGroup"]["Description"]
    athena.update_work_group(WorkGroup=output, Description="by hand")
    found = cdk.ends("drift", QUERY, "--app", folder, "--fail")
    athena.update_work_group(WorkGroup=output, Description=was)
    assert found.code == 1
    for words in ("[~] AWS::Athena::WorkGroup WorkGroup", "/Description", f"[-] {was}", "[+] by hand"):
        assert words in found.out
    assert "Number of resources with drift: 1" in found.out


def test_a_change_that_fails_is_taken_back_and_its_cause_is_told(
    cdk: CommandLine, folder: Path, deployed: str, url: str, tmp_path: Path
) -> None:
    def change(resources: dict[str, Any]) -> None:
        resources["Extra"] = {"Type": "AWS::SNS::Topic"}
        code = {"S3Bucket": "no-such-bucket", "S3Key": "code.zip"}
        role = f"arn:aws:iam::{ACCOUNT_ID}:role/nobody"
        resources["Broken"] = {
            "Type": "AWS::Lambda::Function",
            "DependsOn": "Extra",
            "Properties": {"Runtime": "python3.12", "Handler": "code.run", "Role": role, "Code": code},
        }

    other = edited(folder, tmp_path / "other", change)
    ended = cdk.ends("deploy", QUERY, "--exclusively", "--app", other, *ASKS_NOTHING)
    assert ended.code == 1
    assert events(ended.out, QUERY)[-4:] == [
        ("CREATE_IN_PROGRESS", "Broken"),
        ("CREATE_FAILED", "Broken"),
        ("DELETE_IN_PROGRESS", "Extra"),
        ("DELETE_COMPLETE", "Extra"),
    ]
    assert "NoSuchBucket" in ended.out + ended.err
    [stack] = client(url, "cloudformation").describe_stacks(StackName=QUERY)["Stacks"]
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert client(url, "sns").list_topics()["Topics"] == []


def test_why_a_change_cannot_be_planned_is_told_and_nothing_else(
    cdk: CommandLine, folder: Path, deployed: str, tmp_path: Path
) -> None:
    def change(resources: dict[str, Any]) -> None:
        resources["OneDay"]["Properties"]["Database"] = {"Fn::ImportValue": "nobody-exports-this"}

    other = edited(folder, tmp_path / "other", change)
    ended = cdk.ends("deploy", QUERY, "--exclusively", "--app", other, *ASKS_NOTHING)
    assert ended.code == 1
    said = ended.out + ended.err
    assert "No export named nobody-exports-this found." in said
    assert "Could not" not in said


def test_nothing_is_left_but_what_bootstrapping_made(
    cdk: CommandLine, folder: Path, deployed: str, bootstrapped: list[str], url: str
) -> None:
    said = cdk("destroy", "--all", "--force", "--app", folder)
    assert said.count(": destroyed") == len(assembly().stacks)
    assert leftovers() == bootstrapped
    stacks = client(url, "cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackName"] for stack in stacks] == ["CDKToolkit"]
