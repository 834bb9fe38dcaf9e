"""Rows of AWS CloudFormation's own types: custom resources, which a Lambda function answers for.

CloudFormation sends the function a request and waits until something is PUT at its `ResponseURL`.
Source: AWS CloudFormation User Guide, "Custom resource request objects" and "response objects".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

from offline.errors import DeploymentError
from offline.resources.row import Physical, Resource, Row


def create_custom_resource(resource: Resource) -> Physical:
    answer = _ask(resource, "Create", None)
    return Physical(answer["PhysicalResourceId"], answer.get("Data") or {})


def delete_custom_resource(resource: Resource, custom: Physical) -> None:
    _ask(resource, "Delete", custom)


def _ask(resource: Resource, request: str, custom: Physical | None) -> dict[str, Any]:
    """The function's answer to one request; a FAILED answer, or none, fails the stack."""
    names = [name for name in resource.properties.names() if name != "ServiceTimeout"]
    properties = {name: _as_text(resource.properties.take(name)) for name in names}
    resource.properties.take("ServiceTimeout")
    event = {
        "RequestType": request,
        "RequestId": str(uuid.uuid4()),
        "StackId": resource.stack_id,
        "ResourceType": resource.type,
        "LogicalResourceId": resource.logical_id,
        "ResourceProperties": properties,
    }
    if custom is not None:
        event["PhysicalResourceId"] = custom.id
    with _mailbox() as (url, letters):
        invocation = resource.client("lambda").invoke(
            FunctionName=properties["ServiceToken"], Payload=json.dumps({**event, "ResponseURL": url})
        )
        outcome = invocation["Payload"].read().decode()
    if not letters:
        raise DeploymentError(
            f"{resource.type}: the function answered nothing at ResponseURL; it said: {outcome}"
        )
    answer: dict[str, Any] = json.loads(letters[0])
    if answer["Status"] != "SUCCESS":
        raise DeploymentError(
            f"Received response status [FAILED] from custom resource: {answer.get('Reason')}"
        )
    return answer


def _as_text(value: Any) -> Any:
    """CloudFormation hands custom resources every scalar as text."""
    if isinstance(value, dict):
        return {key: _as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


@contextmanager
def _mailbox() -> Iterator[tuple[str, list[bytes]]]:
    """A loopback address, and what is PUT there."""
    letters: list[bytes] = []

    class Mailbox(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            letters.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing on standard error."""

    with HTTPServer(("127.0.0.1", 0), Mailbox) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", letters
        finally:
            server.shutdown()
            thread.join()


ROWS = (Row("AWS::CloudFormation::CustomResource", create_custom_resource, delete_custom_resource),)
