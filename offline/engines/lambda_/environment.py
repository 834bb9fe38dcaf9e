"""One execution environment: a process that has loaded the handler and waits for events."""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from facts import limits

LENGTHS = struct.Struct(">II")
MALFORMED_EVENT, ENDED = 2, 3
"""Status of an answer where the event was no JSON, and where the process ends with it."""


@dataclass(frozen=True)
class Answer:
    """What one invocation came to."""

    payload: bytes
    failed: bool
    output: str
    """What the handler printed and logged."""
    milliseconds: float
    ended: str = ""
    """Why Lambda ended the process, `timeout` or `failure`; empty where it answered by itself."""
    notice: str = ""
    """The line in which Lambda tells of that."""
    alive: bool = True
    """Whether the process can take another event."""
    malformed: bool = False
    """Whether the event was no JSON, so that the handler did not see it."""

    @property
    def status(self) -> str:
        """How it went, in the words of platform events."""
        return self.ended or ("error" if self.failed else "success")


class Environment:
    """A process that a runtime's command starts in the folder of the function's code."""

    def __init__(self, command: list[str], variables: dict[str, str], folder: Path) -> None:
        self.log_stream = variables["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._ready = False
        self._output: IO[bytes] = TemporaryFile()  # noqa: SIM115 - lives as long as the process
        requests, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        self._process = subprocess.Popen(
            [*command, str(requests), str(answers)],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=variables,
            pass_fds=(requests, answers),
        )
        os.close(requests)
        os.close(answers)

    def invoke(self, head: dict[str, Any], event: bytes, timeout_seconds: float) -> Answer:
        """Hand the process an event and wait for its answer, its end or the timeout, in real seconds."""
        started = time.monotonic()
        try:
            self._await_init()
            started = time.monotonic()
            status, payload = self._exchange(head, event, started + timeout_seconds)
        except TimeoutError:
            reason = f"Task timed out after {timeout_seconds:.2f} seconds"
            return self._ended(head, "timeout", "Sandbox.Timedout", reason, started)
        except EOFError:
            status = self._process.wait()
            reason = f"exit status {status}" if status >= 0 else f"signal: {-status}"
            reason = f"Runtime exited with error: {reason}"
            return self._ended(head, "failure", "Runtime.ExitError", reason, started)
        took = 1000 * (time.monotonic() - started)
        printed, alive = self._printed(), status != ENDED
        if not alive:
            self.close()
        malformed = status == MALFORMED_EVENT
        return Answer(payload, status != 0, printed, took, alive=alive, malformed=malformed)

    def _await_init(self) -> None:
        """A cold start imports the module before its first event, in a time of its own."""
        if not self._ready:
            self._read(LENGTHS.size, time.monotonic() + float(limits.value("lambda-init-seconds")))
            self._ready = True

    def _exchange(self, head: dict[str, Any], event: bytes, deadline: float) -> tuple[int, bytes]:
        text = json.dumps(head).encode()
        try:
            self._write(LENGTHS.pack(len(text), len(event)) + text + event, deadline)
        except BrokenPipeError:
            raise EOFError from None
        status, length = LENGTHS.unpack(self._read(LENGTHS.size, deadline))
        return status, self._read(length, deadline)

    def _write(self, frame: bytes, deadline: float) -> None:
        os.set_blocking(self._requests, False)
        view = memoryview(frame)
        while view:
            _, ready, _ = select.select([], [self._requests], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            view = view[os.write(self._requests, view) :]

    def _read(self, length: int, deadline: float) -> bytes:
        buffer = bytearray()
        while len(buffer) < length:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError
            part = os.read(self._answers, min(length - len(buffer), 1 << 20))
            if not part:
                raise EOFError
            buffer += part
        return bytes(buffer)

    def _ended(self, head: dict[str, Any], why: str, kind: str, reason: str, started: float) -> Answer:
        self._process.kill()
        self._process.wait()
        printed = self._printed()
        self.close()
        message = f"RequestId: {head['request_id']} Error: {reason}"
        payload = json.dumps({"errorType": kind, "errorMessage": message}).encode()
        took = 1000 * (time.monotonic() - started)
        return Answer(payload, True, printed, took, ended=why, notice=message, alive=False)

    def _printed(self) -> str:
        """What came out since the last look; the file is emptied, so it never grows."""
        descriptor = self._output.fileno()
        size = os.fstat(descriptor).st_size
        if size == 0:
            return ""
        text = os.pread(descriptor, size, 0).decode(errors="replace")
        # The process shares this descriptor's position, so its next line starts at the front again.
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.ftruncate(descriptor, 0)
        return text

    def close(self) -> None:
        """End the process and wait until it is gone."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        for descriptor in (self._requests, self._answers):
            if descriptor >= 0:
                os.close(descriptor)
        self._requests = self._answers = -1
        self._output.close()
