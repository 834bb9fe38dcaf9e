"""HTTP on loopback: waitress receives requests whole and sends answers; threads serve in between."""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from ipaddress import ip_address
from threading import Lock, Thread
from typing import Any

from moto.core.request import PRESERVED_HEADER_NAMES_ENVIRON_KEY, environ_key_for_header
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ThreadedTaskDispatcher, WSGITask
from waitress.wasyncore import close_all, loop

from facts import limits
from offline.server.forms import Answer
from offline.server.routing import Request

LOOPBACK = "127.0.0.1"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client sends first that speaks HTTP/2."""
THREADS = 4
"""Threads to begin with; there are always more than requests that wait for something."""
CONNECTIONS = 1000
METADATA_NAME = re.compile(rb"\r\nX-Amz-Meta-[^:]+:")
METADATA = "metadata with underscores"
"""A key among the headers that no client can send."""

# That requests queue is nothing to warn of: they share one account.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)

Application = Callable[[Request], Answer]


class Parser(HTTPRequestParser):
    """Takes two things that S3's clients do: they announce bodies that are empty (waitress would wait for
    ever), and name metadata with underscores (it leaves those out, as WSGI cannot tell them from dashes).
    """

    def parse_header(self, header_plus: bytes) -> None:
        super().parse_header(header_plus)
        if self.body_rcv is None:
            self.expect_continue = False
        if b"\nx-amz-meta-" not in header_plus.lower():
            return
        lines = [line.decode("latin-1").partition(":") for line in header_plus.split(b"\r\n")[1:]]
        kept = {
            name: value.strip(" \t")
            for name, _, value in lines
            if "_" in name and name.lower().startswith("x-amz-meta-")
        }
        if kept:
            self.headers[METADATA] = json.dumps(kept)


class Task(WSGITask):
    """Leaves the names of S3 metadata in lower case; waitress writes all names in capitals."""

    def build_response_header(self) -> bytes:
        return METADATA_NAME.sub(lambda name: name[0].lower(), super().build_response_header())


class Channel(HTTPChannel):
    parser_class = Parser
    task_class = Task

    def received(self, data: bytes) -> bool:
        if self.request is not None or not data.startswith(PREFACE):
            return bool(super().received(data))
        self.del_channel()
        self.server.pass_on(self.socket, data)
        return True


class Listener(TcpWSGIServer):
    channel_class = Channel

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._passed_on, self._clients = Lock(), set[socket.socket]()

    def pass_on(self, client: socket.socket, data: bytes) -> None:
        """Go on with a client that speaks HTTP/2 in a thread of its own."""
        client.setblocking(True)
        with self._passed_on:
            self._clients.add(client)
        Thread(target=self._translate, args=(client, data), name="http2", daemon=True).start()

    def _translate(self, client: socket.socket, data: bytes) -> None:
        from offline.server.http2 import Translator  # few clients need it

        with client, suppress(OSError):
            Translator(client, self.socket.getsockname()[:2]).run(data)
        with self._passed_on:
            self._clients.discard(client)

    def leave(self) -> None:
        """End the connections that are passed on."""
        with self._passed_on:
            for client in self._clients:
                with suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)


class HttpServer:
    """An address that an application answers, from `start` to `stop`."""

    def __init__(self, application: Application, host: str = LOOPBACK, port: int = 0) -> None:
        if not ip_address(host).is_loopback:
            raise ValueError(
                f"the account is served on loopback only, got {host}; allowed: 127.0.0.1 and ::1"
            )
        self._application = application
        self._socket = bound(host, port)
        self._threads = ThreadedTaskDispatcher()
        self._count = Lock()
        self._busy, self._most = 0, THREADS
        self._threads.set_thread_count(THREADS)
        self._sockets: dict[int, Any] = {}
        self._listener = Listener(
            self._wsgi,
            map=self._sockets,
            _sock=self._socket,
            bind_socket=False,
            sockinfo=(self._socket.family, self._socket.type, None, self._socket.getsockname()),
            dispatcher=self._threads,
            connection_limit=CONNECTIONS,
            max_request_body_size=int(limits.value("s3-put-bytes-highest")) + 1,
            asyncore_use_poll=True,
            log_socket_errors=False,
            ident="offline",
        )
        self._loop = Thread(target=self._run, name="http", daemon=True)

    def _run(self) -> None:
        loop(timeout=1, map=self._sockets, use_poll=True)

    @property
    def port(self) -> int:
        return int(self._listener.effective_port)

    def start(self) -> None:
        self._loop.start()

    def stop(self) -> None:
        """No request is taken any more; those that are being served are answered, if that takes no long."""
        self._threads.shutdown(timeout=2)
        with suppress(OSError):  # Woken by an answer, the loop may close all before it is woken for it.
            self._listener.trigger.pull_trigger(lambda: close_all(self._sockets))
        self._loop.join()
        self._listener.leave()

    def _wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self._more_threads_than_busy(1)
        try:
            return self._respond(environ, start_response)
        finally:
            self._more_threads_than_busy(-1)

    def _more_threads_than_busy(self, change: int) -> None:
        """A request may wait for a function that makes requests of its own: a thread is free for those."""
        with self._count:
            self._busy += change
            if self._busy == self._most:
                self._most *= 2
                self._threads.set_thread_count(self._most)

    def _respond(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        restore_metadata(environ)
        environ["RAW_URI"] = environ["REQUEST_URI"]
        answer = self._application(Request(environ))
        headers = {name: _line(value) for name, value in answer.headers.items()}
        if not (environ["REQUEST_METHOD"] == "HEAD" and "content-length" in headers):
            headers["content-length"] = str(len(answer.body))
        start_response(f"{answer.status} {reason(answer.status)}", list(headers.items()))
        return [answer.body]


def bound(host: str, port: int) -> socket.socket:
    """A socket that has the address; an `OSError` where another program has it."""
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except OSError:
        found.close()
        raise
    return found


def restore_metadata(environ: dict[str, Any]) -> None:
    """Headers with underscores stand beside the others, and moto is told how they were spelled."""
    names: dict[str, str] = {}
    for name, value in json.loads(environ.pop(f"HTTP_{METADATA}", "{}")).items():
        key = environ_key_for_header(name)
        if key not in environ:
            environ[key], names[key] = value, name
    environ[PRESERVED_HEADER_NAMES_ENVIRON_KEY] = names


def reason(status: int) -> str:
    """The words beside a status.

    >>> reason(404), reason(499)
    ('Not Found', '')
    """
    return HTTPStatus(status).phrase if status in HTTPStatus.__members__.values() else ""


def _line(value: str) -> str:
    """A header's value in one line, in the only alphabet that HTTP has."""
    return value.replace("\r", " ").replace("\n", " ").encode("utf-8", "replace").decode("latin-1")
