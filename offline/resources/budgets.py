"""Rows of AWS Budgets."""

from __future__ import annotations

from offline.resources.row import Physical, Resource, Row


def create_budget(resource: Resource) -> Physical:
    properties = resource.properties
    budget = properties.take("Budget")
    # CloudFormation counts in numbers, the API in text.
    limit = budget.get("BudgetLimit") or {}
    budget |= {"BudgetLimit": {**limit, "Amount": str(limit["Amount"])}} if limit else {}
    budget.setdefault("BudgetName", resource.name(longest=100))
    resource.client("budgets").create_budget(
        AccountId=resource.account_id,
        Budget=budget,
        NotificationsWithSubscribers=properties.take("NotificationsWithSubscribers") or [],
        ResourceTags=properties.take("ResourceTags") or [],
    )
    return Physical(budget["BudgetName"])


def delete_budget(resource: Resource, budget: Physical) -> None:
    resource.client("budgets").delete_budget(AccountId=resource.account_id, BudgetName=budget.id)


ROWS = (Row("AWS::Budgets::Budget", create_budget, delete_budget),)
