"""The stack every lab's stack is: tagged with its noun, its outputs named as the labs read them."""

from __future__ import annotations

from aws_cdk import Acknowledgment, CfnOutput, Stack, Tags, Validations
from constructs import Construct, IConstruct

from stacks.settings import Settings


class LabStack(Stack):
    """One lab's resources, all tagged `lab=<noun>`, in whatever account and region it is deployed to."""

    def __init__(self, scope: Construct, id: str, *, noun: str, description: str, settings: Settings) -> None:
        super().__init__(scope, id, description=description)
        self.settings = settings
        Tags.of(self).add("lab", noun)

    def output(self, key: str, value: str, description: str) -> None:
        """A name that the labs look up instead of guessing it."""
        CfnOutput(self, key, value=value, description=description)


def accept(construct: IConstruct, reason: str, *findings: str) -> None:
    """A finding of cdk-nag stands, for the reason given; `findings` are ids such as `IAM5[Resource::*]`."""
    for finding in findings:
        Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions-{finding}", reason=reason))
