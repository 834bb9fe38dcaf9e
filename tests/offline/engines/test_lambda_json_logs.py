"""Functions whose LogFormat is JSON: what their logs hold, and what of it is sent."""

from __future__ import annotations

import json
import re
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.sandbox import Sandbox
from tests.offline.engines.test_lambda_ import archive, call, deploy, messages
from tests.offline.engines.test_lambda_node import node

PYTHON = """
import logging, os, time
log = logging.getLogger("flights")

def logs(event, context):
    print("printed é")
    print('{"level": "debug", "message": "printed as well"}')
    log.debug("quiet")
    log.info("one of %d é", 2, extra={"flight": "UA1"})
    logging.warning("careful")
    logging.critical("end")
    return os.environ["AWS_LAMBDA_LOG_LEVEL"]

def catches(event, context):
    try:
        1 / 0
    except ZeroDivisionError:
        logging.exception("caught")

def fails(event, context):
    raise ValueError("no good")

def sleeps(event, context):
    time.sleep(30)

def leaves(event, context):
    os._exit(3)
"""
NODE = """
exports.logs = async () => {
  process.stdout.write("printed\\n");
  console.debug("quiet");
  console.log("one\\nof %d", 2);
  console.info({ flight: "UA1" });
  console.warn("careful", new RangeError("too far"));
  console.error(Object.assign(new TypeError("no good"), { code: "E1" }));
  console.fatal("end");
  const it = {}; it.self = it;
  console.log(it);
};
exports.fails = async () => { throw new TypeError("no good"); };
exports.throws = async () => { throw "thrown"; };
"""
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def python(name: str, **levels: str) -> Any:
    logging = {"LogFormat": "JSON", **levels}
    return deploy(name, Code={"ZipFile": archive(PYTHON)}, LoggingConfig=logging, Timeout=1)


def javascript(name: str, source: str = NODE, **levels: str) -> Any:
    return node(name, source, LoggingConfig={"LogFormat": "JSON", **levels})


def events(name: str) -> list[Any]:
    """What is in the function's log; text stays text, and the times have gone once they were looked at."""
    return [_timeless(line) for line in messages(f"/aws/lambda/{name}")]


def _timeless(line: str) -> Any:
    if not line.startswith("{"):
        return line
    told = json.loads(line)
    stamp = told.pop("time", None) or told.pop("timestamp", None)
    assert stamp is None or re.fullmatch(TIME, stamp)
    return told


def by_level(name: str) -> list[str]:
    return [told.get("level", told.get("type")) if isinstance(told, dict) else "-" for told in events(name)]


def test_lines_of_python_are_json_between_the_events_of_the_platform(sandbox: Sandbox) -> None:
    assert call(python("logs"), "logs")[0] == "INFO"
    start, printed, *logged, report = events("logs")
    request = start["record"]["requestId"]
    assert start == {"type": "platform.start", "record": {"requestId": request, "version": "$LATEST"}}
    assert printed == "printed é"
    assert logged == [
        {
            "level": "INFO",
            "message": "one of 2 é",
            "logger": "flights",
            "requestId": request,
            "flight": "UA1",
        },
        {"level": "WARNING", "message": "careful", "logger": "root", "requestId": request},
        {"level": "CRITICAL", "message": "end", "logger": "root", "requestId": request},
    ]
    metrics = report["record"].pop("metrics")
    assert report == {"type": "platform.report", "record": {"requestId": request, "status": "success"}}
    assert metrics == {
        "durationMs": pytest.approx(metrics["billedDurationMs"], abs=1),
        "billedDurationMs": metrics["billedDurationMs"],
        "memorySizeMB": 128,
    }


def test_an_exception_that_python_logs_has_its_parts(sandbox: Sandbox) -> None:
    call(python("catches"), "catches")
    _, told, _ = events("catches")
    (frame,) = told.pop("stackTrace")
    assert "in catches\n    1 / 0\n" in frame
    assert re.fullmatch(r"/.*/task/handler\.py:catches:\d+", told.pop("location"))
    assert told.pop("requestId")
    assert told == {
        "level": "ERROR",
        "message": "caught",
        "logger": "root",
        "errorType": "ZeroDivisionError",
        "errorMessage": "division by zero",
    }


def test_an_error_that_nobody_catches_is_json_and_the_report_says_so(sandbox: Sandbox) -> None:
    call(python("fails"), "fails")
    start, told, done, report = events("fails")
    assert "in fails" in told.pop("stackTrace")[-1]
    assert told == {
        "level": "ERROR",
        "errorType": "ValueError",
        "errorMessage": "no good",
        "requestId": start["record"]["requestId"],
    }
    assert (done["type"], done["record"]["status"]) == ("platform.runtimeDone", "error")
    assert (report["type"], report["record"]["status"]) == ("platform.report", "error")


@pytest.mark.parametrize(("handler", "status"), [("sleeps", "timeout"), ("leaves", "failure")])
def test_a_process_that_lambda_ends_is_told_by_its_status(
    sandbox: Sandbox, handler: str, status: str
) -> None:
    call(python(handler), handler)
    _, *ends = events(handler)
    assert [told["record"]["status"] for told in ends] == [status, status]


