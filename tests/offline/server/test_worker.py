"""What is due is done by itself in a served account, and a failure leaves the rest at work."""

from __future__ import annotations

import json
import logging
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from offline.clock import clock
from offline.engine import Engine
from offline.sandbox import Sandbox
from offline.server.worker import Worker
from tests.offline.engines.roles import role
from tests.offline.server.conftest import ClientOf

PATIENCE = 30


class Alarm(Engine):
    """Due at moments that are given, and fails at those where it is told to."""

    def __init__(self, *moments: datetime, fails: int = 0) -> None:
        self.moments, self.fails = list(moments), fails
        self.done = threading.Semaphore(0)

    def due(self) -> datetime | None:
        return min(self.moments, default=None)

    def settle(self) -> bool:
        ready = [moment for moment in self.moments if moment <= clock.now()]
        if not ready:
            return False
        if self.fails:
            self.fails -= 1
            raise ValueError("cannot yet")
        for moment in ready:
            self.moments.remove(moment)
            self.done.release()
        return True


@pytest.fixture
def running() -> Any:
    with Sandbox(clock_runs=True) as sandbox:
        yield sandbox


def working(sandbox: Sandbox, alarm: Alarm, monkeypatch: pytest.MonkeyPatch) -> Worker:
    monkeypatch.setattr(sandbox, "engines", lambda: iter([alarm]))
    worker = Worker(sandbox, lambda: None)
    worker.start()
    return worker


def test_what_falls_due_is_done_without_being_asked(
    running: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm = Alarm(clock.now(), clock.now() + timedelta(milliseconds=200))
    worker = working(running, alarm, monkeypatch)
    assert alarm.done.acquire(timeout=PATIENCE)
    assert alarm.done.acquire(timeout=PATIENCE)
    worker.stop()


def test_a_failure_is_told_and_logged_and_the_worker_goes_on(
    running: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    alarm = Alarm(clock.now(), fails=1)
    failed = threading.Event()
    monkeypatch.setattr(Worker, "_failed", _and_set(Worker._failed, failed))
    with caplog.at_level(logging.ERROR):
        worker = working(running, alarm, monkeypatch)
        assert failed.wait(PATIENCE)
    assert "ValueError: cannot yet" in worker.failure
    assert "ValueError: cannot yet" in caplog.text
    worker.wake()
    assert alarm.done.acquire(timeout=PATIENCE)
    worker.stop()
    assert (worker.failure, worker.failures) == ("", 1)


def _and_set(original: Any, event: threading.Event) -> Any:
    def failed(self: Worker, error: Exception) -> None:
        original(self, error)
        event.set()

    return failed


def test_an_engine_that_fails_does_not_keep_others_from_their_work(
    running: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, well = Alarm(clock.now(), fails=10**6), Alarm(clock.now())
    monkeypatch.setattr(running, "engines", lambda: iter([broken, well]))
    worker = Worker(running, lambda: None)
    worker.start()
    assert well.done.acquire(timeout=PATIENCE)
    worker.stop()
    assert "cannot yet" in worker.failure


def test_a_query_runs_although_nobody_settles(served: Sandbox, client_of: ClientOf) -> None:
    client_of("s3").create_bucket(Bucket="lake")
    athena = client_of("athena")
    result = {"OutputLocation": "s3://lake/results/"}
    query = athena.start_query_execution(QueryString="SELECT 1 AS one", ResultConfiguration=result)
    state = athena.get_query_execution(QueryExecutionId=query["QueryExecutionId"])
    assert state["QueryExecution"]["Status"]["State"] == "SUCCEEDED"


def test_an_execution_goes_on_by_itself(served: Sandbox, client_of: ClientOf) -> None:
    states = {"Go": {"Type": "Wait", "Seconds": 1, "Next": "End"}, "End": {"Type": "Pass", "End": True}}
    machine = client_of("stepfunctions").create_state_machine(
        name="m",
        definition=json.dumps({"StartAt": "Go", "States": states}),
        roleArn=role("m", "states.amazonaws.com"),
    )["stateMachineArn"]
    arn = client_of("stepfunctions").start_execution(stateMachineArn=machine)["executionArn"]
    pause, status = threading.Event(), "RUNNING"
    for _ in range(PATIENCE * 10):
        status = client_of("stepfunctions").describe_execution(executionArn=arn)["status"]
        if status != "RUNNING":
            break
        pause.wait(0.1)
    assert status == "SUCCEEDED"
