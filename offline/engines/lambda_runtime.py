"""What runs inside the process of a Python function: the part that AWS calls the runtime.

Standard library only, and started as a script: `python lambda_runtime.py <requests fd> <answers fd>`.
A request is two lengths (4 bytes each, big endian), a JSON head and the event; an answer is a status, a
length and the handler's result, each as JSON text. They have pipes of their own, so that what user code
prints cannot harm them.
"""

import importlib
import json
import logging
import os
import struct
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

LENGTHS = struct.Struct(">II")
FINE, FAILED, MALFORMED_EVENT = 0, 1, 2


class Context:
    """The context object of the handler, as AWS documents it for Python."""

    def __init__(self, head: dict[str, Any]) -> None:
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.aws_request_id = head["request_id"]
        self.invoked_function_arn = head["arn"]
        self.identity = None
        self.client_context = head.get("client_context")
        self._deadline = time.monotonic() + head["timeout_seconds"]

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


SECONDS = "%Y-%m-%dT%H:%M:%S"


class LogFormatter(logging.Formatter):
    """Lines as the runtime writes them: level, time, request, message, between tabs."""

    converter = staticmethod(time.gmtime)
    request_id = ""

    def __init__(self) -> None:
        super().__init__(
            "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s", SECONDS
        )

    def format(self, record: logging.LogRecord) -> str:
        record.aws_request_id = self.request_id
        return super().format(record)

    def uncaught(self, shape: dict[str, Any]) -> str:
        """The error that ended an invocation."""
        trace = "".join(shape["stackTrace"])
        head = f"[ERROR] {shape['errorType']}: {shape['errorMessage']}\n"
        return head + (f"Traceback (most recent call last):\n{trace}" if trace else "")


class JsonFormatter(LogFormatter):
    """JSON objects in place of lines, with what a record has in `extra`."""

    own = {*vars(logging.makeLogRecord({})), "message", "asctime", "aws_request_id"}

    def format(self, record: logging.LogRecord) -> str:
        level = min(max(record.levelno, logging.NOTSET), logging.CRITICAL) // 10 * 10
        told: dict[str, Any] = {
            "timestamp": timestamp(record.created),
            "level": logging.getLevelName(level),
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": self.request_id,
        }
        if record.exc_info and record.exc_info[0]:
            kind, error, trace = record.exc_info
            told |= {
                "stackTrace": traceback.format_tb(trace),
                "errorType": kind.__name__,
                "errorMessage": str(error),
                "location": f"{record.pathname}:{record.funcName}:{record.lineno}",
            }
        extra = {name: value for name, value in vars(record).items() if name not in self.own | told.keys()}
        return json.dumps(told | extra, ensure_ascii=False)

    def uncaught(self, shape: dict[str, Any]) -> str:
        return json.dumps({"timestamp": timestamp(time.time()), "level": "ERROR", **shape}) + "\n"


def timestamp(epoch: float) -> str:
    return f"{time.strftime(SECONDS, time.gmtime(epoch))}.{int(epoch % 1 * 1000):03d}Z"


FORMATTER = JsonFormatter() if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON" else LogFormatter()


def main(requests_fd: int, answers_fd: int) -> None:
    requests, answers = os.fdopen(requests_fd, "rb"), os.fdopen(answers_fd, "wb")
    handler_of_logs = logging.StreamHandler(sys.stdout)
    handler_of_logs.setFormatter(FORMATTER)
    logging.getLogger().addHandler(handler_of_logs)
    if level := os.environ.get("AWS_LAMBDA_LOG_LEVEL"):
        logging.getLogger().setLevel("DEBUG" if level == "TRACE" else level)
    handler, error = load(os.environ["_HANDLER"])
    answers.write(LENGTHS.pack(0, 0))
    answers.flush()
    while lengths := requests.read(LENGTHS.size):
        head_length, body_length = LENGTHS.unpack(lengths)
        head, body = json.loads(requests.read(head_length)), requests.read(body_length)
        FORMATTER.request_id = head["request_id"]
        status, answer = (FAILED, error) if handler is None else call(handler, head, body)
        sys.stdout.flush()
        sys.stderr.flush()
        answers.write(LENGTHS.pack(status, len(answer)) + answer)
        answers.flush()


def load(path: str) -> tuple[Callable[[Any, Context], Any] | None, bytes]:
    """The handler, or None and why there is none."""
    name, _, attribute = path.rpartition(".")
    try:
        module = importlib.import_module(name.replace("/", "."))
    except ImportError as error:
        return None, refusal("Runtime.ImportModuleError", f"Unable to import module '{name}': {error}")
    except SyntaxError as error:
        return None, refusal("Runtime.UserCodeSyntaxError", f"Syntax error in module '{name}': {error}")
    except BaseException as error:  # noqa: BLE001 - whatever a module raises on import is the invocation's answer
        return None, failure(error)
    if not hasattr(module, attribute):
        return None, refusal("Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module '{name}'")
    return getattr(module, attribute), b""


def call(handler: Callable[[Any, Context], Any], head: dict[str, Any], body: bytes) -> tuple[int, bytes]:
    """How it went, and the handler's answer or its error as JSON."""
    try:
        event = json.loads(body or b"{}")
    except ValueError as error:
        return MALFORMED_EVENT, str(error).encode()
    try:
        answer = handler(event, Context(head))
    except Exception as error:  # noqa: BLE001 - any exception of user code becomes the invocation's answer
        return FAILED, failure(error)
    try:
        return FINE, json.dumps(answer, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        return FAILED, refusal("Runtime.MarshalError", f"Unable to marshal response: {error}")


def failure(error: BaseException) -> bytes:
    """An exception as Lambda answers it; the frames of this file are left out."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
    trace = traceback.format_list(frames)
    return answered(type(error).__name__, str(error), trace, FORMATTER.request_id)


def refusal(kind: str, message: str) -> bytes:
    return answered(kind, message, [], "")


def answered(kind: str, message: str, trace: list[str], request_id: str) -> bytes:
    """An error as JSON, once it stands in the function's log."""
    shape = {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}
    sys.stdout.write(FORMATTER.uncaught(shape))
    return json.dumps(shape).encode()


def prepare() -> None:
    """Modules are found where the function has them, and what is named by its place on AWS as well."""
    sys.path[0] = str(Path(__file__).parents[2])
    from offline import relocated

    # Not this script's folder: user code must not find our modules by their short names.
    sys.path[0:1] = [path for path in os.environ["LAMBDA_IMPORT_PATH"].split(os.pathsep) if path]
    relocated.install({"/var/task": os.environ["LAMBDA_TASK_ROOT"], "/opt": os.environ["LAMBDA_OPT"]})


if __name__ == "__main__":
    prepare()
    main(int(sys.argv[1]), int(sys.argv[2]))