@pytest.mark.parametrize(
    ("levels", "sent"),
    [
        (
            {"SystemLogLevel": "DEBUG", "ApplicationLogLevel": "TRACE"},
            [
                *("platform.start", "-", "debug", "DEBUG", "INFO", "WARNING", "CRITICAL"),
                *("platform.runtimeDone", "platform.report"),
            ],
        ),
        ({"SystemLogLevel": "WARN", "ApplicationLogLevel": "WARN"}, ["WARNING", "CRITICAL"]),
        ({"SystemLogLevel": "WARN", "ApplicationLogLevel": "FATAL"}, ["CRITICAL"]),
    ],
)
def test_only_lines_of_a_level_or_above_are_sent(
    sandbox: Sandbox, levels: dict[str, str], sent: list[str]
) -> None:
    call(python("logs", **levels), "logs")
    assert by_level("logs") == sent


def test_a_failure_is_sent_where_little_is(sandbox: Sandbox) -> None:
    call(python("fails", SystemLogLevel="WARN", ApplicationLogLevel="FATAL"), "fails")
    assert by_level("fails") == ["platform.runtimeDone", "platform.report"]


def test_lines_of_node_are_json_and_their_message_may_be_an_object(sandbox: Sandbox) -> None:
    call(javascript("logs"), "logs")
    start, printed, *logged, _ = events("logs")
    assert printed == "printed"
    assert {told.pop("requestId") for told in logged} == {start["record"]["requestId"]}
    careful, no_good = logged[2], logged[3]["message"]
    assert "RangeError: too far" in careful.pop("message")
    for error in (careful, no_good):
        assert error.pop("stackTrace")[0].endswith(f"Error: {error['errorMessage']}")
    assert logged == [
        {"level": "INFO", "message": "one\nof 2"},
        {"level": "INFO", "message": {"flight": "UA1"}},
        {"level": "WARN", "errorType": "RangeError", "errorMessage": "too far"},
        {
            "level": "ERROR",
            "message": {"errorType": "TypeError", "errorMessage": "no good", "code": "E1"},
        },
        {"level": "FATAL", "message": "end"},
        {"level": "INFO", "message": "<ref *1> { self: [Circular *1] }"},
    ]


@pytest.mark.parametrize(
    ("handler", "source", "kind", "message"),
    [
        ("fails", NODE, "TypeError", "no good"),
        ("throws", NODE, "Error", "thrown"),
        ("missing", NODE, "HandlerNotFound", "handler.missing is undefined or not exported"),
    ],
)
def test_an_error_that_nobody_catches_is_the_message_of_a_line(
    sandbox: Sandbox, handler: str, source: str, kind: str, message: str
) -> None:
    call(javascript(handler, source), handler)
    (told,) = [one for one in events(handler) if one.get("level") == "ERROR"]
    assert told["message"].pop("stackTrace")
    assert told["message"] == {"errorType": kind, "errorMessage": message}


def test_node_sends_what_its_level_lets_through(sandbox: Sandbox) -> None:
    call(javascript("logs", ApplicationLogLevel="FATAL"), "logs")
    assert by_level("logs") == ["platform.start", "FATAL", "platform.report"]


def logging(functions: Any, name: str = "logs") -> Any:
    return functions.get_function_configuration(FunctionName=name)["LoggingConfig"]


def test_a_format_brings_its_levels_and_what_is_not_asked_for_stays(sandbox: Sandbox) -> None:
    functions = deploy("logs", LoggingConfig={"LogGroup": "flights"})
    assert logging(functions) == {"LogFormat": "Text", "LogGroup": "flights"}

    def updated(**settings: str) -> Any:
        functions.update_function_configuration(FunctionName="logs", LoggingConfig=settings)
        return logging(functions)

    usual = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", "LogGroup": "flights"}
    assert updated(LogFormat="JSON") == {"LogFormat": "JSON", **usual}
    warned = updated(SystemLogLevel="WARN")
    assert warned == {"LogFormat": "JSON", **usual, "SystemLogLevel": "WARN"}
    functions.update_function_configuration(FunctionName="logs", Timeout=5)
    assert logging(functions) == warned
    assert updated(LogFormat="Text") == {"LogFormat": "Text", "LogGroup": "flights"}


def test_a_change_of_the_format_reaches_a_warm_function(sandbox: Sandbox) -> None:
    functions = python("fails")
    call(functions, "fails")
    functions.update_function_configuration(FunctionName="fails", LoggingConfig={"LogFormat": "Text"})
    call(functions, "fails")
    assert [line for line in messages("/aws/lambda/fails") if line.startswith("[ERROR] ValueError: no good")]


@pytest.mark.parametrize(
    ("settings", "refusal"),
    [
        ({"ApplicationLogLevel": "INFO"}, 'LogLevel is not supported when LogFormat is set to "Text"'),
        ({"LogFormat": "Text", "SystemLogLevel": "INFO"}, "Remove LogLevel from your request"),
        ({"LogFormat": "XML"}, r"'loggingConfig.logFormat' .* enum value set: \[JSON, Text\]"),
        ({"LogFormat": "JSON", "SystemLogLevel": "TRACE"}, r"'loggingConfig.systemLogLevel'"),
    ],
)
def test_levels_of_text_and_formats_that_are_none_are_refused(
    sandbox: Sandbox, settings: dict[str, str], refusal: str
) -> None:
    with pytest.raises(ClientError, match=refusal):
        deploy("logs", LoggingConfig=settings)
    functions = deploy("other")
    with pytest.raises(ClientError, match=refusal):
        functions.update_function_configuration(FunctionName="other", LoggingConfig=settings)
    assert logging(functions, "other") == {"LogFormat": "Text", "LogGroup": "/aws/lambda/other"}
    names = [one["FunctionName"] for one in boto3.client("lambda").list_functions()["Functions"]]
    assert names == ["other"]
