"""Clients that speak HTTP/2 to the account, as that of Kinesis in the SDK for JavaScript does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded, StreamReset

from offline.sandbox import Sandbox
from offline.server import Server
from tests.offline.engines.test_lambda_ import call
from tests.offline.engines.test_lambda_node import node
from tests.offline.server.conftest import ClientOf


class Client:
    """One connection; what was answered by stream: status, and body or None where the stream was reset."""

    def __init__(self, server: Server) -> None:
        self._socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self._state = H2Connection()
        self._state.initiate_connection()
        self.status: dict[int, bytes] = {}
        self.bodies: dict[int, bytes | None] = {}
        self._open: set[int] = set()

    def close(self) -> None:
        self._socket.close()

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> int:
        stream = self._state.get_next_available_stream_id()
        named = {":method": method, ":path": path, ":scheme": "http", ":authority": "localhost", **headers}
        self._state.send_headers(stream, list(named.items()), end_stream=not body)
        while body:
            room = min(self._state.local_flow_control_window(stream), self._state.max_outbound_frame_size)
            if room == 0:
                self._read()
                continue
            self._state.send_data(stream, body[:room], end_stream=room >= len(body))
            body = body[room:]
            self._socket.sendall(self._state.data_to_send())
        self.bodies[stream] = b""
        return stream

    def until_answered(self, *streams: int) -> list[tuple[bytes, bytes | None]]:
        self._socket.sendall(self._state.data_to_send())
        self._open = set(streams)
        while self._open:
            self._read()
        return [(self.status.get(stream, b""), self.bodies[stream]) for stream in streams]

    def is_closed(self) -> bool:
        """Whether the server ends the connection; what it says before does not matter."""
        while self._socket.recv(1 << 16):
            pass
        return True

    def _read(self) -> None:
        data = self._socket.recv(1 << 16)
        assert data, "the server closed the connection"
        for event in self._state.receive_data(data):
            match event:
                case ResponseReceived():
                    self.status[event.stream_id] = dict(event.headers)[b":status"]
                case DataReceived():
                    self.bodies[event.stream_id] = (self.bodies[event.stream_id] or b"") + event.data
                    self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                case StreamEnded():
                    self._open.discard(event.stream_id)
                case StreamReset():
                    self.bodies[event.stream_id] = None
                    self._open.discard(event.stream_id)
        self._socket.sendall(self._state.data_to_send())


@pytest.fixture
def http2(server: Server) -> Iterator[Client]:
    client = Client(server)
    yield client
    client.close()


def signed(client_of: ClientOf, operation: str, **parameters: Any) -> str:
    """Path and query of a presigned request."""
    url = urlsplit(client_of("s3").generate_presigned_url(operation, Params=parameters))
    return f"{url.path}?{url.query}"


def test_requests_and_answers_that_are_larger_than_a_window_arrive_whole(
    http2: Client, client_of: ClientOf
) -> None:
    client_of("s3").create_bucket(Bucket="box")
    content = bytes(range(256)) * 12_000
    place = {"Bucket": "box", "Key": "a"}
    asked = http2.ask(
        "PUT", signed(client_of, "put_object", **place), content, **{"x-amz-meta-some_name": "é"}
    )
    assert http2.until_answered(asked) == [(b"200", b"")]
    head = http2.ask("HEAD", signed(client_of, "head_object", **place))
    again = http2.ask("GET", signed(client_of, "get_object", **place))
    assert http2.until_answered(head, again) == [(b"200", b""), (b"200", content)]


def test_requests_of_one_connection_are_each_answered(http2: Client, client_of: ClientOf) -> None:
    s3 = client_of("s3")
    s3.create_bucket(Bucket="box")
    for number in range(20):
        s3.put_object(Bucket="box", Key=str(number), Body=str(number).encode())
    asked = [http2.ask("GET", signed(client_of, "get_object", Bucket="box", Key=str(n))) for n in range(20)]
    assert http2.until_answered(*asked) == [(b"200", str(n).encode()) for n in range(20)]


def test_what_http_1_cannot_say_is_no_request(http2: Client) -> None:
    wrong, right = http2.ask("GET", "/a b"), http2.ask("GET", "/_sandbox/status")
    told = http2.until_answered(wrong, right)
    assert told[0] == (b"", None)
    assert told[1][0] == b"200"


def test_what_is_no_http_2_ends_its_connection_alone(server: Server, client_of: ClientOf) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0" * 9)
        while client.recv(1 << 16):
            pass
    assert client_of("s3").list_buckets()["Buckets"] == []


def test_a_server_that_stops_ends_its_connections() -> None:
    with Sandbox() as sandbox:
        http2 = Client(sandbox.serve())
        http2.until_answered(http2.ask("GET", "/_sandbox/status"))
    assert http2.is_closed()
    http2.close()


def test_the_sdk_for_javascript_puts_records(sandbox: Sandbox) -> None:
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="flights", ShardCount=1)
    source = """
    const { Kinesis } = require("@aws-sdk/client-kinesis");
    exports.echo = async () => (await new Kinesis().putRecord(
      { StreamName: "flights", PartitionKey: "a", Data: Buffer.from("late") })).ShardId;
    """
    assert call(node("echo", source, Timeout=30), "echo")[0] == "shardId-000000000000"
    shard = kinesis.get_shard_iterator(
        StreamName="flights", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )
    [record] = kinesis.get_records(ShardIterator=shard["ShardIterator"])["Records"]
    assert record["Data"] == b"late"
