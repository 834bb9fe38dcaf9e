"""What there is in a served account and what is going on: the facts of the status page."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from offline.clock import clock
from offline.engine import client_of_service
from offline.lock import lock
from offline.server.journal import Entry

if TYPE_CHECKING:
    from offline.server.account import Server

LATEST = 60
"""Requests that are shown."""
STARTED = time.monotonic()


def status(server: Server) -> dict[str, Any]:
    """The account at a glance."""
    with lock:
        tables = _tables(server)
        stacks = _stacks(server) if "cloudformation" in server.sandbox.services() else []
    return {
        "account": server.sandbox.account_id,
        "region": server.sandbox.region,
        "endpoint": server.url,
        "up_seconds": round(time.monotonic() - STARTED),
        "clock": now(),
        "services": server.sandbox.services(),
        "requests": _requests(server),
        "worker": _worker(server),
        "stacks": stacks,
        "tables": tables,
    }


def now() -> dict[str, Any]:
    """The account's time, and how far it is ahead of the machine's."""
    ahead = clock.ahead
    return {
        "now": clock.now().isoformat(),
        "runs": ahead is not None,
        "ahead_seconds": ahead.total_seconds() if ahead is not None else None,
    }


def _tables(server: Server) -> dict[str, list[Any]]:
    """The rows of all engines that are in use, by what they are rows of."""
    found: dict[str, list[Any]] = {}
    for engine in server.sandbox.engines():
        for name, rows in engine.status().items():
            found.setdefault(name, []).extend(rows)
    return found


def _stacks(server: Server) -> list[dict[str, Any]]:
    cloudformation = client_of_service("cloudformation", server.sandbox.region)
    pages = cloudformation.get_paginator("describe_stacks").paginate()
    return [_stack(cloudformation, stack) for page in pages for stack in page["Stacks"]]


def _stack(cloudformation: Any, stack: dict[str, Any]) -> dict[str, Any]:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack["StackId"])
    resources = [
        {
            "resource": one["LogicalResourceId"],
            "type": one["ResourceType"],
            "id": one.get("PhysicalResourceId", ""),
            "state": one["ResourceStatus"],
        }
        for page in pages
        for one in page["StackResourceSummaries"]
    ]
    return {"stack": stack["StackName"], "state": stack["StackStatus"], "resources": resources}


def _requests(server: Server) -> dict[str, Any]:
    journal = server.journal
    return {
        "answered": journal.requests,
        "refused": journal.refusals,
        "failed": journal.failures,
        "per_second": journal.per_second(),
        "operations": [{"operation": name, "requests": n} for name, n in journal.operations.most_common(12)],
        "latest": [_line(one) for one in list(journal.entries)[: -LATEST - 1 : -1]],
    }


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "time": f"{entry.at.astimezone():%H:%M:%S}",
        "operation": entry.operation,
        "resource": entry.resource,
        "caller": entry.caller,
        "status": entry.status,
        "ms": round(entry.milliseconds, 1),
        "message": entry.message,
    }


def _worker(server: Server) -> dict[str, Any]:
    worker = server.worker
    if worker is None:
        return {"works": False, "failures": 0, "failure": ""}
    return {"works": True, "failures": worker.failures, "failure": worker.failure}
