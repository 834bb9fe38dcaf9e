"""Task states: moto's integrations by turns, and SageMaker's and Athena's, which moto lacks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_aws_sdk,
    state_task_service_callback,
    state_task_service_dynamodb,
    state_task_service_events,
    state_task_service_glue,
    state_task_service_lambda,
    state_task_service_sfn,
    state_task_service_sns,
    state_task_service_sqs,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str

from offline.engine import client_of_role
from offline.engines.stepfunctions import integrations
from offline.engines.stepfunctions.turns import turn_of
from offline.sandbox import current


class Turnwise:
    """Mixin, to stand before a task state of moto's: `.sync` parks instead of polling."""

    resource: Any

    def _eval_integration_pattern(self, env: Any, **kwargs: Any) -> None:
        if self.resource.condition == ResourceCondition.Sync2:
            resolve = self._build_sync2_resolver(env=env, **kwargs)  # type: ignore[attr-defined]
        else:
            resolve = self._build_sync_resolver(env=env, **kwargs)  # type: ignore[attr-defined]
        env.stack.append(_outcome(env, resolve))


def _outcome(env: Any, resolve: Callable[[], Any]) -> Any:
    """What the job came to, once its engine has run it."""
    found: list[Any] = []

    def ready() -> bool:
        try:
            outcome = resolve()
        except (FailureEventException, ClientError) as error:
            outcome = error
        found.extend([outcome] if outcome else [])
        return bool(found) or not env.is_running()

    turn = turn_of(env)
    if not ready():
        if turn.concurrent:
            _settle_within(ready)
        else:
            turn.park(ready)
    outcome = found[-1] if found else None
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _settle_within(ready: Callable[[], bool]) -> None:
    """In a branch: the other engines do what is due, here and now."""
    current().settle()
    if not ready():
        raise RuntimeError(
            "a .sync task in a branch of Parallel or Map waits for the clock to move, and offline "
            "branches do not wait; put the task outside of the branch"
        )


class OptimisedTask(Turnwise, state_task_service_callback.StateTaskServiceCallback):
    """An action of SageMaker or Athena: the API's own request, and for `.sync` the describe call's answer."""

    def __init__(self) -> None:
        super().__init__(supported_integration_patterns={ResourceCondition.Sync})

    def _get_supported_parameters(self) -> set[str] | None:
        return set(integrations.members(self.resource.service_name, self.resource.api_action)) or None

    def _normalise_parameters(self, parameters: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        self._to_boto_request(
            parameters, integrations.shape(self.resource.service_name, self.resource.api_action)
        )

    def _client(self, runtime: Any, credentials: Any) -> Any:
        return client_of_role(self.resource.service_name, credentials.role_arn, runtime.region)

    def _eval_service_task(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> None:
        client = self._client(resource_runtime_part, state_credentials)
        response = getattr(client, self._get_boto_service_action())(**normalised_parameters)
        env.stack.append(as_json(response))

    def _build_sync_resolver(
        self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> Callable[[], Any]:
        job = integrations.OURS[self.resource.service_name][self.resource.api_action]
        assert job is not None, "a definition with .sync on an action that has no job is refused at creation"
        answered = env.stack.pop()
        source = normalised_parameters if job.argument_of == "request" else answered
        client = self._client(resource_runtime_part, state_credentials)
        describe = getattr(client, job.describe)

        def resolve() -> Any:
            described = as_json(describe(**{job.argument: source[job.argument]}))
            if job.status_of(described) in job.failed:
                raise self._failed(env, described)
            return described if job.status_of(described) in job.done else None

        return resolve

    def _failed(self, env: Any, described: Any) -> FailureEventException:
        return FailureEventException(
            self._failure(env, "States.TaskFailed", to_json_str(described, (",", ":")))
        )

    def _failure(self, env: Any, error: str, cause: str) -> FailureEvent:
        details = TaskFailedEventDetails(
            resource=self._get_sfn_resource(),
            resourceType=self._get_sfn_resource_type(),
            error=error,
            cause=cause,
        )
        return FailureEvent(
            env=env,
            error_name=FAILED if error == "States.TaskFailed" else CustomErrorName(error),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )

    def _from_error(self, env: Any, ex: Exception) -> FailureEvent:
        if isinstance(ex, ClientError):
            error, cause = told(self.resource.service_name, ex)
            return self._failure(env, error, cause)
        if isinstance(ex, ParamValidationError):
            return self._failure(env, "States.Runtime", str(ex))
        return super()._from_error(env=env, ex=ex)


FAILED = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)

NAMES = {"sagemaker": ("SageMaker", "AmazonSageMaker"), "athena": ("Athena", "AmazonAthena")}
"""How Step Functions and the AWS SDK for Java, which it uses, call a service."""


def told(service: str, error: ClientError) -> tuple[str, str]:
    """Error and cause as Step Functions words a refused call."""
    ours, sdk = NAMES[service]
    code, meta = error.response["Error"]["Code"], error.response["ResponseMetadata"]
    name = (
        f"{sdk}Exception" if code == "ValidationException" else f"{code.removesuffix('Exception')}Exception"
    )
    cause = (
        f"{error.response['Error']['Message']} (Service: {sdk}; Status Code: {meta.get('HTTPStatusCode')}; "
        f"Error Code: {code}; Request ID: {meta.get('RequestId')}; Proxy: null)"
    )
    return f"{ours}.{name}", cause


def as_json(response: Any) -> Any:
    """An API's answer as Step Functions passes it on: times as milliseconds since 1970.

    >>> from datetime import UTC
    >>> as_json({"CreationTime": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), "ResponseMetadata": {}})
    {'CreationTime': 1000}
    """
    if isinstance(response, dict):
        return {name: as_json(value) for name, value in response.items() if name != "ResponseMetadata"}
    if isinstance(response, list):
        return [as_json(item) for item in response]
    return int(response.timestamp() * 1000) if isinstance(response, datetime) else response


class AwsSdkTask(Turnwise, state_task_service_aws_sdk.StateTaskServiceAwsSdk):
    pass


class DynamoDbTask(Turnwise, state_task_service_dynamodb.StateTaskServiceDynamoDB):
    pass


class EventsTask(Turnwise, state_task_service_events.StateTaskServiceEvents):
    pass


class GlueTask(Turnwise, state_task_service_glue.StateTaskServiceGlue):
    pass


class LambdaTask(Turnwise, state_task_service_lambda.StateTaskServiceLambda):
    pass


class StatesTask(Turnwise, state_task_service_sfn.StateTaskServiceSfn):
    pass


class SnsTask(Turnwise, state_task_service_sns.StateTaskServiceSns):
    pass


class SqsTask(Turnwise, state_task_service_sqs.StateTaskServiceSqs):
    pass


TASKS: dict[str, type] = {
    "athena": OptimisedTask,
    "aws-sdk": AwsSdkTask,
    "dynamodb": DynamoDbTask,
    "events": EventsTask,
    "glue": GlueTask,
    "lambda": LambdaTask,
    "sagemaker": OptimisedTask,
    "sns": SnsTask,
    "sqs": SqsTask,
    "states": StatesTask,
}


def service_for(service_name: str) -> Any:
    """The task state of a service; a definition that names another is invalid."""
    if service_name not in TASKS:
        raise ValueError(f"Unknown service '{service_name}'")
    return TASKS[service_name]()
