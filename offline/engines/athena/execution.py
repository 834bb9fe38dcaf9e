"""One query execution: what was asked, in which state it is, what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from offline.clock import clock
from offline.engine import Row
from offline.engines.athena.results import Rows
from offline.engines.athena.statements import Statement
from offline.iam.callers import Caller

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")


@dataclass
class Execution:
    """QUEUED until the account settles or somebody asks for it, then SUCCEEDED, FAILED or CANCELLED."""

    query: str
    statement: Statement
    context: dict[str, str]
    result: dict[str, Any]
    workgroup: Any
    parameters: list[str] | None
    engine_version: str
    caller: Caller | None = None
    catalogs: dict[str, str] = field(default_factory=dict)
    """Data catalogs that the query may name, and whose they are."""
    id: str = field(default_factory=lambda: str(uuid4()))
    status: str = "QUEUED"
    reason: str = ""
    category: int = 0
    submitted: datetime = field(default_factory=clock.now)
    completed: datetime | None = None
    scanned: int = 0
    milliseconds: int = 0
    manifest: str = ""
    updated: int | None = None
    rows: Rows = field(default_factory=Rows)

    @property
    def database(self) -> str:
        return (self.context.get("Database") or "default").lower()

    @property
    def is_text(self) -> bool:
        """Whether the result file is `<id>.txt`: a statement that is not a SELECT or UNLOAD."""
        return self.statement.type != "DML"

    @property
    def output(self) -> str:
        """Where the result file lies."""
        return f"{self.result['OutputLocation']}{self.id}{'.txt' if self.is_text else '.csv'}"

    def end(self, status: str, reason: str = "", category: int = 0) -> None:
        self.status, self.reason, self.category = status, reason, category
        self.completed = clock.now()

    def row(self) -> Row:
        """The execution at a glance."""
        return {
            "query": " ".join(self.query.split())[:160],
            "state": self.status,
            "scanned bytes": self.scanned,
            "ms": self.milliseconds,
            "reason": self.reason[:200],
        }

    def describe(self) -> dict[str, Any]:
        """The QueryExecution of Athena's API."""
        described = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.statement.type,
            "SubstatementType": self.statement.substatement,
            "ResultConfiguration": self.result | {"OutputLocation": self.output},
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": self.context,
            "Status": self.describe_status(),
            "Statistics": self.statistics(),
            "WorkGroup": self.workgroup.name,
            "EngineVersion": {
                "SelectedEngineVersion": self.workgroup.configuration["EngineVersion"][
                    "SelectedEngineVersion"
                ],
                "EffectiveEngineVersion": self.engine_version,
            },
        }
        return described | ({"ExecutionParameters": self.parameters} if self.parameters else {})

    def describe_status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.status, "SubmissionDateTime": self.submitted.timestamp()}
        if self.completed:
            status["CompletionDateTime"] = self.completed.timestamp()
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.status == "FAILED":
            error = {"ErrorCategory": self.category, "Retryable": False, "ErrorMessage": self.reason}
            status["AthenaError"] = error
        return status

    def statistics(self) -> dict[str, Any]:
        """The engine's time is this machine's; nothing queues or plans apart from it here."""
        statistics: dict[str, Any] = {
            "EngineExecutionTimeInMillis": self.milliseconds,
            "DataScannedInBytes": self.scanned,
            "TotalExecutionTimeInMillis": self.milliseconds,
            "QueryQueueTimeInMillis": 0,
            "ServicePreProcessingTimeInMillis": 0,
            "QueryPlanningTimeInMillis": 0,
            "ServiceProcessingTimeInMillis": 0,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        }
        return statistics | ({"DataManifestLocation": self.manifest} if self.manifest else {})
