"""Which service a request is for, and what of moto's or ours answers it.

Clients with an endpoint of their own send everything to one address. The signature names service and
region; what nobody signed is told by its target, its form, or is Amazon S3's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from moto.backend_index import backend_url_patterns
from moto.backends import get_backend
from moto.core.request import Request as MotoRequest

from offline.engine import ACCOUNT_ID

SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/(?P<region>[\w-]+)/(?P<service>[\w.-]+)/aws4_request")
PRESIGNED = "X-Amz-Credential"
FORM = "application/x-www-form-urlencoded"
S3_CONTROL = "/v20180820/"
HOSTS = ("{0}.{1}.amazonaws.com", "api.{0}.{1}.amazonaws.com", "{0}.amazonaws.com", "{0}.{1}.api.aws")
"""Where AWS serves a service that is signed for by this name, in this region."""
OTHER_NAMES = {"eventbridge": "events", "memorydb": "memory-db"}
"""Services that are signed for by another name than that of their host."""

Handler = Callable[[MotoRequest, str, Any], tuple[Any, Any, Any]]


class Request(MotoRequest):
    """A request as it arrived, in the form that moto's services read."""

    from_wsgi_server = True

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
    regions = get_backend(module)[ACCOUNT_ID]
    backend = regions["aws" if "aws" in regions else region]
    if type(backend) not in _tables:
        found = backend.url_paths.items()
        _tables[type(backend)] = [(re.compile(pattern), handler) for pattern, handler in found]
    return next((handler for pattern, handler in _tables[type(backend)] if pattern.match(path)), None)


_tables: dict[type, list[tuple[re.Pattern[str], Handler]]] = {}
"""Paths and what answers them, by the class of a service's backend."""
