"""HTTP/2 on the server's address: a connection that begins with its preface is passed on as HTTP/1.1.

Some clients speak it without asking whether the server does, as that of Kinesis in the SDK for JavaScript.
Source: RFC 9113, "Starting HTTP/2 with Prior Knowledge".
"""

from __future__ import annotations

import socket
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from tempfile import SpooledTemporaryFile
from typing import IO

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

OF_A_CONNECTION = {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
"""Headers that HTTP/2 has no place for."""
IN_MEMORY = 1 << 20
"""Bytes of a body; what is larger lies in a file."""

Headers = list[tuple[bytes, bytes]]


class Translator:
    """One connection: its requests are passed on one after the other."""

    def __init__(self, client: socket.socket, server: tuple[str, int]) -> None:
        self._client, self._server = client, server
        self._state = H2Connection(H2Configuration(client_side=False, header_encoding=None))
        self._asked: dict[int, tuple[Headers, IO[bytes]]] = {}
        self._to_send: dict[int, memoryview] = {}

    def run(self, data: bytes) -> None:
        """Until the client closes the connection, or breaks the protocol."""
        self._state.initiate_connection()
        try:
            while data:
                for event in self._state.receive_data(data):
                    self._on(event)
                self._send()
                data = self._client.recv(1 << 16)
        except ProtocolError:
            self._client.sendall(self._state.data_to_send())
        finally:
            for _, body in self._asked.values():
                body.close()

    def _on(self, event: Event) -> None:
        match event:
            case RequestReceived():
                body = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed when it was passed on
                self._asked[event.stream_id] = (event.headers, body)
            case DataReceived():
                self._asked[event.stream_id][1].write(event.data)
                self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case StreamEnded():
                self._answer(event.stream_id, *self._asked.pop(event.stream_id))
            case StreamReset():
                self._to_send.pop(event.stream_id, None)
                if event.stream_id in self._asked:
                    self._asked.pop(event.stream_id)[1].close()

    def _answer(self, stream: int, headers: Headers, body: IO[bytes]) -> None:
        try:
            with body:
                answered, content = self._ask(headers, body)
        except (HTTPException, KeyError, OSError, ValueError):
            self._state.reset_stream(stream, ErrorCodes.PROTOCOL_ERROR)
            return
        self._state.send_headers(stream, answered, end_stream=not content)
        if content:
            self._to_send[stream] = memoryview(content)

    def _ask(self, headers: Headers, body: IO[bytes]) -> tuple[Headers, bytes]:
        """The answer of the server to the same request in HTTP/1.1."""
        pseudo = {name: value.decode("latin-1") for name, value in headers if name.startswith(b":")}
        size = body.tell()
        body.seek(0)
        with closing(HTTPConnection(*self._server)) as server:
            server.putrequest(pseudo[b":method"], pseudo[b":path"], skip_host=True, skip_accept_encoding=True)
            server.putheader("host", pseudo.get(b":authority", ""))
            for name, value in headers:
                if not name.startswith(b":") and name not in (b"host", b"content-length"):
                    server.putheader(name.decode("latin-1"), value)
            server.putheader("content-length", str(size))
            server.endheaders(body)
            answer = server.getresponse()
            given = [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in answer.getheaders()
            ]
            kept = [(name, value) for name, value in given if name not in OF_A_CONNECTION]
            return [(b":status", str(answer.status).encode()), *kept], answer.read()

    def _send(self) -> None:
        """As much of the answers as the client has room for."""
        for stream, content in list(self._to_send.items()):
            while content and (room := self._state.local_flow_control_window(stream)) > 0:
                part = content[: min(room, self._state.max_outbound_frame_size)]
                content = content[len(part) :]
                self._state.send_data(stream, part, end_stream=not content)
                self._client.sendall(self._state.data_to_send())
            if content:
                self._to_send[stream] = content
            else:
                del self._to_send[stream]
        self._client.sendall(self._state.data_to_send())
