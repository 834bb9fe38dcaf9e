"""A budget of a stack stands in the account with its alarms, and leaves with the stack."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.engine import ACCOUNT_ID
from offline.resources import row_of
from offline.resources.row import Properties, Resource
from offline.sandbox import Sandbox

BUDGET = {
    "BudgetType": "COST",
    "TimeUnit": "MONTHLY",
    "BudgetLimit": {"Amount": 10, "Unit": "USD"},
    "CostFilters": {"TagKeyValue": ["user:lab$lake"]},
}
ALARM = {
    "Notification": {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 80,
        "ThresholdType": "PERCENTAGE",
    },
    "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "me@example.com"}],
}


def test_a_budget_comes_with_its_alarms_and_goes(sandbox: Sandbox) -> None:
    given = Properties({"Budget": dict(BUDGET), "NotificationsWithSubscribers": [ALARM]})
    resource = Resource("AWS::Budgets::Budget", "Budget", "stack", "id", ACCOUNT_ID, "us-east-1", given)
    row = row_of(resource.type)
    made = row.create(resource)
    assert list(given.unread()) == []
    budgets = boto3.client("budgets")
    name = {"AccountId": ACCOUNT_ID, "BudgetName": made.id}
    found = budgets.describe_budget(**name)["Budget"]
    assert found["BudgetLimit"] == {"Amount": "10", "Unit": "USD"}
    [alarm] = budgets.describe_notifications_for_budget(**name)["Notifications"]
    assert alarm["Threshold"] == 80
    row.delete(resource, made)
    with pytest.raises(ClientError, match="NotFound"):
        budgets.describe_budget(**name)
