"""HTTP as it goes over the wire."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any

from offline.server import Server


@dataclass(frozen=True)
class Got:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def signed_for(service: str, region: str = "us-east-1", key: str = "test") -> dict[str, str]:
    """The header of a signature that nobody verifies."""
    scope = f"{key}/20260105/{region}/{service}/aws4_request"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}


def send(
    server: Server, method: str, path: str, body: bytes | str = b"", headers: dict[str, str] | None = None
) -> Got:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        names = {name.lower(): value for name, value in response.getheaders()}
        return Got(response.status, names, response.read())
    finally:
        connection.close()


def call(server: Server, service: str, target: str, body: bytes | str = "{}", version: str = "1.1") -> Got:
    """A call of the JSON protocol."""
    headers = {"X-Amz-Target": target, "Content-Type": f"application/x-amz-json-{version}"}
    return send(server, "POST", "/", body, headers | signed_for(service))
