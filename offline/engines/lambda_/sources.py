"""Event source mappings: the operations, and the polling of all of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend
from moto.kinesis.models import kinesis_backends
from moto.sqs.models import sqs_backends

from offline.engines.lambda_ import mapping
from offline.engines.lambda_.environment import Answer
from offline.engines.lambda_.function import Function
from offline.engines.lambda_.mapping import EventSourceMapping
from offline.engines.lambda_.permissions import check_destination, check_source
from offline.engines.lambda_.queue import QueueReader
from offline.engines.lambda_.shards import ShardReader

READERS: dict[str, Callable[[EventSourceMapping, str], ShardReader | QueueReader]] = {
    "kinesis": ShardReader,
    "sqs": QueueReader,
}
"""Service of a source → who polls it."""


class EventSources(LambdaBackend):
    """Mappings in place of moto's, which invokes while a message is sent and reads no stream."""

    _event_source_mappings: dict[str, Any]
    run: Callable[..., Answer]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._readers: dict[str, ShardReader | QueueReader] = {}

    def create_event_source_mapping(self, spec: dict[str, Any]) -> Any:
        source = spec.get("EventSourceArn", "")
        mapping.check("CreateEventSourceMapping", spec, source)
        function = self._function(spec["FunctionName"])
        self._refuse_second(function, source, spec["FunctionName"])
        identifier = str(uuid.uuid4())
        arn = self._lambda_arn(f"event-source-mapping:{identifier}")
        made = EventSourceMapping(identifier, arn, self._arn(spec["FunctionName"]), spec)
        reader = READERS[mapping.service_of(source)](made, self.region_name)
        self._admit(made, reader, function)
        self._event_source_mappings[identifier], self._readers[identifier] = made, reader
        return made

    def _admit(self, made: EventSourceMapping, reader: ShardReader | QueueReader, function: Function) -> None:
        """The source is there and may be polled, and the destination may be told."""
        self._refuse_missing(made.event_source_arn)
        check_source(function.role, made.event_source_arn)
        if made.destination:
            check_destination(function.role, made.destination)
        if made.enabled:
            reader.begin(function)
        else:
            reader.pause()

    def _refuse_missing(self, source: str) -> None:
        _, _, service, region, account, name = source.split(":", 5)
        backends: Any = {"kinesis": kinesis_backends, "sqs": sqs_backends}[service]
        backend = backends[account][region]
        there = backend.streams if service == "kinesis" else backend.queues
        if name.removeprefix("stream/") not in there:
            raise LambdaClientError("ResourceNotFoundException", f"Event source {source} does not exist.")

    def _refuse_second(self, function: Function, source: str, name: str) -> None:
        for other in self._event_source_mappings.values():
            if (other.event_source_arn, other.function_arn) == (source, self._arn(name)):
                error = LambdaClientError(
                    "ResourceConflictException",
                    f'An event source mapping with event source arn (" {source} ") and function (" {name} ") '
                    f"already exists. Please update or delete the existing mapping with UUID {other.uuid}",
                )
                error.code = 409
                raise error

    def _function(self, name: str) -> Function:
        found = self._lambdas.get_function_by_name_or_arn_with_qualifier(name)
        assert isinstance(found, Function)
        return found

    def _arn(self, name: str) -> str:
        """The ARN of a function that is named in any of AWS's four ways, with its qualifier."""
        return self._lambda_arn(f"function:{name.rpartition('function:')[2]}")

    def _lambda_arn(self, resource: str) -> str:
        return f"arn:{self.partition}:lambda:{self.region_name}:{self.account_id}:{resource}"

    def update_event_source_mapping(self, uuid: str, spec: dict[str, Any]) -> Any:
        """What is given changes, once it is known that it can."""
        if uuid not in self._event_source_mappings:
            raise _missing()
        found: EventSourceMapping = self._event_source_mappings[uuid]
        merged = {name: value for name, value in {**found.settings, **spec}.items() if name != "UUID"}
        mapping.check("UpdateEventSourceMapping", merged, found.event_source_arn)
        changed = EventSourceMapping(uuid, found.arn, self._arn(merged["FunctionName"]), merged)
        self._admit(changed, self._readers[uuid], self._function(merged["FunctionName"]))
        found.change(changed.function_arn, spec)
        return found

    def get_event_source_mapping(self, uuid: str) -> Any:
        if uuid not in self._event_source_mappings:
            raise _missing()
        return self._event_source_mappings[uuid]

    def delete_event_source_mapping(self, uuid: str) -> Any:
        found = self.get_event_source_mapping(uuid)
        del self._event_source_mappings[uuid], self._readers[uuid]
        return found

    def list_event_source_mappings(self, event_source_arn: str, function_name: str) -> Any:
        wanted = self._arn(function_name) if function_name else ""
        return [
            one
            for one in self._event_source_mappings.values()
            if event_source_arn in (None, "", one.event_source_arn) and wanted in ("", one.function_arn)
        ]

    def sources_due(self) -> list[datetime]:
        """When sources want to be polled again."""
        enabled = [name for name, one in self._event_source_mappings.items() if one.enabled]
        return [due for name in enabled if (due := self._readers[name].due()) is not None]

    def poll_sources(self) -> bool:
        """Poll every source that is enabled; say whether there was anything."""
        found = [self._poll(name) for name in list(self._event_source_mappings)]
        return any(found)

    def _poll(self, name: str) -> bool:
        found: EventSourceMapping | None = self._event_source_mappings.get(name)
        if found is None or not found.enabled:
            return False
        try:
            function = self._function(found.settings["FunctionName"])
        except LambdaClientError as error:
            found.result = f"PROBLEM: {error.message}"
            return False
        return self._readers[name].poll(function, self.run)


def _missing() -> LambdaClientError:
    error = LambdaClientError("ResourceNotFoundException", "The resource you requested does not exist.")
    error.code = 404
    return error
