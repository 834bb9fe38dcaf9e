"""Athena's API where moto answers without rows, or not at all."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError
from moto.athena.exceptions import MetadataException, QueryStillRunning

from facts import limits
from offline.clock import clock
from offline.engine import client_of_caller
from offline.engines.athena.catalogs import CatalogResponses, check_context
from offline.engines.athena.errors import InvalidRequest
from offline.engines.athena.execution import Execution
from offline.engines.athena.results import metadata
from offline.iam.callers import current_caller

PAGE = 1000
"""Rows in a page of results, the header among them."""


class Responses(CatalogResponses):
    """moto's responses, with the engine's executions and the Data Catalog behind them."""

    def start_query_execution(self) -> str:
        return json.dumps({"QueryExecutionId": self.engine.start(self.request)})

    def get_query_execution(self) -> str:
        execution = self.engine.polled(self.request["QueryExecutionId"])
        return json.dumps({"QueryExecution": execution.describe()})

    def batch_get_query_execution(self) -> str:
        known, unknown = [], []
        for id in self.request["QueryExecutionIds"]:
            if id in self.engine.executions:
                known.append(self.engine.polled(id).describe())
            else:
                unknown.append({"QueryExecutionId": id, "ErrorMessage": f"QueryExecution {id} was not found"})
        return json.dumps({"QueryExecutions": known, "UnprocessedQueryExecutionIds": unknown})

    def list_query_executions(self) -> str:
        """Newest first, as AWS lists them."""
        group = self.request.get("WorkGroup") or "primary"
        found = [e.id for e in self.engine.executions.values() if e.workgroup.name == group]
        page, token = paged(self.request, found[::-1], 50)
        return json.dumps({"QueryExecutionIds": page} | token)

    def stop_query_execution(self) -> str:
        self.engine.stop(self.request["QueryExecutionId"])
        return "{}"

    def get_query_results(self) -> str:
        execution = self.engine.execution(self.request["QueryExecutionId"])
        if execution.status in ("QUEUED", "RUNNING"):
            raise QueryStillRunning(execution.status)
        if execution.status != "SUCCEEDED":
            raise InvalidRequest(f"Query did not finish successfully. Final query state: {execution.status}")
        return json.dumps(results_page(execution, self.request))

    def get_query_runtime_statistics(self) -> str:
        execution = self.engine.polled(self.request["QueryExecutionId"])
        statistics = execution.statistics()
        timeline = {key: value for key, value in statistics.items() if key.endswith("InMillis")}
        rows = {"InputBytes": execution.scanned, "OutputRows": execution.rows.count()}
        return json.dumps({"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}})

    def create_work_group(self) -> Any:
        configuration = self.request.get("Configuration") or {}
        check_configuration(configuration)
        answer = super().create_work_group()
        group = self.engine.work_groups[self.request["Name"]]
        group.configuration["EngineVersion"] = engine_version(configuration)
        return answer

    def update_work_group(self) -> str:
        """Change what the request names; RemoveX takes X away."""
        group = self.engine.work_groups.get(self.request["WorkGroup"])
        if group is None:
            raise InvalidRequest(f"WorkGroup {self.request['WorkGroup']} is not found.")
        group.description = self.request.get("Description", group.description)
        updates = self.request.get("ConfigurationUpdates") or {}
        changed = updated(group.configuration, updates)
        check_configuration(changed)
        changed["EngineVersion"] = engine_version(changed)
        group.configuration = changed
        group.state = self.request.get("State", group.state)
        return "{}"

    def delete_work_group(self) -> str:
        name = self.request["WorkGroup"]
        queries = [id for id, query in self.engine.named_queries.items() if query.workgroup.name == name]
        prepared = [key for key in self.engine.prepared_statements if key.startswith(f"{name}/")]
        if (queries or prepared) and not self.request.get("RecursiveDeleteOption"):
            raise InvalidRequest(f"WorkGroup {name} is not empty")
        for id in queries:
            del self.engine.named_queries[id]
        for key in prepared:
            del self.engine.prepared_statements[key]
        if group := self.engine.work_groups.get(name):
            self.engine.tagger.delete_all_tags_for_resource(group.arn)
        return str(super().delete_work_group())

    def get_work_group(self) -> str:
        """moto answers the moment of the question as that of the creation."""
        group = self.engine.work_groups.get(self.request["WorkGroup"])
        if group is None:
            raise InvalidRequest(f"WorkGroup {self.request['WorkGroup']} is not found.")
        told: dict[str, Any] = json.loads(str(super().get_work_group()))
        return json.dumps({"WorkGroup": told["WorkGroup"] | {"CreationTime": group.created.timestamp()}})

    def get_named_query(self) -> str:
        if self.request["NamedQueryId"] not in self.engine.named_queries:
            raise InvalidRequest(f"NamedQuery {self.request['NamedQueryId']} was not found")
        return str(super().get_named_query())

    def batch_get_named_query(self) -> str:
        found = [
            self.engine.named_queries[id]
            for id in self.request["NamedQueryIds"]
            if id in self.engine.named_queries
        ]
        return json.dumps({"NamedQueries": [named(query) for query in found], "UnprocessedNamedQueryIds": []})

    def delete_named_query(self) -> str:
        if self.engine.named_queries.pop(self.request["NamedQueryId"], None) is None:
            raise InvalidRequest(f"NamedQuery {self.request['NamedQueryId']} was not found")
        return "{}"

    def update_named_query(self) -> str:
        query = self.engine.named_queries.get(self.request["NamedQueryId"])
        if query is None:
            raise InvalidRequest(f"NamedQuery {self.request['NamedQueryId']} was not found")
        query.name, query.query_string = self.request["Name"], self.request["QueryString"]
        query.description = self.request.get("Description", query.description)
        return "{}"

    def get_prepared_statement(self) -> str:
        return json.dumps({"PreparedStatement": prepared(self._prepared())})

    def update_prepared_statement(self) -> str:
        found = self._prepared()
        # A description of no letters is not allowed, so one that is left out is taken away.
        found.query_statement = self.request["QueryStatement"]
        found.description = self.request.get("Description", "")
        found.last_modified_time = clock.now()
        return "{}"

    def delete_prepared_statement(self) -> str:
        self._prepared()
        del self.engine.prepared_statements[f"{self.request['WorkGroup']}/{self.request['StatementName']}"]
        return "{}"

    def list_prepared_statements(self) -> str:
        group = self.request["WorkGroup"]
        found = [one for one in self.engine.prepared_statements.values() if one.workgroup == group]
        summaries = [
            {"StatementName": one.statement_name, "LastModifiedTime": one.last_modified_time.timestamp()}
            for one in found
        ]
        page, token = paged(self.request, summaries, 50)
        return json.dumps({"PreparedStatements": page} | token)

    def _prepared(self) -> Any:
        name, group = self.request["StatementName"], self.request["WorkGroup"]
        found = self.engine.prepared_statements.get(f"{group}/{name}")
        if found is None:
            raise InvalidRequest(f"PreparedStatement {name} was not found in workGroup {group}")
        return found

    def list_databases(self) -> str:
        found = [database(one) for one in self._glue("get_databases")["DatabaseList"]]
        page, token = paged(self.request, found, 50)
        return json.dumps({"DatabaseList": page} | token)

    def get_database(self) -> str:
        found = self._glue("get_database", Name=self.request["DatabaseName"].lower())["Database"]
        return json.dumps({"Database": database(found)})

    def list_table_metadata(self) -> str:
        name = self.request["DatabaseName"].lower()
        found = self._glue("get_tables", DatabaseName=name, Expression=self.request.get("Expression") or "*")
        page, token = paged(self.request, [table(one) for one in found["TableList"]], 50)
        return json.dumps({"TableMetadataList": page} | token)

    def get_table_metadata(self) -> str:
        names = {
            "DatabaseName": self.request["DatabaseName"].lower(),
            "Name": self.request["TableName"].lower(),
        }
        return json.dumps({"TableMetadata": table(self._glue("get_table", **names)["Table"])})

    def _glue(self, operation: str, **parameters: Any) -> Any:
        check_context(self.engine.catalogs(), self.request["CatalogName"])
        try:
            return getattr(client_of_request(self.region), operation)(**parameters)
        except ClientError as error:
            raise MetadataException(str(error)) from None


def client_of_request(region: str) -> Any:
    """Glue with the credentials of whoever asks Athena: it has none of its own."""
    caller = current_caller()
    assert caller is not None
    return client_of_caller("glue", caller.access_key, caller.token, region)


def results_page(execution: Execution, request: dict[str, Any]) -> dict[str, Any]:
    rows = execution.rows
    start = int(request.get("NextToken") or 0)
    stop = start + int(request.get("MaxResults") or PAGE)
    values = [
        {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
        for row in rows.page(start, stop)
    ]
    answer: dict[str, Any] = {
        "ResultSet": {"Rows": values, "ResultSetMetadata": {"ColumnInfo": metadata(rows)}},
        "UpdateCount": execution.updated or 0,
    }
    if stop < rows.count() + (1 if rows.has_header else 0):
        answer["NextToken"] = str(stop)
    return answer


def paged(request: dict[str, Any], found: list[Any], most: int) -> tuple[list[Any], dict[str, str]]:
    """One page of a list, and the token of the next where there is one."""
    start = int(request.get("NextToken") or 0)
    stop = start + int(request.get("MaxResults") or most)
    return found[start:stop], ({"NextToken": str(stop)} if stop < len(found) else {})


def check_configuration(configuration: dict[str, Any]) -> None:
    lowest = limits.number("athena-cutoff-bytes-lowest")
    cutoff = configuration.get("BytesScannedCutoffPerQuery")
    if cutoff is not None and cutoff < lowest:
        raise InvalidRequest(f"BytesScannedCutoffPerQuery is {cutoff}; it must be at least {lowest}")
    if (configuration.get("ManagedQueryResultsConfiguration") or {}).get("Enabled"):
        raise InvalidRequest(
            "the offline Athena engine does not keep managed query results; "
            "set ResultConfiguration.OutputLocation"
        )
    engine_version(configuration)


def engine_version(configuration: dict[str, Any]) -> dict[str, str]:
    effective = str(limits.value("athena-engine-version"))
    selected = (configuration.get("EngineVersion") or {}).get("SelectedEngineVersion") or "AUTO"
    if selected not in ("AUTO", effective):
        raise InvalidRequest(f"engine version {selected!r}; offline these run: AUTO, {effective}")
    return {"SelectedEngineVersion": selected, "EffectiveEngineVersion": effective}


def updated(configuration: dict[str, Any], updates: dict[str, Any]) -> dict[str, Any]:
    """The configuration after ConfigurationUpdates."""
    changed = dict(configuration)
    results = dict(changed.get("ResultConfiguration") or {})
    for name, value in (updates.get("ResultConfigurationUpdates") or {}).items():
        if not name.startswith("Remove"):
            results[name] = value
        elif value:
            results.pop(name.removeprefix("Remove"), None)
    for name, value in updates.items():
        if name == "RemoveBytesScannedCutoffPerQuery" and value:
            changed.pop("BytesScannedCutoffPerQuery", None)
        elif not name.startswith("Remove") and name != "ResultConfigurationUpdates":
            changed[name] = value
    return changed | {"ResultConfiguration": results}


def named(query: Any) -> dict[str, str]:
    return {
        "Name": query.name,
        "Description": query.description or "",
        "Database": query.database,
        "QueryString": query.query_string,
        "NamedQueryId": query.id,
        "WorkGroup": query.workgroup.name,
    }


def prepared(found: Any) -> dict[str, Any]:
    return {
        "StatementName": found.statement_name,
        "QueryStatement": found.query_statement,
        "WorkGroupName": found.workgroup,
        "Description": found.description or "",
        "LastModifiedTime": found.last_modified_time.timestamp(),
    }


def database(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": found["Name"],
        "Description": found.get("Description") or "",
        "Parameters": found.get("Parameters") or {},
    }


def table(found: dict[str, Any]) -> dict[str, Any]:
    storage = found.get("StorageDescriptor") or {}
    return {
        "Name": found["Name"],
        "CreateTime": found["CreateTime"].timestamp(),
        "TableType": found.get("TableType") or "",
        "Columns": [column(one) for one in storage.get("Columns") or []],
        "PartitionKeys": [column(one) for one in found.get("PartitionKeys") or []],
        "Parameters": (found.get("Parameters") or {}) | {"location": storage.get("Location") or ""},
    }


def column(found: dict[str, Any]) -> dict[str, str]:
    return {"Name": found["Name"], "Type": found.get("Type") or "", "Comment": found.get("Comment") or ""}
