"""What every engine is: one service's data plane, in place of moto's backend of that service.

moto looks its backends up in a `BackendDict` per service; `Sandbox` puts the engine's class there,
so any boto3 call of any client reaches it. An engine keeps moto's control plane by inheritance and
overrides what moto only pretends to do.
"""

from __future__ import annotations

import importlib
from datetime import datetime
from functools import lru_cache, partial
from typing import Any, ClassVar

import boto3

ACCOUNT_ID = "123456789012"
ENDPOINT_HEADER = "x-offline-vpc-endpoint"
"""Names the VPC endpoint that a request passes: what AWS knows from the network it came through."""


Row = dict[str, str | int | float]
"""One line of a table that shows what there is, by column."""


def job_row(kind: str, name: str, state: str, reason: str | None = None) -> Row:
    """Something that runs and ends, whichever service it is of."""
    return {"job": name, "kind": kind, "state": state, "reason": (reason or "")[:200]}


class Engine:
    """Mixin, to stand before moto's backend: `class KinesisEngine(Engine, KinesisBackend)`."""

    service: ClassVar[str]
    """moto's name of the service: the package that holds `<service>_backends`."""

    region_name: str
    account_id: str

    @property
    def _url_module(self) -> Any:
        return importlib.import_module(f"moto.{self.service}.urls")

    def status(self) -> dict[str, list[Row]]:
        """What a look at the account shows of this service: rows, by what they are rows of."""
        return {}

    def due(self) -> datetime | None:
        """When the next thing waits to happen here; None when nothing does."""
        return None

    def settle(self) -> bool:
        """Do everything that is due now; say whether anything was done."""
        return False

    def resume(self) -> bool:
        """The process that held this account has ended and another one goes on: what was in the midst of
        something has failed, and says so. Say whether anything was."""
        return False


@lru_cache(maxsize=64)
def client_of_service(service: str, region: str) -> Any:
    """A boto3 client for what AWS does in its own name, such as publishing metrics."""
    return boto3.client(service, region_name=region)


@lru_cache(maxsize=256)
def client_of_role(service: str, role_arn: str, region: str, endpoint: str = "") -> Any:
    """A boto3 client that acts as the role its resource was given, as AWS's services do.

    The role is assumed through STS, so a role that does not exist is an AWS error here too. With an
    `endpoint` its requests pass that VPC endpoint.
    """
    credentials = boto3.client("sts", region_name=region).assume_role(
        RoleArn=role_arn, RoleSessionName=service
    )["Credentials"]
    client = boto3.client(
        service,
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    if endpoint:
        client.meta.events.register("before-call", partial(_through, endpoint))
    return client


def _through(endpoint: str, params: dict[str, Any], **_: Any) -> None:
    params["headers"][ENDPOINT_HEADER] = endpoint


@lru_cache(maxsize=256)
def client_of_caller(service: str, access_key: str, token: str, region: str) -> Any:
    """A boto3 client with the credentials of whoever made a request: a forward access session."""
    return boto3.client(
        service,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=access_key,
        aws_session_token=token or None,
    )


def forget_clients() -> None:
    """Drop the clients and sessions of roles of an account that is gone."""
    client_of_service.cache_clear()
    client_of_role.cache_clear()
    client_of_caller.cache_clear()
