"""Athena's executions, workgroups, named queries and prepared statements.

A query waits QUEUED until the account settles or its execution is asked for, whichever is first, so
both a waiting loop that lets time pass and a plain polling loop see it end.
"""

from __future__ import annotations

import time
from threading import RLock
from typing import Any

from botocore.exceptions import ClientError
from moto.athena.models import AthenaBackend

from facts import limits
from offline.changes import note
from offline.clock import clock
from offline.engine import Engine, Row, client_of_service
from offline.engines.athena import reading, statements, urls
from offline.engines.athena.catalogs import AWS, check_context, kinds
from offline.engines.athena.errors import SYSTEM, USER, CutoffError, InvalidRequest, QueryError
from offline.engines.athena.execution import FINAL, Execution
from offline.engines.athena.runner import Runner
from offline.iam.callers import current_caller

INTERRUPTED = "The sandbox ended while the query ran. Please run the query again."
SERVICE_METRICS = "AWS/Athena"
LAST_QUERIES = 20


class AthenaEngine(Engine, AthenaBackend):
    """Athena in one region."""

    service = "athena"

    def __init__(self, region_name: str, account_id: str) -> None:
        self.states: dict[str, str] = {}
        self._runner: Runner | None = None
        self._lock = RLock()
        self._tokens: dict[str, str] = {}
        super().__init__(region_name, account_id)

    def __getstate__(self) -> dict[str, Any]:
        """DuckDB and what it keeps of the lake are of this process alone."""
        return {name: value for name, value in vars(self).items() if name not in ("_runner", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _runner=None, _lock=RLock())

    @property
    def _url_module(self) -> Any:
        return urls

    @property
    def runner(self) -> Runner:
        if self._runner is None:
            self._runner = Runner(self.region_name)
        return self._runner

    def close(self) -> None:
        """Give DuckDB's memory and the cached objects back."""
        if self._runner is not None:
            self._runner.lake.close()
            self._runner = None

    def reset(self) -> None:
        self.close()
        super().reset()

    def status(self) -> dict[str, list[Row]]:
        """The last queries, newest first."""
        newest = list(self.executions.values())[: -LAST_QUERIES - 1 : -1]
        return {"queries": [execution.row() for execution in newest]}

    def settle(self) -> bool:
        """Run every queued query."""
        queued = [found for found in self.executions.values() if found.status == "QUEUED"]
        for execution in queued:
            self.run(execution)
        return bool(queued)

    def resume(self) -> bool:
        """A query that was running has failed."""
        running = [found for found in self.executions.values() if found.status == "RUNNING"]
        for execution in running:
            execution.end("FAILED", INTERRUPTED, SYSTEM)
        return bool(running)

    def start(self, request: dict[str, Any]) -> str:
        """Queue a query after the checks that AWS makes in the call itself."""
        token = request.get("ClientRequestToken")
        if token in self._tokens:
            return self._tokens[token]
        text = request["QueryString"]
        refuse_long(text)
        group = self.enabled(request.get("WorkGroup") or "primary")
        result = output_of(group, request.get("ResultConfiguration") or {})
        statement = reading.read(text)
        refuse_own_location(group, statement)
        parameters = request.get("ExecutionParameters")
        if isinstance(statement, statements.Execute):
            parameters, statement = statement.parameters, self.prepared(statement.name, group.name)
        version = group.configuration["EngineVersion"]["EffectiveEngineVersion"]
        context = request.get("QueryExecutionContext") or {}
        catalogs = self.catalogs()
        check_context(catalogs, context.get("Catalog") or AWS)
        execution = Execution(
            text, statement, context, result, group, parameters, version, current_caller(), catalogs
        )
        self.executions[execution.id] = execution
        if token:
            self._tokens[token] = execution.id
        return execution.id

    def create_work_group(self, name: str, *settings: Any, **named: Any) -> Any:
        group = super().create_work_group(name, *settings, **named)
        if group is not None:
            group.created = clock.now()
        return group

    def catalogs(self) -> dict[str, str]:
        """Whose each data catalog is, by its name in small letters."""
        return kinds(self.data_catalogs, self.account_id)

    def workgroup_of(self, id: str) -> str | None:
        """The name of the workgroup that an execution runs in."""
        return self.executions[id].workgroup.name if id in self.executions else None

    def enabled(self, name: str) -> Any:
        group = self.work_groups.get(name)
        if group is None:
            raise InvalidRequest(f"WorkGroup {name} is not found.")
        if group.state != "ENABLED":
            raise InvalidRequest(f"WorkGroup {name} is disabled.")
        return group

    def prepared(self, name: str, group: str) -> statements.Statement:
        found = self.prepared_statements.get(f"{group}/{name}")
        if found is None:
            raise InvalidRequest(f"PreparedStatement {name} was not found in workGroup {group}")
        return reading.read(found.query_statement)

    def execution(self, id: str) -> Execution:
        found: Execution | None = self.executions.get(id)
        if found is None:
            raise InvalidRequest(f"QueryExecution {id} was not found")
        return found

    def polled(self, id: str) -> Execution:
        """The execution, run now if nobody has settled the account since it was started."""
        execution = self.execution(id)
        self.run(execution)
        return execution

    def stop(self, id: str) -> None:
        execution = self.execution(id)
        if execution.status not in FINAL:
            execution.end("CANCELLED", "Query cancelled by user")

    def run(self, execution: Execution) -> None:
        """Bring a queued execution to its end."""
        with self._lock:
            if execution.status != "QUEUED":
                return
            note(self)  # Often within a GetQueryExecution, which otherwise only reads.
            execution.status = "RUNNING"
            started = time.perf_counter()
            self._carry_out(execution)
            execution.milliseconds = max(1, round((time.perf_counter() - started) * 1000))
        if execution.workgroup.configuration["PublishCloudWatchMetricsEnabled"]:
            publish(client_of_service("cloudwatch", self.region_name), execution)

    def _carry_out(self, execution: Execution) -> None:
        try:
            if isinstance(execution.statement, statements.Prepare):
                self._prepare(execution.statement, execution.workgroup.name)
            else:
                self.runner.run(execution)
        except QueryError as error:
            execution.end("FAILED", str(error), USER)
        except InvalidRequest as error:
            execution.end("FAILED", f"SYNTAX_ERROR: {error.message}", USER)
        except CutoffError as error:
            execution.end("CANCELLED", str(error), USER)
        except ClientError as error:
            execution.end("FAILED", f"GENERIC_USER_ERROR: {error}", USER)
        else:
            execution.end("SUCCEEDED")

    def _prepare(self, statement: statements.Prepare, group: str) -> None:
        if statement.query:
            self.create_prepared_statement(statement.name, group, statement.query, "")
        elif self.prepared_statements.pop(f"{group}/{statement.name}", None) is None:
            raise QueryError("NOT_FOUND", f"Prepared statement not found: {statement.name}")

    def create_prepared_statement(
        self, statement_name: str, workgroup: str, query_statement: str, description: str
    ) -> None:
        super().create_prepared_statement(statement_name, workgroup, query_statement, description)
        found = self.prepared_statements.pop(statement_name)
        found.last_modified_time = clock.now()
        self.prepared_statements[f"{workgroup}/{statement_name}"] = found


def refuse_long(text: str) -> None:
    longest = limits.number("athena-query-bytes")
    if len(text.encode()) > longest:
        raise InvalidRequest(
            f"1 validation error detected: Value at 'queryString' failed to satisfy constraint: "
            f"Member must have length less than or equal to {longest}"
        )


def output_of(group: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Where results go: the workgroup's configuration where it is enforced, else the client's over it."""
    own = group.configuration.get("ResultConfiguration") or {}
    result = dict(own) if group.configuration["EnforceWorkGroupConfiguration"] else own | asked
    location = result.get("OutputLocation")
    if not location:
        raise InvalidRequest(
            "No output location provided. An output location is required either through the Workgroup "
            "result configuration setting or as an API input."
        )
    if (result.get("EncryptionConfiguration") or {}).get("EncryptionOption") == "CSE_KMS":
        raise InvalidRequest("the offline Athena engine does not do CSE_KMS; use SSE_KMS or SSE_S3")
    return result | {"OutputLocation": location if location.endswith("/") else f"{location}/"}


def refuse_own_location(group: Any, statement: statements.Statement) -> None:
    own = isinstance(statement, statements.CreateTableAs) and "external_location" in statement.options
    if own and group.configuration["EnforceWorkGroupConfiguration"]:
        raise InvalidRequest(
            "The Create Table As Select query failed because it was submitted with an 'external_location' "
            "property to an Athena Workgroup that enforces a centralized output location for all queries. "
            "Please remove the 'external_location' property and resubmit the query."
        )


def publish(cloudwatch: Any, execution: Execution) -> None:
    """The workgroup's metrics of one query, where CloudWatch keeps Athena's."""
    dimensions = [
        {"Name": "QueryState", "Value": execution.status},
        {"Name": "QueryType", "Value": execution.statement.type},
        {"Name": "WorkGroup", "Value": execution.workgroup.name},
    ]
    values = (
        ("ProcessedBytes", execution.scanned, "Bytes"),
        ("EngineExecutionTime", execution.milliseconds, "Milliseconds"),
        ("TotalExecutionTime", execution.milliseconds, "Milliseconds"),
    )
    data = [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": clock.now(), "Value": value, "Unit": unit}
        for name, value, unit in values
    ]
    cloudwatch.put_metric_data(Namespace=SERVICE_METRICS, MetricData=data)
