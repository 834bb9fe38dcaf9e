"""The wire form of Invoke."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.responses import LambdaResponse
from moto.awslambda.urls import url_bases
from moto.awslambda.urls import url_paths as moto_url_paths

from offline.engines.lambda_.engine import LambdaEngine, refuse_large

__all__ = ["url_bases", "url_paths"]


class InvokeResponse(LambdaResponse):
    """moto's responses, but for the one that runs code."""

    def setup_class(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """An event is bytes, until the function reads it as JSON."""
        super().setup_class(
            request, *args, **kwargs | {"use_raw_body": request.path.endswith("/invocations")}
        )

    def invoke(self) -> tuple[int, dict[str, str], str | bytes]:
        engine = self.backend
        assert isinstance(engine, LambdaEngine)
        name = unquote(self.path.rsplit("/", 2)[-2])
        function: Any = engine.get_function(name, self.querystring.get("Qualifier", [None])[0])
        event = self.body if isinstance(self.body, bytes) else self.body.encode()
        refuse_large(event)
        kind = self.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return 204, {"status": "204"}, ""
        if kind == "Event":
            json_or_refuse(event)
            return 202, {"status": "202", "x-amzn-requestid": engine.enqueue(function, event)}, ""
        return self._answer(engine, function, event)

    def _answer(self, engine: LambdaEngine, function: Any, event: bytes) -> tuple[int, dict[str, str], bytes]:
        answer = engine.run(function, event)
        if answer.malformed:
            raise not_json(answer.payload.decode())
        headers = {"content-type": "application/json", "x-amz-executed-version": str(function.version)}
        if answer.failed:
            headers["x-amz-function-error"] = "Unhandled"
        if self.headers.get("X-Amz-Log-Type") == "Tail":
            told = answer.output + answer.notice
            headers["x-amz-log-result"] = base64.b64encode(told.encode()[-4096:]).decode()
        return 200, headers, answer.payload


def json_or_refuse(event: bytes) -> None:
    """Turn a payload away that is not JSON; an empty one stands for an empty event."""
    try:
        json.loads(event or b"{}")
    except ValueError as error:
        raise not_json(str(error)) from None


def not_json(reason: str) -> LambdaClientError:
    return LambdaClientError(
        "InvalidRequestContentException", f"Could not parse request body into json: {reason}"
    )


url_paths = dict.fromkeys(moto_url_paths, InvokeResponse.dispatch)
