"""Which service a request is for, and what of moto's or ours answers it.

Clients with an endpoint of their own send everything to one address. The signature names service and
region; what nobody signed is told by its target, its form, or is Amazon S3's.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from io import BytesIO
from typing import Any

from moto.backend_index import backend_url_patterns
from moto.backends import get_backend
from moto.core.request import EnvironHeaders
from moto.core.request import Request as MotoRequest
from moto.core.responses import BaseResponse

from offline.engine import ACCOUNT_ID
from offline.lock import lock

SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/(?P<region>[\w-]+)/(?P<service>[\w.-]+)/aws4_request")
PRESIGNED = "X-Amz-Credential"
FORM = "application/x-www-form-urlencoded"
S3_CONTROL = "/v20180820/"
HOSTS = ("{0}.{1}.amazonaws.com", "api.{0}.{1}.amazonaws.com", "{0}.amazonaws.com", "{0}.{1}.api.aws")
"""Where AWS serves a service that is signed for by this name, in this region."""
OTHER_NAMES = {"eventbridge": "events", "memorydb": "memory-db"}
"""Services that are signed for by another name than that of their host."""

Handler = Callable[[MotoRequest, str, Any], tuple[Any, Any, Any]]


class Headers(EnvironHeaders):
    """The headers of a request that has arrived: none changes, and services go through them many times."""

    def __init__(self, environ: dict[str, Any]) -> None:
        super().__init__(environ)
        self._items = tuple(super().__iter__())

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._items)


class Request(MotoRequest):
    """A request as it arrived, in the form that moto's services read."""

    from_wsgi_server = True

    def __init__(self, environ: dict[str, Any]) -> None:
        self.raw: bytes = environ["wsgi.input"].read()
        """The body as it came; reading it as a form uses up the one that moto sees."""
        environ["wsgi.input"] = BytesIO(self.raw)
        # moto's own ways to say which account and region: AWS knows both from the signature alone.
        environ.pop("HTTP_X_MOTO_ACCOUNT_ID", None)
        environ["HTTP_USER_AGENT"] = environ.get("HTTP_USER_AGENT", "").replace("region/", "")
        super().__init__(environ)
        self.headers = Headers(self.environ)

    @cached_property
    def raw_path(self) -> str:
        return str(super().raw_path)

    @cached_property
    def raw_url(self) -> str:
        query = self.query_string.decode()
        return f"{self.scheme}://{self.host}{self.raw_path}" + (f"?{query}" if query else "")

    @property
    def content(self) -> bytes:
        """The body, inflated where it is compressed."""
        compressed = self.headers.get("Content-Encoding") == "gzip"
        return gzip.decompress(self.raw) if compressed else self.raw

    def plain(self) -> Request:
        """The request as its protocol has it: not compressed, and without a query beside a target."""
        changed: dict[str, Any] = {}
        if self.headers.get("X-Amz-Target") and self.query_string:
            changed |= {"QUERY_STRING": "", "RAW_URI": self.raw_path}
        if self.headers.get("Content-Encoding") == "gzip":
            changed |= self._inflated()
        if not changed:
            return self
        return Request({**self.environ, "wsgi.input": BytesIO(self.raw), **changed})

    def _inflated(self) -> dict[str, Any]:
        """What changes with the compression gone; nothing where the body is not what it says."""
        try:
            content = self.content
        except (EOFError, OSError, zlib.error):
            return {}
        size = str(len(content))
        return {"wsgi.input": BytesIO(content), "CONTENT_LENGTH": size, "HTTP_CONTENT_ENCODING": "identity"}

    @property
    def action(self) -> str:
        """What a request names as its operation: after its target's dot, or in its form."""
        target = self.headers.get("X-Amz-Target", "")
        if target:
            return target.rpartition(".")[2]
        if self.mimetype == FORM:
            return str(self.form.get("Action") or self.args.get("Action", ""))
        return str(self.args.get("Action", ""))


@dataclass(frozen=True)
class Address:
    """A service, by the name it is signed for, and a region; without a name where the signature has none."""

    service: str
    region: str


def address_of(request: Request, region: str) -> Address:
    """Where a request is meant to go; unsigned ones, to the sandbox's own region."""
    given = request.headers.get("Authorization", "")
    if presigned := request.args.get(PRESIGNED):
        given = f"Credential={presigned}"
    if found := SCOPE.search(given):
        return Address(found["service"].lower(), found["region"])
    if given.startswith("AWS4") or presigned:
        return Address("", region)
    return Address(_unsigned(request), region)


def _unsigned(request: Request) -> str:
    if request.headers.get("X-Amz-Target", "").startswith("AWSCognitoIdentityProviderService"):
        return "cognito-idp"
    if request.mimetype == FORM and request.action.startswith("AssumeRoleWith"):
        return "sts"
    return "s3"


def module_of(address: Address, request: Request) -> str | None:
    """The name of moto's package for a service; None where there is none."""
    path, target = request.path, request.headers.get("X-Amz-Target", "")
    name = OTHER_NAMES.get(address.service, address.service)
    if name == "s3" and path.startswith(S3_CONTROL):
        name = f"{ACCOUNT_ID}.s3-control"
    elif name == "ses" and path.startswith("/v2/"):
        return "sesv2"
    elif name == "sagemaker" and path.endswith("invocations"):
        name = "runtime.sagemaker"
    elif name == "sagemaker" and path.endswith("BatchPutMetrics"):
        name = "metrics.sagemaker"
    elif name == "dynamodb" and target.startswith("DynamoDBStreams"):
        name = "streams.dynamodb"
    return _module(name, address.region)


@lru_cache(maxsize=512)
def _module(name: str, region: str) -> str | None:
    for host in HOSTS:
        url = f"https://{host.format(name, region)}"
        for module, pattern in backend_url_patterns:
            if pattern.match(url):
                return str(module)
    return None


def handler_of(module: str, region: str, path: str) -> Handler | None:
    """What answers a path of a service; a region that the service has not is a `LookupError`."""
    with lock:  # The first request of a service brings its engine to life.
        regions = get_backend(module)[ACCOUNT_ID]
        backend = regions["aws" if "aws" in regions else region]
    if type(backend) not in _tables:
        found = backend.url_paths.items()
        _tables[type(backend)] = [(re.compile(pattern), handler) for pattern, handler in found]
    return next((handler for pattern, handler in _tables[type(backend)] if pattern.match(path)), None)


@cache
def _service_name(kind: type) -> str:
    return str(kind().boto3_service_name)


def model_name(handler: Handler) -> str:
    """botocore's name of the service that a handler of moto's plays; empty where it does not tell."""
    kind = getattr(handler, "__self__", None)
    return _service_name(kind) if isinstance(kind, type) and issubclass(kind, BaseResponse) else ""


_tables: dict[type, list[tuple[re.Pattern[str], Handler]]] = {}
"""Paths and what answers them, by the class of a service's backend."""
