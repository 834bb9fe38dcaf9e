"""A model being served: its artifact unpacked, its program running on a loopback port."""

from __future__ import annotations

import http.client
import io
import socket
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from botocore.exceptions import ClientError

from offline.engines.sagemaker import containers, network
from offline.engines.sagemaker.channels import bucket_and_key
from offline.lock import lock

START_SECONDS = 120
"""How long a program may take until /ping answers."""


class ModelError(Exception):
    """The model cannot be served, or answered with an error status."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Server:
    """One process that serves one model, until `close`."""

    def __init__(self, model: dict[str, Any], region: str, variables: dict[str, str] | None = None) -> None:
        container = model["PrimaryContainer"]
        self._folder = tempfile.TemporaryDirectory(prefix="serving-")
        base = Path(self._folder.name)
        _unpack(network.s3(model, region), container["ModelDataUrl"], base / "model")
        self._port = _free_port()
        self._process = containers.start(
            containers.program_for(container["Image"], region),
            "serve",
            base,
            {
                **container.get("Environment", {}), **(variables or {}),
                "SAGEMAKER_BIND_TO_PORT": str(self._port), "AWS_REGION": region,
            },
        )  # fmt: skip
        try:
            self._wait()
        except BaseException:
            if self._process.poll() is None:
                self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> list[str]:
        """End the process; what it logged."""
        self._process.terminate()
        try:
            with lock.waiting():
                output, _ = self._process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            output, _ = self._process.communicate()
        self._folder.cleanup()
        return output.splitlines()

    def request(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes, str]:
        """Status, body and content type of one answer; the account is free while the model works on it."""
        try:
            with lock.waiting():
                return self._request(method, path, body, headers)
        except (ConnectionError, http.client.HTTPException) as error:
            raise ModelError(f"The model's container ended before it answered: {error}") from error

    def _request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = MappingProxyType({})
    ) -> tuple[int, bytes, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        try:
            connection.request(
                method, path, body or None, {k.replace("_", "-"): v for k, v in headers.items()}
            )
            response = connection.getresponse()
            return response.status, response.read(), response.getheader("Content-Type", "")
        finally:
            connection.close()

    def _wait(self) -> None:
        """Come back once /ping answers; a program that ends before is a ModelError with its log."""
        with lock.waiting():
            if self._becomes_healthy():
                return
        raise ModelError(
            "The model's container did not pass the ping health check: " + "\n".join(self.close()[-5:])
        )

    def _becomes_healthy(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                if self._request("GET", "/ping")[0] == 200:
                    return True
            except ConnectionError:
                # The process tells by ending that it failed; until then it is still starting.
                try:
                    self._process.wait(timeout=0.05)
                    return False
                except subprocess.TimeoutExpired:
                    continue
        return False


def _unpack(s3: Any, uri: str, folder: Path) -> None:
    bucket, key = bucket_and_key(uri)
    try:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise ModelError(
            f"Failed to download model data from {uri}: {error.response['Error']['Message']}"
        ) from error
    folder.mkdir(parents=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
            archive.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise ModelError(f"Failed to extract model data archive {uri}: {error}") from error


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
