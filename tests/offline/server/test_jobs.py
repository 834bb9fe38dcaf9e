"""Programs that run for a while in a served account: nobody waits for them, and they can be stopped."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from offline.sandbox import Sandbox
from tests.offline.engines.roles import role
from tests.offline.engines.sagemaker_account import training_job, with_data
from tests.offline.engines.test_lambda_ import deploy
from tests.offline.server.conftest import ClientOf

PATIENCE = 60


def until(ask: Callable[[], Any], done: Callable[[Any], bool]) -> Any:
    """The first answer that will do."""
    pause = threading.Event()
    for _ in range(PATIENCE * 10):
        if done(answer := ask()):
            return answer
        pause.wait(0.1)
    raise AssertionError(f"still {answer}")


def test_a_training_job_runs_by_itself_and_another_is_stopped(served: Sandbox, client_of: ClientOf) -> None:
    arn = with_data()
    sagemaker = client_of("sagemaker")

    def status(name: str) -> tuple[str, str]:
        job = sagemaker.describe_training_job(TrainingJobName=name)
        return job["TrainingJobStatus"], job["SecondaryStatus"]

    sagemaker.create_training_job(**training_job(arn, "short"))
    assert until(lambda: status("short"), lambda it: it[0] != "InProgress") == ("Completed", "Completed")
    request = training_job(arn, "long")
    request["HyperParameters"] |= {"num_round": "1000000"}
    sagemaker.create_training_job(**request)
    until(lambda: status("long"), lambda it: it[1] == "Training")
    sagemaker.stop_training_job(TrainingJobName="long")
    assert until(lambda: status("long"), lambda it: it[0] not in ("InProgress", "Stopping"))[0] == "Stopped"


def test_branches_run_their_functions_side_by_side(served: Sandbox, client_of: ClientOf) -> None:
    deploy("whoami", Timeout=60)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "whoami"},
        "OutputPath": "$.Payload",
        "End": True,
    }
    branches = [{"StartAt": "Ask", "States": {"Ask": task}} for _ in range(3)]
    definition = {
        "StartAt": "All",
        "States": {"All": {"Type": "Parallel", "Branches": branches, "End": True}},
    }
    machines = client_of("stepfunctions")
    machine = machines.create_state_machine(
        name="m", definition=json.dumps(definition), roleArn=role("m", "states.amazonaws.com")
    )["stateMachineArn"]
    execution = machines.start_execution(stateMachineArn=machine)["executionArn"]
    ended = until(
        lambda: machines.describe_execution(executionArn=execution), lambda it: it["status"] != "RUNNING"
    )
    assert ended["status"] == "SUCCEEDED"
    assert ["assumed-role/whoami-role" in answer for answer in json.loads(ended["output"])] == [True] * 3
