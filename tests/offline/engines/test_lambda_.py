"""AWS Lambda runs what is deployed."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from offline.errors import EngineError
from offline.sandbox import Sandbox
from tests.offline.engines.roles import role

SOURCE = """
import json, logging, os, sys, time, boto3
count = 0

def echo(event, context):
    global count
    count += 1
    print("printed", event)
    logging.getLogger().warning("logged")
    return {"event": event, "count": count, "pid": os.getpid(), "name": context.function_name,
            "memory": context.memory_limit_in_mb, "left": context.get_remaining_time_in_millis(),
            "arn": context.invoked_function_arn, "greeting": os.environ.get("GREETING")}

def whoami(event, context):
    return boto3.client("sts").get_caller_identity()["Arn"]

def fails(event, context):
    raise ValueError("no good")

def sleeps(event, context):
    time.sleep(30)

def leaves(event, context):
    os._exit(3)

def unserializable(event, context):
    return object()

def large(event, context):
    return "x" * (7 * 1024 * 1024)

def chatters(event, context):
    sys.stdout.write("x" * 500_000)
    return len(json.dumps(event))
"""


def archive(source: str = SOURCE) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("code.py", "")
        zipped.writestr("handler.py", source)
    return buffer.getvalue()


def deploy(name: str, **settings: Any) -> Any:
    functions = boto3.client("lambda", config=Config(retries={"max_attempts": 0}))
    functions.create_function(
        FunctionName=name,
        Runtime=settings.pop("Runtime", "python3.13"),
        Handler=f"handler.{settings.pop('Handler', name)}",
        Role=role(f"{name}-role", "lambda.amazonaws.com"),
        Code=settings.pop("Code", {"ZipFile": archive()}),
        **settings,
    )
    return functions


def call(functions: Any, name: str, event: Any = None) -> tuple[Any, dict[str, Any]]:
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read()), answer


def messages(group: str) -> list[str]:
    logs = boto3.client("logs")
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    return [
        event["message"]
        for stream in streams
        for event in logs.get_log_events(logGroupName=group, logStreamName=stream["logStreamName"])["events"]
    ]


def test_a_handler_sees_its_event_its_context_and_its_variables(sandbox: Sandbox) -> None:
    functions = deploy("echo", MemorySize=256, Timeout=5, Environment={"Variables": {"GREETING": "hello"}})
    result, answer = call(functions, "echo", {"a": [1, None, "é"]})
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert result["event"] == {"a": [1, None, "é"]}
    assert (result["name"], result["memory"], result["greeting"]) == ("echo", "256", "hello")
    assert 0 < result["left"] <= 5000
    assert result["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:echo"


def test_an_environment_stays_warm_and_changes_with_the_configuration(sandbox: Sandbox) -> None:
    functions = deploy("echo")
    first, second = call(functions, "echo")[0], call(functions, "echo")[0]
    assert (first["count"], second["count"]) == (1, 2)
    assert first["pid"] == second["pid"]
    functions.update_function_configuration(
        FunctionName="echo", Environment={"Variables": {"GREETING": "new"}}
    )
    assert call(functions, "echo")[0]["greeting"] == "new"


def test_code_from_s3_runs_and_new_code_replaces_it(sandbox: Sandbox) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="assets")
    s3.put_object(Bucket="assets", Key="a.zip", Body=archive("def echo(event, context): return 1"))
    functions = deploy("echo", Code={"S3Bucket": "assets", "S3Key": "a.zip"})
    assert call(functions, "echo")[0] == 1
    functions.update_function_code(FunctionName="echo", ZipFile=archive("def echo(event, context): return 2"))
    assert call(functions, "echo")[0] == 2


def test_the_handler_acts_as_the_role_of_its_function(sandbox: Sandbox) -> None:
    functions = deploy("whoami", Timeout=30)
    assert "assumed-role/whoami-role/whoami" in call(functions, "whoami")[0]


def test_an_exception_is_an_unhandled_function_error_with_its_trace(sandbox: Sandbox) -> None:
    functions = deploy("fails")
    result, answer = call(functions, "fails", {})
    assert answer["FunctionError"] == "Unhandled"
    assert (result["errorType"], result["errorMessage"]) == ("ValueError", "no good")
    assert "handler.py" in result["stackTrace"][-1]
    assert "lambda_runtime" not in "".join(result["stackTrace"])


def test_a_handler_that_takes_too_long_is_ended_at_its_timeout(sandbox: Sandbox) -> None:
    functions = deploy("sleeps", Timeout=1)
    result, answer = call(functions, "sleeps")
    assert answer["FunctionError"] == "Unhandled"
    assert result["errorType"] == "Sandbox.Timedout"
    assert result["errorMessage"].endswith("Task timed out after 1.00 seconds")


def test_a_process_that_leaves_is_an_error_and_the_next_event_gets_a_new_one(sandbox: Sandbox) -> None:
    functions = deploy("leaves")
    for _ in range(2):
        result, _ = call(functions, "leaves")
        assert result["errorType"] == "Runtime.ExitError"
        assert result["errorMessage"].endswith("Runtime exited with error: exit status 3")


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("missing", "Runtime.HandlerNotFound"),
        ("unserializable", "Runtime.MarshalError"),
        ("large", "Function.ResponseSizeTooLarge"),
    ],
)
def test_what_cannot_be_answered_says_so(sandbox: Sandbox, handler: str, kind: str) -> None:
    result, answer = call(deploy(handler, Timeout=30), handler)
    assert answer["FunctionError"] == "Unhandled"
    assert result["errorType"] == kind


def test_a_module_that_does_not_import_is_an_error_of_the_invocation(sandbox: Sandbox) -> None:
    functions = deploy("echo", Code={"ZipFile": archive("import nothing_of_this_name")})
    result, _ = call(functions, "echo")
    assert result["errorType"] == "Runtime.ImportModuleError"
    assert (
        result["errorMessage"] == "Unable to import module 'handler': No module named 'nothing_of_this_name'"
    )


def test_printed_and_logged_lines_stand_between_start_and_report(sandbox: Sandbox) -> None:
    functions = deploy("echo", LoggingConfig={"LogGroup": "flights"})
    call(functions, "echo", 1)
    lines = messages("flights")
    assert lines[0].startswith("START RequestId: ")
    assert lines[1] == "printed 1"
    assert lines[2].startswith("[WARNING]\t")
    assert lines[2].endswith("\tlogged")
    assert lines[-2].startswith("END RequestId: ")
    assert lines[-1].startswith("REPORT RequestId: ")


def test_much_output_and_a_large_event_do_not_block(sandbox: Sandbox) -> None:
    functions = deploy("chatters", Timeout=30)
    assert call(functions, "chatters", "y" * 3_000_000)[0] == 3_000_002


def test_an_asynchronous_event_runs_when_the_account_settles_and_is_tried_three_times(
    sandbox: Sandbox,
) -> None:
    functions = deploy("fails")
    answer = functions.invoke(FunctionName="fails", InvocationType="Event", Payload="{}")
    assert answer["StatusCode"] == 202
    sandbox.advance(minutes=10)
    assert sum(line.startswith("START") for line in messages("/aws/lambda/fails")) == 3


def test_a_dry_run_runs_nothing(sandbox: Sandbox) -> None:
    functions = deploy("leaves")
    assert functions.invoke(FunctionName="leaves", InvocationType="DryRun")["StatusCode"] == 204


def test_a_published_version_keeps_its_code(sandbox: Sandbox) -> None:
    functions = deploy("echo", Code={"ZipFile": archive("def echo(event, context): return 1")})
    version = functions.publish_version(FunctionName="echo")["Version"]
    functions.update_function_code(FunctionName="echo", ZipFile=archive("def echo(event, context): return 2"))
    answer = functions.invoke(FunctionName="echo", Qualifier=version, Payload="{}")
    assert (json.loads(answer["Payload"].read()), answer["ExecutedVersion"]) == (1, version)


def test_refuses_an_event_that_is_no_json(sandbox: Sandbox) -> None:
    functions = deploy("echo")
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        functions.invoke(FunctionName="echo", Payload=b"{")


def test_refuses_an_event_above_six_mebibytes(sandbox: Sandbox) -> None:
    functions = deploy("echo")
    with pytest.raises(ClientError, match="RequestEntityTooLargeException"):
        functions.invoke(FunctionName="echo", Payload=json.dumps("x" * 6_291_456))


def test_refuses_runtimes_that_nothing_here_runs(sandbox: Sandbox) -> None:
    functions = deploy("echo", Runtime="java21")
    with pytest.raises(EngineError, match=r"runtime java21; allowed are zip packages with a python3.x"):
        functions.invoke(FunctionName="echo", Payload="{}")
