"""Serve: the model of model/ behind /ping, /invocations and /execution-parameters."""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import numpy as np
import xgboost

from offline.containers import toolkit
from offline.containers.toolkit import UserError, say
from offline.containers.xgboost import data

MAX_CONTENT_LENGTH = int(os.environ.get("MAX_CONTENT_LENGTH", 6 * 1024 * 1024))
ACCEPTS = ("application/json", "application/jsonlines", "text/csv")
BATCH = os.environ.get("SAGEMAKER_BATCH") == "true"
"""Batch transform asks for one value per line, whatever Accept says."""


class Refused(Exception):
    """An HTTP status and what is wrong."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    """SageMaker's hosting contract over HTTP."""

    protocol_version = "HTTP/1.1"
    booster: ClassVar[xgboost.Booster]

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._answer(200, b"", "text/plain")
        elif self.path == "/execution-parameters":
            parameters = {
                "MaxConcurrentTransforms": os.cpu_count(),
                "BatchStrategy": "MULTI_RECORD",
                "MaxPayloadInMB": MAX_CONTENT_LENGTH // 1024**2,
            }
            self._answer(200, json.dumps(parameters).encode(), "application/json")
        else:
            self._answer(404, b"Not Found", "text/plain")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        payload = self.rfile.read(length)
        try:
            if self.path != "/invocations":
                raise Refused(404, "Not Found")
            if length > MAX_CONTENT_LENGTH:
                raise Refused(413, f"The payload has {length} bytes, allowed are {MAX_CONTENT_LENGTH}")
            body, kind = self._invoke(payload)
        except Refused as refused:
            say(f"{refused.status}: {refused}", "ERROR")
            self._answer(refused.status, str(refused).encode(), "text/html; charset=utf-8")
        else:
            self._answer(200 if payload else 204, body, kind)

    def _invoke(self, payload: bytes) -> tuple[bytes, str]:
        if not payload:
            return b"", "text/html"
        matrix = parse(payload, self.headers.get("Content-Type"))
        accept = accepted(self.headers.get("Accept"))
        try:
            predictions = self.booster.predict(matrix, validate_features=False)
        except xgboost.core.XGBoostError as error:
            raise Refused(400, f"Unable to evaluate payload provided: {error}") from error
        return encode(predictions, accept), accept

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        say(format % arguments)


def parse(payload: bytes, content_type: str | None) -> xgboost.DMatrix:
    """The rows of a request: features only, no label."""
    try:
        kind = data.format_of(content_type)
    except UserError as error:
        raise Refused(415, str(error)) from error
    if kind == "parquet":
        raise Refused(415, f"Content-type {content_type} is not supported.")
    try:
        text = payload.strip()
        if kind == "csv":
            return xgboost.DMatrix(data.csv_table(text, data.delimiter(text[:512].split(b"\n")[0].decode())))
        return xgboost.DMatrix(data.libsvm_table([line.split() for line in text.decode().split("\n")]))
    except (ValueError, UserError) as error:
        raise Refused(
            415,
            f"Loading {kind} data failed with Exception, please ensure data is in {kind} format:\n {error}",
        ) from error


def accepted(accept: str | None) -> str:
    kind = (accept or "*/*").split(";")[0].strip().lower()
    if kind == "*/*":
        return os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv")
    if kind not in ACCEPTS:
        raise Refused(
            406, f"Accept type {accept} is not supported. Please use supported accept types: {list(ACCEPTS)}."
        )
    return kind


def encode(predictions: Any, accept: str) -> bytes:
    """
    >>> encode(np.array([0.5, 0.25]), "application/json")
    b'{"predictions": [{"score": 0.5}, {"score": 0.25}]}'
    >>> encode(np.array([0.5, 0.25]), "text/csv")
    b'0.5\\n0.25\\n'
    """
    scores = np.asarray(predictions).tolist()
    if BATCH:
        return ("\n".join(map(str, scores)) + "\n").encode()
    if accept == "application/json":
        return json.dumps({"predictions": [{"score": score} for score in scores]}).encode()
    if accept == "application/jsonlines":
        return "".join(json.dumps({"score": score}) + "\n" for score in scores).encode()
    rows = (score if isinstance(score, list) else [score] for score in scores)
    return "".join(",".join(map(str, row)) + "\n" for row in rows).encode()


def serve() -> None:
    """Answer until the process is ended."""
    if "SAGEMAKER_INFERENCE_OUTPUT" in os.environ:
        raise SystemExit(
            "SAGEMAKER_INFERENCE_OUTPUT: selectable inference output is not played offline; unset it"
        )
    models = sorted(path for path in toolkit.MODEL.iterdir() if path.is_file() and path.name[0] != ".")
    Handler.booster = xgboost.Booster()
    Handler.booster.load_model(bytearray(models[0].read_bytes()))
    port = int(os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080"))
    HTTPServer(("127.0.0.1", port), Handler).serve_forever()
