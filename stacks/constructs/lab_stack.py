"""The stack every lab's stack is: tagged with its noun, its outputs named as the labs read them."""

from __future__ import annotations

from aws_cdk import Acknowledgment, CfnOutput, Stack, Tags, Validations
from aws_cdk import aws_budgets as budgets
from constructs import Construct, IConstruct

from stacks.settings import Settings


class LabStack(Stack):
    """One lab's resources, all tagged `lab=<noun>`, in whatever account and region it is deployed to."""

    def __init__(self, scope: Construct, id: str, *, noun: str, description: str, settings: Settings) -> None:
        super().__init__(scope, id, description=description)
        self.settings = settings
        Tags.of(self).add("lab", noun)
        if settings.budget_email:
            self._alarm(noun)

    def _alarm(self, noun: str) -> None:
        """Mail when a month's cost of what carries this lab's tag comes near its budget.

        The account must have activated `lab` as a cost allocation tag; until then the budget sees nothing.
        """
        mail = budgets.CfnBudget.SubscriberProperty(
            address=self.settings.budget_email, subscription_type="EMAIL"
        )
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=self.settings.budget_usd, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:lab${noun}"]},
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        comparison_operator="GREATER_THAN",
                        notification_type=kind,
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[mail],
                )
                for kind, percent in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
        )

    def output(self, key: str, value: str, description: str) -> None:
        """A name that the labs look up instead of guessing it."""
        CfnOutput(self, key, value=value, description=description)


def accept(construct: IConstruct, reason: str, *findings: str) -> None:
    """A finding of cdk-nag stands, for the reason given; `findings` are ids such as `IAM5[Resource::*]`."""
    for finding in findings:
        Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions-{finding}", reason=reason))
