"""Definitions that Glue keeps and shows as they were given: jobs, workflows, connections, classifiers.

What would run them is not here: StartJobRun and StartWorkflowRun are refused by name, and a crawler
refuses custom classifiers.
"""

from __future__ import annotations

import base64
from typing import Any

from moto.glue.exceptions import EntityNotFoundException, InvalidInputException, JobRunNotFoundException
from moto.glue.exceptions import GlueClientError as GlueError

from offline.clock import clock
from offline.engine import client_of_caller
from offline.engines.shapes import complaint
from offline.iam.callers import current_caller

CLASSIFIERS = ("GrokClassifier", "XMLClassifier", "JsonClassifier", "CsvClassifier")


def refused(operation: str, message: str) -> InvalidInputException:
    return InvalidInputException(operation, message)


def check(operation: str, request: dict[str, Any]) -> None:
    """The request keeps every constraint that the API's model states for it."""
    if told := complaint("glue", operation, request):
        raise refused(operation, told)


def taken(noun: str, name: str) -> GlueError:
    return GlueError("AlreadyExistsException", f"{noun} with name {name} already exists")


def found(kept: dict[str, Any], noun: str, name: str) -> Any:
    if name not in kept:
        raise EntityNotFoundException(f"{noun} with name: {name} not found.")
    return kept[name]


class Definition:
    """One definition: what was given, and when."""

    def __init__(self, arn: str, given: dict[str, Any]) -> None:
        self.arn = arn
        self.name: str = given["Name"]
        self.created = clock.now()
        self.change(given)

    def change(self, given: dict[str, Any]) -> None:
        """The definition is overwritten as a whole."""
        self.given = {key: value for key, value in given.items() if key != "Tags"} | {"Name": self.name}
        self.changed = clock.now()

    def get_name(self) -> str:
        return self.name

    def as_dict(self) -> dict[str, Any]:
        return {**self.given, "CreatedOn": self.created, "LastModifiedOn": self.changed}


class Job(Definition):
    """A job definition; nothing runs it."""

    def change(self, given: dict[str, Any]) -> None:
        workers = [name for name in ("WorkerType", "NumberOfWorkers") if name in given]
        if workers and "MaxCapacity" in given:
            raise refused(
                "CreateJob", "Please do not set Max Capacity if using Worker Type and Number of Workers."
            )
        if {"MaxCapacity", "AllocatedCapacity"} <= set(given):
            raise refused("CreateJob", "Please set only Allocated Capacity or Max Capacity.")
        super().change(given)

    def as_dict(self) -> dict[str, Any]:
        """AWS tells the defaults of what was not given where they do not depend on the Glue version."""
        return {"MaxRetries": 0, "ExecutionProperty": {"MaxConcurrentRuns": 1}, **super().as_dict()}

    def get_job_runs(self) -> list[Any]:
        return []

    def get_job_run(self, run_id: str) -> Any:
        raise JobRunNotFoundException(run_id)


class Workflow(Definition):
    """A workflow; nothing runs it."""


class Connection(Definition):
    """A connection; nothing connects by it, so credentials cannot be validated."""

    @property
    def connection_input(self) -> dict[str, Any]:
        return self.given

    def change(self, given: dict[str, Any]) -> None:
        if given.get("ValidateCredentials"):
            raise refused(
                "CreateConnection",
                f"Connection {self.name}: offline nothing connects, so credentials are not validated; "
                "set ValidateCredentials to false",
            )
        super().change(given)

    def as_dict(self, hide_password: bool = False) -> dict[str, Any]:
        """Secrets of its authentication are taken and never told."""
        shown: dict[str, Any] = {
            key: value for key, value in self.given.items() if not key.startswith("Validate")
        }
        if "AuthenticationConfiguration" in shown:
            shown["AuthenticationConfiguration"] = _without_secrets(shown["AuthenticationConfiguration"])
        if hide_password:
            properties = shown.get("ConnectionProperties", {})
            kept = {key: value for key, value in properties.items() if "PASSWORD" not in key}
            shown["ConnectionProperties"] = kept
        return {**shown, "CreationTime": self.created, "LastUpdatedTime": self.changed, "Status": "READY"}


def _without_secrets(authentication: dict[str, Any]) -> dict[str, Any]:
    told = {name: authentication[name] for name in TOLD if name in authentication}
    if "OAuth2Properties" in authentication:
        told["OAuth2Properties"] = {
            name: value
            for name, value in authentication["OAuth2Properties"].items()
            if name not in ("AuthorizationCodeProperties", "OAuth2Credentials")
        }
    return told


TOLD = ("AuthenticationType", "SecretArn", "KmsKeyArn")


def guarded(given: dict[str, Any], settings: dict[str, Any], region: str) -> dict[str, Any]:
    """The connection with its password encrypted, where the catalog's settings ask for it."""
    properties = dict(given.get("ConnectionProperties", {}))
    if not settings.get("ReturnConnectionPasswordEncrypted") or "PASSWORD" not in properties:
        return given
    caller = current_caller()
    assert caller is not None
    kms = client_of_caller("kms", caller.access_key, caller.token, region)
    secret = kms.encrypt(KeyId=settings["AwsKmsKeyId"], Plaintext=properties.pop("PASSWORD").encode())
    properties["ENCRYPTED_PASSWORD"] = base64.b64encode(secret["CiphertextBlob"]).decode()
    return {**given, "ConnectionProperties": properties}


class Classifier:
    """A custom classifier of one of four kinds."""

    def __init__(self, kind: str, given: dict[str, Any]) -> None:
        self.kind = kind
        self.given: dict[str, Any] = {}
        self.created = clock.now()
        self.version = 0
        self.change(given)

    def change(self, given: dict[str, Any]) -> None:
        """What is given changes, the rest stays."""
        self.given |= given
        self.changed = clock.now()
        self.version += 1

    def as_dict(self) -> dict[str, Any]:
        told = {"CreationTime": self.created, "LastUpdated": self.changed, "Version": self.version}
        return {self.kind: {**self.given, **told}}


def classifier_given(operation: str, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind of classifier that a request is about, and its members."""
    given = [kind for kind in CLASSIFIERS if request.get(kind)]
    if len(given) != 1:
        raise refused(operation, f"one of {', '.join(CLASSIFIERS)} is needed, got {given or 'none'}")
    return given[0], request[given[0]]
