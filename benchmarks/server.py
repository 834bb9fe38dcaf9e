"""The served account beside others that are served: to the first answer, memory, requests, and a deployment.

    python -m benchmarks.server --calls 16 --objects 100 --writers 16

Each is a process of its own and answers the same boto3 calls over HTTP, in turns. A peer that answers nothing
here is named with what it said. Of the pipeline, the resources of stacks that are complete are counted, and
those of them that their own service finds; a stack that is refused is named with the reason.

robotocore is not on the package registry: `ROBOTOCORE` names the Python (3.12) of an environment with
its source and moto[all]==5.1.22.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.measure import seconds, show
from benchmarks.peers import OURS, PEERS, REFUSALS, ROBOTOCORE, Served
from labs.leftovers import reason
from labs.synth import synthesize
from offline.assembly import Assembly, StackArtifact
from offline.deploy import BOOTSTRAP_PARAMETER, BOOTSTRAP_VERSION

BATCH = 500
RECORD = b"x" * 100
SHARDS = 200
"""So many that no shard's limit is what is measured."""
BODY = b"x" * 1024
ROUNDS = 8
DEPLOYED_WITHIN = 120
LOOKS = {
    "AWS::Athena::NamedQuery": ("athena", "get_named_query", "NamedQueryId"),
    "AWS::Athena::WorkGroup": ("athena", "get_work_group", "WorkGroup"),
    "AWS::CloudTrail::Trail": ("cloudtrail", "get_trail", "Name"),
    "AWS::EC2::FlowLog": ("ec2", "describe_flow_logs", "FlowLogIds"),
    "AWS::EC2::RouteTable": ("ec2", "describe_route_tables", "RouteTableIds"),
    "AWS::EC2::SecurityGroup": ("ec2", "describe_security_groups", "GroupIds"),
    "AWS::EC2::Subnet": ("ec2", "describe_subnets", "SubnetIds"),
    "AWS::EC2::VPC": ("ec2", "describe_vpcs", "VpcIds"),
    "AWS::EC2::VPCEndpoint": ("ec2", "describe_vpc_endpoints", "VpcEndpointIds"),
    "AWS::Glue::Crawler": ("glue", "get_crawler", "Name"),
    "AWS::Glue::Database": ("glue", "get_database", "Name"),
    "AWS::Glue::SecurityConfiguration": ("glue", "get_security_configuration", "Name"),
    "AWS::IAM::Role": ("iam", "get_role", "RoleName"),
    "AWS::Kinesis::Stream": ("kinesis", "describe_stream_summary", "StreamName"),
    "AWS::KinesisFirehose::DeliveryStream": ("firehose", "describe_delivery_stream", "DeliveryStreamName"),
    "AWS::KMS::Key": ("kms", "describe_key", "KeyId"),
    "AWS::Lambda::Function": ("lambda", "get_function", "FunctionName"),
    "AWS::Logs::LogGroup": ("logs", "describe_log_streams", "logGroupName"),
    "AWS::S3::Bucket": ("s3", "head_bucket", "Bucket"),
    "AWS::StepFunctions::StateMachine": ("stepfunctions", "describe_state_machine", "stateMachineArn"),
}
"""Types of the pipeline, and the call that fails where one does not exist."""


@dataclass
class Outcome:
    """What a deployment came to."""

    seconds: float = 0
    resources: int = 0
    looked_up: int = 0
    found: int = 0
    refused: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.resources} ({self.found} of {self.looked_up} found)"


def deployed(served: Served, assembly: Assembly) -> Outcome:
    """Every stack of the app by CreateStack, the next one also where one failed."""
    account = served.client("sts").get_caller_identity()["Account"]
    served.client("ssm").put_parameter(Name=BOOTSTRAP_PARAMETER, Value=BOOTSTRAP_VERSION, Type="String")
    outcome = Outcome()
    for stack in assembly.stacks:
        upload(served, stack, account)
    complete = []
    started = time.perf_counter()
    for stack in assembly.stacks:
        try:
            status = created(served, stack)
        except REFUSALS as error:
            status = reason(error)
        if status == "CREATE_COMPLETE":
            complete.append(stack)
        else:
            outcome.refused.append(f"{stack.name}: {' '.join(status.split())[:200]}")
    outcome.seconds = time.perf_counter() - started
    for stack in complete:
        look(served, stack, outcome)
    return outcome


def upload(served: Served, stack: StackArtifact, account: str) -> None:
    s3 = served.client("s3")
    for asset in stack.assets:
        bucket = asset.bucket.replace("${AWS::AccountId}", account).replace("${AWS::Region}", "us-east-1")
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key=asset.key, Body=asset.content())


def created(served: Served, stack: StackArtifact) -> str:
    """The status that a stack comes to, with the reason of one that failed."""
    stacks, until = served.client("cloudformation"), time.perf_counter() + DEPLOYED_WITHIN
    stacks.create_stack(StackName=stack.name, TemplateBody=stack.body, Capabilities=["CAPABILITY_NAMED_IAM"])
    while time.perf_counter() < until:
        [found] = stacks.describe_stacks(StackName=stack.name)["Stacks"]
        status = found["StackStatus"]
        if status == "CREATE_COMPLETE":
            return str(status)
        if not status.endswith("_IN_PROGRESS"):
            return f"{status}: {found.get('StackStatusReason') or 'no reason is given'}"
        time.sleep(0.02)
    return f"not complete within {DEPLOYED_WITHIN} s"


