"""A Lambda function of a workload: its own role, its own log group, nothing else."""

from __future__ import annotations

from pathlib import Path

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.settings import Settings

WORKLOADS = Path(__file__).parent.parent.parent / "workloads"


class LabFunction(lambda_.Function):
    """A Python function whose role may write its own log group and what it is granted later."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        workload: str,
        description: str,
        timeout: Duration,
        memory_mib: int,
        key: kms.IKey,
        settings: Settings,
    ) -> None:
        role = iam.Role(
            scope,
            f"{id}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description=description,
        )
        group = logs.LogGroup(
            scope,
            f"{id}Logs",
            encryption_key=key,
            retention=settings.retention,
            removal_policy=settings.removal,
        )
        super().__init__(
            scope,
            id,
            code=lambda_.Code.from_asset(str(WORKLOADS / workload), exclude=["__pycache__", "*.pyc"]),
            handler="handler.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            description=description,
            timeout=timeout,
            memory_size=memory_mib,
            role=role,
            log_group=group,
        )
        group.grant_write(role)
        self.lab_role = role
