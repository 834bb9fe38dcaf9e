"""AWS Lambda's Node.js runtimes: the deployed handler runs in the Node.js that is here."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from offline.engines.lambda_ import runtimes
from offline.sandbox import Sandbox
from tests.offline.engines.test_lambda_ import call, deploy, messages
from tests.offline.engines.test_lambda_layers import layer, packed

SOURCE = """
exports.echo = async (event, context) => ({
  event,
  name: context.functionName,
  arn: context.invokedFunctionArn,
  left: context.getRemainingTimeInMillis(),
  variable: process.env.COLOUR,
  runtime: process.env.AWS_EXECUTION_ENV,
});
exports.nested = { deep: async () => "found" };
exports.nothing = async () => {};
exports.fails = async () => { throw new TypeError("no good"); };
exports.circular = async () => { const it = {}; it.self = it; return it; };
exports.logs = async () => { console.log("one\\ntwo %d", 2); console.warn("careful"); };
exports.count = async () => (globalThis.count = (globalThis.count ?? 0) + 1);
exports.sleeps = () => new Promise((resolve) => setTimeout(resolve, 60000));
exports.leaves = async () => process.exit(3);
exports.forgets = () => new Promise(() => { setImmediate(() => { throw new Error("late"); }); });
exports.rejects = () => new Promise(() => { Promise.reject(new Error("nobody")); });
exports.later = async () => {
  setTimeout(() => { globalThis.ran = true; }, 1);
  return globalThis.ran ?? "not yet";
};
exports.callback = (event, context, callback) => { setTimeout(() => callback(null, event.a + 1), 5); };
exports.refused = (event, context, callback) => { callback(new RangeError("too far")); };
exports.silent = (event, context) => { setTimeout(() => {}, 5); };
exports.done = (event, context) => { context.succeed("old"); };
exports.promised = (event, context, callback) => Promise.resolve("kept");
"""


def node(name: str, source: str = SOURCE, *, file: str = "handler.js", **settings: Any) -> Any:
    code = {"ZipFile": packed((file, source))}
    return deploy(
        name.partition(".")[0], **{"Handler": name, "Runtime": "nodejs24.x", "Code": code, **settings}
    )


def test_a_handler_sees_its_event_its_context_and_its_variables(sandbox: Sandbox) -> None:
    functions = node("echo", Environment={"Variables": {"COLOUR": "blue"}}, Timeout=5)
    result, _ = call(functions, "echo", {"a": [1, None, "é"]})
    assert 0 < result.pop("left") <= 5000
    assert result == {
        "event": {"a": [1, None, "é"]},
        "name": "echo",
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:echo",
        "variable": "blue",
        "runtime": "AWS_Lambda_nodejs24.x",
    }


@pytest.mark.parametrize(
    ("handler", "runtime", "event", "answer"),
    [
        ("nested.deep", "nodejs24.x", None, "found"),
        ("nothing", "nodejs24.x", None, None),
        ("callback", "nodejs22.x", {"a": 1}, 2),
        ("silent", "nodejs22.x", None, None),
        ("done", "nodejs20.x", None, "old"),
        ("promised", "nodejs22.x", None, "kept"),
    ],
)
def test_a_handler_answers_as_its_runtime_lets_it(
    sandbox: Sandbox, handler: str, runtime: str, event: Any, answer: Any
) -> None:
    functions = node(handler, Runtime=runtime)
    for _ in range(2):
        result, told = call(functions, handler.partition(".")[0], event)
        assert (result, told.get("FunctionError")) == (answer, None)


@pytest.mark.parametrize(
    ("handler", "runtime", "kind", "message"),
    [
        ("fails", "nodejs24.x", "TypeError", "no good"),
        ("refused", "nodejs22.x", "RangeError", "too far"),
        ("circular", "nodejs24.x", "Runtime.JSONStringifyError", "Unable to stringify response body"),
        ("missing", "nodejs24.x", "Runtime.HandlerNotFound", "handler.missing is undefined or not exported"),
        ("callback", "nodejs24.x", "Runtime.CallbackHandlerDeprecated", "make it async"),
        ("forgets", "nodejs24.x", "Error", "late"),
        ("rejects", "nodejs24.x", "Runtime.UnhandledPromiseRejection", "Error: nobody"),
        ("leaves", "nodejs24.x", "Runtime.ExitError", "exit status 3"),
    ],
)
def test_what_goes_wrong_is_an_unhandled_function_error(
    sandbox: Sandbox, handler: str, runtime: str, kind: str, message: str
) -> None:
    functions = node(handler, Runtime=runtime)
    for _ in range(2):
        result, told = call(functions, handler, {})
        assert told["FunctionError"] == "Unhandled"
        assert result["errorType"] == kind
        assert message in result["errorMessage"]
        assert "lambda_runtime" not in str(result)


@pytest.mark.parametrize(
    ("source", "kind", "message"),
    [
        ("require('nothing-of-this-name')", "Runtime.ImportModuleError", "Cannot find module"),
        ("require('@aws-sdk/client-none')", "Runtime.ImportModuleError", "client-s3"),
        ("exports.echo = async (", "Runtime.UserCodeSyntaxError", "SyntaxError"),
        ("throw new Error('at once')", "Error", "at once"),
    ],
)
def test_a_module_that_does_not_load_is_an_error_of_the_invocation(
    sandbox: Sandbox, source: str, kind: str, message: str
) -> None:
    result, _ = call(node("echo", source), "echo")
    assert result["errorType"] == kind
    assert message in result["errorMessage"]


def test_without_the_sdk_a_function_is_told_how_to_get_it(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(runtimes, "SDK", tmp_path)
    result, _ = call(node("echo", "require('@aws-sdk/client-s3')"), "echo")
    assert result["errorMessage"].endswith("is installed by: make sdk")


@pytest.mark.parametrize(
    ("file", "source"),
    [
        (
            "handler.mjs",
            "import { S3 } from '@aws-sdk/client-s3'; export const echo = async () => typeof S3;",
        ),
        (
            "handler.cjs",
            "const { S3 } = require('@aws-sdk/client-s3'); exports.echo = async () => typeof S3;",
        ),
        ("handler.mjs", "await Promise.resolve(); export const echo = async () => 'function';"),
    ],
)
def test_modules_of_both_kinds_are_loaded_and_find_the_sdk(sandbox: Sandbox, file: str, source: str) -> None:
    assert call(node("echo", source, file=file), "echo")[0] == "function"


def test_modules_of_layers_are_found(sandbox: Sandbox) -> None:
    shared = layer("shared", ("nodejs/node_modules/shared/index.js", "exports.NAME = 'shared'"))
    source = "exports.echo = async () => require('shared').NAME"
    assert call(node("echo", source, Layers=[shared]), "echo")[0] == "shared"


def test_a_function_talks_to_the_account_as_its_role(sandbox: Sandbox) -> None:
    boto3.client("s3").create_bucket(Bucket="box")
    source = """
    const { S3 } = require("@aws-sdk/client-s3"), { STS } = require("@aws-sdk/client-sts");
    exports.echo = async () => {
      await new S3().putObject({ Bucket: "box", Key: "a", Body: "x" });
      return (await new STS().getCallerIdentity()).Arn;
    };
    """
    assert "assumed-role/echo-role/echo" in call(node("echo", source, Timeout=30), "echo")[0]
    assert boto3.client("s3").get_object(Bucket="box", Key="a")["Body"].read() == b"x"


def test_https_to_the_accounts_host_reaches_the_account(sandbox: Sandbox) -> None:
    source = """
    const https = require("https");
    const { hostname } = new URL(process.env.AWS_ENDPOINT_URL);
    exports.echo = () => new Promise((resolve, reject) => {
      const request = https.request({ hostname, path: "/box/a" }, (answer) => resolve(answer.headers));
      request.on("error", reject).end();
    });
    """
    assert "x-amz-request-id" in call(node("echo", source), "echo")[0]


def test_an_environment_stays_warm_and_nothing_runs_between_events(sandbox: Sandbox) -> None:
    functions = node("count")
    assert [call(functions, "count")[0] for _ in range(3)] == [1, 2, 3]
    functions = node("later")
    assert call(functions, "later")[0] == "not yet"


def test_a_handler_that_takes_too_long_is_ended_at_its_timeout(sandbox: Sandbox) -> None:
    result, _ = call(node("sleeps", Timeout=1), "sleeps")
    assert result["errorType"] == "Sandbox.Timedout"


def test_lines_carry_time_request_and_level(sandbox: Sandbox) -> None:
    functions = node("logs")
    call(functions, "logs")
    start, *lines, _, _ = messages("/aws/lambda/logs")
    request = start.split()[2]
    assert [line.split("\t")[1:] for line in lines] == [
        [request, "INFO", "one\rtwo 2"],
        [request, "WARN", "careful"],
    ]