def look(served: Served, stack: StackArtifact, outcome: Outcome) -> None:
    """Count what a stack should have, and what of it exists."""
    told = served.client("cloudformation").describe_stack_resources(StackName=stack.name)["StackResources"]
    ids = {one.get("LogicalResourceId"): one.get("PhysicalResourceId") for one in told}
    for logical_id, definition in stack.template["Resources"].items():
        outcome.resources += 1
        if look_up := LOOKS.get(definition["Type"]):
            outcome.looked_up += 1
            outcome.found += exists(served, *look_up, ids.get(logical_id))


def exists(served: Served, service: str, operation: str, parameter: str, id: str | None) -> bool:
    if not id:
        return False
    named = {parameter: [id] if parameter.endswith("Ids") else id}
    try:
        answer = getattr(served.client(service), operation)(**named)
    except REFUSALS:
        return False
    # What EC2 is asked for by a list may be answered by an empty one.
    return not parameter.endswith("Ids") or any(
        value for key, value in answer.items() if key != "ResponseMetadata"
    )


def records(served: Served, calls: int, writers: int) -> Callable[[], float]:
    """How many records a second are taken, of so many writers at once."""
    kinesis = served.client("kinesis")
    name = f"events-{writers}"
    kinesis.create_stream(StreamName=name, ShardCount=SHARDS)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    batch = [{"PartitionKey": str(number), "Data": RECORD} for number in range(BATCH)]
    clients = [served.client("kinesis") for _ in range(writers)]

    def write(client: Any) -> int:
        answers = (client.put_records(StreamName=name, Records=batch) for _ in range(calls // writers))
        return sum(BATCH - answer["FailedRecordCount"] for answer in answers)

    def measure() -> float:
        with ThreadPoolExecutor(writers) as pool:
            started = time.perf_counter()
            taken = sum(pool.map(write, clients))
            return taken / (time.perf_counter() - started)

    return measure


def objects(served: Served, count: int) -> Callable[[], float]:
    """How many objects a second are put."""
    s3 = served.client("s3")
    s3.create_bucket(Bucket="things")

    def put() -> None:
        for number in range(count):
            s3.put_object(Bucket="things", Key=f"{number:06}", Body=BODY)

    return lambda: count / seconds(put)


Rate = Callable[[Served], Callable[[], float]]


def rates(what: str, ours: Served, peers: list[Served], kind: Rate) -> None:
    """The best rate of each, measured in turns."""
    measures: dict[str, Callable[[], float]] = {}
    for served in (ours, *peers):
        try:
            measures[served.name] = kind(served)
            measures[served.name]()
        except REFUSALS as error:
            measures.pop(served.name, None)
            print(f"  {what}: {served.name} refuses: {reason(error)}", flush=True)
    turns = [{name: measure() for name, measure in measures.items()} for _ in range(ROUNDS)]
    best = {name: max(turn[name] for turn in turns) for name in measures}
    for peer in peers:
        if peer.name in best:
            here, beside = best[ours.name], best[peer.name]
            show(what, f"{here:,.0f}/s", f"{peer.name} {beside:,.0f}/s", here / beside)


def deployments(ours: Served, peers: list[Served]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assembly = Assembly.load(synthesize(Path(folder)))
        wanted = sum(len(stack.template["Resources"]) for stack in assembly.stacks)
        outcomes = {served.name: deployed(served, assembly) for served in (ours, *peers)}
    here = outcomes[ours.name]
    for peer in peers:
        beside = outcomes[peer.name]
        show(
            f"deployed of {wanted} resources",
            str(here),
            f"{peer.name} {beside}",
            here.found / beside.found if beside.found else None,
        )
        show(
            "its time",
            f"{here.seconds:.2f} s",
            f"{peer.name} {beside.seconds:.2f} s",
            here.seconds / beside.seconds,
        )
    for name, outcome in outcomes.items():
        for refusal in outcome.refused:
            print(f"  {name} refuses {refusal}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=16, help="of PutRecords, in a turn")
    parser.add_argument("--objects", type=int, default=100, help="in a turn")
    parser.add_argument("--writers", type=int, default=16)
    asked = parser.parse_args()
    also = [ROBOTOCORE] if "ROBOTOCORE" in os.environ else []
    started = [Served(program) for program in (OURS, *PEERS, *also)]
    try:
        ours, *others = started
        for one in started:
            if one.reason:
                print(f"  {one.name} answers nothing here: {one.reason}", flush=True)
        compare(ours, [one for one in others if not one.reason], asked)
    finally:
        for one in started:
            one.stop()


def compare(ours: Served, peers: list[Served], asked: argparse.Namespace) -> None:
    for peer in peers:
        show(
            "to the first answer",
            f"{ours.seconds:.2f} s",
            f"{peer.name} {peer.seconds:.2f} s",
            ours.seconds / peer.seconds,
        )
    _memory("memory, idle", ours, peers)
    rates("PutRecords over HTTP", ours, peers, lambda one: records(one, asked.calls, 1))
    rates(
        f"the same, {asked.writers} writers",
        ours,
        peers,
        lambda one: records(one, asked.calls, asked.writers),
    )
    rates("PutObject of 1 KiB over HTTP", ours, peers, lambda one: objects(one, asked.objects))
    deployments(ours, peers)
    _memory("memory, after all that", ours, peers)


def _memory(what: str, ours: Served, peers: list[Served]) -> None:
    here = ours.mib()
    for peer in peers:
        beside = peer.mib()
        show(what, f"{here:,.0f} MiB", f"{peer.name} {beside:,.0f} MiB", here / beside)


if __name__ == "__main__":
    main()
