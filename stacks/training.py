"""The model: a state machine that takes features from the lake, trains, predicts and judges."""

from __future__ import annotations

import re
from typing import Any

from aws_cdk import ArnFormat, CfnMapping, Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from facts import images, instances
from facts.errors import UnknownFactError
from stacks.catalog import CatalogStack
from stacks.constructs.function import WORKLOADS, LabFunction
from stacks.constructs.lab_stack import LabStack, accept
from stacks.lake import EVALUATIONS, FLIGHTS, MODELS, PREDICTIONS, REFERENCE, RESULTS, TRAINING, LakeStack
from stacks.query import QueryStack
from stacks.security import SecurityStack
from stacks.settings import SettingError, Settings

# The model is judged on months it has never seen, later than all it learned from.
MONTHS = {"train": ("01", "09"), "validation": ("10", "10"), "test": ("11", "12")}
HYPERPARAMETERS = {
    "objective": "binary:logistic",
    "eval_metric": "auc",
    "num_round": "150",
    "eta": "0.15",
    "max_depth": "7",
    "subsample": "0.8",
    "colsample_bytree": "0.8",
    "min_child_weight": "20",
    "seed": "2013",
}
EXECUTION = "$$.Execution.Name"
JOBS = "flights-"
"""What the names of all jobs and models of this state machine begin with."""


class TrainingStack(LabStack):
    """Prepare, train, register, predict, judge: one state machine, each step an AWS service's own API."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        settings: Settings,
        lake: LakeStack,
        security: SecurityStack,
        catalog: CatalogStack,
        query: QueryStack,
    ) -> None:
        super().__init__(scope, id, noun="training", description="Train and judge XGBoost", settings=settings)
        self.lake, self.catalog, self.query = lake, catalog, query
        self.features = (WORKLOADS / "flights_features" / "features.sql").read_text()
        self.instance = instance(settings)
        self.registries = self._registries()
        self.group = self._security_group(security)
        self.subnets = [subnet.subnet_id for subnet in security.vpc.isolated_subnets]
        self.job_role = self._job_role(security)
        self.evaluation = self._evaluation()
        machine = self._state_machine()
        self.output("StateMachineArn", machine.state_machine_arn, "Prepares, trains, predicts, judges")
        self.output(
            "FeatureNames", ",".join(feature_names(self.features)), "Columns after the label, in order"
        )

    # -- what the jobs run with ------------------------------------------------------------------

    def _registries(self) -> CfnMapping:
        """The account that serves the algorithm's image differs from region to region."""
        accounts = images.registry_accounts("xgboost")
        return CfnMapping(
            self,
            "XgboostRegistries",
            mapping={region: {"account": account} for region, account in sorted(accounts.items())},
        )

    @property
    def registry_account(self) -> str:
        return self.registries.find_in_map(self.region, "account")

    @property
    def image(self) -> str:
        name = f"{images.repository('xgboost')}:{images.tag('xgboost')}"
        return f"{self.registry_account}.dkr.ecr.{self.region}.{self.url_suffix}/{name}"

    def _security_group(self, security: SecurityStack) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "Jobs",
            vpc=security.vpc,
            description="Training jobs: nothing comes in, HTTPS goes out to the S3 endpoint",
            allow_all_outbound=False,
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3, by the gateway endpoint")
        return group

    def _job_role(self, security: SecurityStack) -> iam.Role:
        role = iam.Role(
            self,
            "JobRole",
            assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            description="Reads features, writes models and predictions",
        )
        self.lake.bucket.grant_read_of(role, TRAINING, MODELS)
        self.lake.bucket.grant_write_of(role, MODELS, PREDICTIONS)
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Image",
                actions=[
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                resources=[
                    f"arn:{self.partition}:ecr:{self.region}:{self.registry_account}:repository/"
                    f"{images.repository('xgboost')}"
                ],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(sid="ImageToken", actions=["ecr:GetAuthorizationToken"], resources=["*"])
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Logs",
                actions=[
                    "logs:CreateLogGroup",
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                resources=[self._log_groups("/aws/sagemaker/*")],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Metrics",
                actions=["cloudwatch:PutMetricData"],
                resources=["*"],
                conditions={
                    "StringLike": {"cloudwatch:namespace": ["/aws/sagemaker/*", "aws/sagemaker/*"]},
                },
            )
        )
        self._let_join_network(role, security)
        accept(
            role,
            "network interfaces, image tokens and metrics have no ARN to name before they exist",
            "IAM5[Resource::*]",
            "IAM5[Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:network-interface/*]",
            "IAM5[Resource::arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:/aws/sagemaker/*]",
        )
        return role

    def _let_join_network(self, role: iam.Role, security: SecurityStack) -> None:
        """What SageMaker documents for a job in a VPC."""
        role.add_to_policy(
            iam.PolicyStatement(
                sid="FindNetwork",
                actions=[
                    "ec2:DescribeDhcpOptions",
                    "ec2:DescribeNetworkInterfaces",
                    "ec2:DescribeSecurityGroups",
                    "ec2:DescribeSubnets",
                    "ec2:DescribeVpcs",
                ],
                resources=["*"],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="JoinNetwork",
                actions=[
                    "ec2:CreateNetworkInterface",
                    "ec2:CreateNetworkInterfacePermission",
                    "ec2:DeleteNetworkInterface",
                    "ec2:DeleteNetworkInterfacePermission",
                ],
                resources=[
                    self.format_arn(service="ec2", resource="network-interface", resource_name="*"),
                    self.format_arn(
                        service="ec2", resource="security-group", resource_name=self.group.security_group_id
                    ),
                    *(
                        self.format_arn(service="ec2", resource="subnet", resource_name=subnet.subnet_id)
                        for subnet in security.vpc.isolated_subnets
                    ),
                ],
            )
        )

    def _log_groups(self, name: str) -> str:
        return self.format_arn(
            service="logs", resource="log-group", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
        )

    def _evaluation(self) -> LabFunction:
        function = LabFunction(
            self,
            "Evaluation",
            workload="flights_evaluation",
            description="Judges predictions: confusion matrix, precision, recall, ROC",
            timeout=Duration.minutes(5),
            memory_mib=1024,
            key=self.lake.key,
            settings=self.settings,
        )
        self.lake.bucket.grant_read_of(function.lab_role, PREDICTIONS)
        self.lake.bucket.grant_write_of(function.lab_role, EVALUATIONS)
        return function

    # -- the state machine -----------------------------------------------------------------------

    def _state_machine(self) -> sfn.StateMachine:
        group = logs.LogGroup(
            self,
            "MachineLogs",
            log_group_name=f"/aws/vendedlogs/states/{self.stack_name}",
            encryption_key=self.lake.key,
            retention=self.settings.retention,
            removal_policy=self.settings.removal,
        )
        role = iam.Role(
            self,
            "MachineRole",
            assumed_by=iam.ServicePrincipal("states.amazonaws.com"),
            description="Runs the jobs of the training state machine",
        )
        self._let_query(role)
        self._let_run_jobs(role)
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Judge", actions=["lambda:InvokeFunction"], resources=[self.evaluation.function_arn]
            )
        )
        machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(self._definition()),
            role=role,
            tracing_enabled=True,
            timeout=Duration.hours(3),
            logs=sfn.LogOptions(destination=group, level=sfn.LogLevel.ALL, include_execution_data=True),
        )
        accept(
            role,
            "jobs are named by execution and bounded by prefix; log delivery and X-Ray know no resource ARNs",
            "IAM5[Resource::*]",
            *(
                f"IAM5[Resource::arn:<AWS::Partition>:sagemaker:<AWS::Region>:<AWS::AccountId>:{kind}/{JOBS}*]"
                for kind in ("model", "training-job", "transform-job")
            ),
            f"IAM5[Resource::{self.catalog.exported_tables}]",
        )
        return machine

    def _definition(self) -> sfn.IChainable:
        chain: Any = None
        steps = [self._plan(), *(self._prepare(name) for name in MONTHS)]
        steps += [self._train(), self._register(), self._predict(), self._unregister(), self._judge()]
        for step in steps:
            chain = step if chain is None else chain.next(step)
        return chain

    def _step(self, id: str, **state: Any) -> sfn.CustomState:
        return sfn.CustomState(self, id, state_json={"Type": "Task", **state})

    def _plan(self) -> sfn.Pass:
        """The statements around the place where the execution's name goes, one for each set of months."""
        plan = {name: self._unload(name, first, last) for name, (first, last) in MONTHS.items()}
        return sfn.Pass(self, "Plan", result=sfn.Result.from_object(plan), result_path="$.plan")

    def _unload(self, name: str, first: str, last: str) -> dict[str, str]:
        sql = self.features.replace(":first", first).replace(":last", last)
        select = "\n".join(line for line in sql.splitlines() if not line.startswith("--"))
        options = "format = 'TEXTFILE', field_delimiter = ',', compression = 'NONE'"
        return {
            "before": f"UNLOAD ({select}) TO '{self.lake.bucket.s3_url_for_object(TRAINING)}",
            "after": f"/{name}/' WITH ({options})",
        }

    def _prepare(self, name: str) -> sfn.CustomState:
        """The features of some months as CSV, written by Athena where only this execution reads."""
        parts = f"$.plan.{name}.before, {EXECUTION}, $.plan.{name}.after"
        return self._step(
            f"Prepare {name}",
            Resource=self._integration("athena:startQueryExecution.sync"),
            Parameters={
                "QueryString.$": f"States.Format('{{}}{{}}{{}}', {parts})",
                "WorkGroup": self.query.workgroup.ref,
                "QueryExecutionContext": {"Database": self.catalog.database.ref},
            },
            ResultPath=f"$.{name}",
        )

    def _train(self) -> sfn.CustomState:
        spot = self.settings.spot
        stopping = {"MaxRuntimeInSeconds": self.settings.training_seconds}
        if spot:
            stopping["MaxWaitTimeInSeconds"] = 2 * self.settings.training_seconds
        return self._step(
            "Train",
            Resource=self._integration("sagemaker:createTrainingJob.sync"),
            Parameters={
                "TrainingJobName.$": format_(f"{JOBS}{{}}"),
                "RoleArn": self.job_role.role_arn,
                "AlgorithmSpecification": {"TrainingImage": self.image, "TrainingInputMode": "File"},
                "HyperParameters": HYPERPARAMETERS,
                "InputDataConfig": [self._channel(name) for name in ("train", "validation")],
                "OutputDataConfig": {
                    "S3OutputPath": self.lake.bucket.s3_url_for_object(MODELS.rstrip("/")),
                    "KmsKeyId": self.lake.key.key_arn,
                },
                "ResourceConfig": {
                    "InstanceType": self.instance,
                    "InstanceCount": 1,
                    "VolumeSizeInGB": 10,
                    "VolumeKmsKeyId": self.lake.key.key_arn,
                },
                "VpcConfig": {"SecurityGroupIds": [self.group.security_group_id], "Subnets": self.subnets},
                "EnableNetworkIsolation": True,
                "EnableManagedSpotTraining": spot,
                "StoppingCondition": stopping,
                "Tags": self._job_tags(),
            },
            ResultPath="$.training",
        )

    def _channel(self, name: str) -> dict[str, Any]:
        return {
            "ChannelName": name,
            "ContentType": "text/csv",
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": "S3Prefix",
                    "S3DataDistributionType": "FullyReplicated",
                    "S3Uri.$": format_(self._url(TRAINING, f"/{name}/")),
                }
            },
        }

    def _register(self) -> sfn.CustomState:
        return self._step(
            "Create model",
            Resource=self._integration("sagemaker:createModel"),
            Parameters={
                "ModelName.$": format_(f"{JOBS}{{}}"),
                "ExecutionRoleArn": self.job_role.role_arn,
                "EnableNetworkIsolation": True,
                "PrimaryContainer": {
                    "Image": self.image,
                    "ModelDataUrl.$": "$.training.ModelArtifacts.S3ModelArtifacts",
                },
                "VpcConfig": {"SecurityGroupIds": [self.group.security_group_id], "Subnets": self.subnets},
                "Tags": self._job_tags(),
            },
            ResultPath="$.model",
        )

    def _predict(self) -> sfn.CustomState:
        """The label goes around the model: it is filtered out on the way in and joined on the way out."""
        return self._step(
            "Predict",
            Resource=self._integration("sagemaker:createTransformJob.sync"),
            Parameters={
                "TransformJobName.$": format_(f"{JOBS}{{}}"),
                "ModelName.$": format_(f"{JOBS}{{}}"),
                "BatchStrategy": "MultiRecord",
                "MaxPayloadInMB": 6,
                "TransformInput": {
                    "ContentType": "text/csv",
                    "SplitType": "Line",
                    "DataSource": {
                        "S3DataSource": {
                            "S3DataType": "S3Prefix",
                            "S3Uri.$": format_(self._url(TRAINING, "/test/")),
                        }
                    },
                },
                "TransformOutput": {
                    "S3OutputPath.$": format_(self._url(PREDICTIONS, "")),
                    "Accept": "text/csv",
                    "AssembleWith": "Line",
                    "KmsKeyId": self.lake.key.key_arn,
                },
                "TransformResources": {
                    "InstanceType": self.instance,
                    "InstanceCount": 1,
                    "VolumeKmsKeyId": self.lake.key.key_arn,
                },
                "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"},
                "Tags": self._job_tags(),
            },
            ResultPath="$.prediction",
        )

    def _unregister(self) -> sfn.CustomState:
        """A model is a name and a reference; the artifact stays in the lake."""
        return self._step(
            "Delete model",
            Resource=self._integration("aws-sdk:sagemaker:deleteModel"),
            Parameters={"ModelName.$": format_(f"{JOBS}{{}}")},
            ResultPath="$.deleted",
        )

    def _judge(self) -> sfn.CustomState:
        return self._step(
            "Evaluate",
            Resource=self._integration("lambda:invoke"),
            Parameters={
                "FunctionName": self.evaluation.function_arn,
                "Payload": {
                    "predictions.$": format_(self._url(PREDICTIONS, "/")),
                    "report.$": format_(self._url(EVALUATIONS, "/evaluation.json")),
                    "threshold": 0.5,
                },
            },
            ResultSelector={"metrics.$": "$.Payload"},
            ResultPath="$.evaluation",
            Retry=[
                {
                    "ErrorEquals": ["Lambda.ServiceException", "Lambda.TooManyRequestsException"],
                    "IntervalSeconds": 2,
                    "MaxAttempts": 3,
                    "BackoffRate": 2,
                }
            ],
        )

    def _integration(self, name: str) -> str:
        return f"arn:{self.partition}:states:::{name}"

    def _url(self, prefix: str, rest: str) -> str:
        """An address below a prefix that only one execution uses; the braces take its name."""
        return self.lake.bucket.s3_url_for_object(f"{prefix}{{}}{rest}")

    def _job_tags(self) -> list[dict[str, str]]:
        return [{"Key": "lab", "Value": "training"}]

    # -- what the state machine may do -----------------------------------------------------------

    def _let_query(self, role: iam.Role) -> None:
        workgroup = self.format_arn(
            service="athena", resource="workgroup", resource_name=self.query.workgroup.ref
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Query",
                actions=[
                    "athena:GetQueryExecution",
                    "athena:StartQueryExecution",
                    "athena:StopQueryExecution",
                ],
                resources=[workgroup],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="Catalog",
                actions=["glue:GetDatabase", "glue:GetPartition", "glue:GetPartitions", "glue:GetTable"],
                resources=[self.catalog.catalog_arn, self.catalog.database_arn, self.catalog.tables_arn],
            )
        )
        self.lake.bucket.grant_read_of(role, FLIGHTS, REFERENCE, TRAINING)
        self.lake.bucket.grant_write_of(role, TRAINING)
        self.lake.results.grant_read_of(role, RESULTS)
        self.lake.results.grant_write_of(role, RESULTS)

    def _let_run_jobs(self, role: iam.Role) -> None:
        def jobs(kind: str) -> str:
            return self.format_arn(service="sagemaker", resource=kind, resource_name=f"{JOBS}*")

        role.add_to_policy(
            iam.PolicyStatement(
                sid="Jobs",
                actions=[
                    "sagemaker:AddTags",
                    "sagemaker:CreateModel",
                    "sagemaker:CreateTrainingJob",
                    "sagemaker:CreateTransformJob",
                    "sagemaker:DeleteModel",
                    "sagemaker:DescribeTrainingJob",
                    "sagemaker:DescribeTransformJob",
                    "sagemaker:StopTrainingJob",
                    "sagemaker:StopTransformJob",
                ],
                resources=[jobs("training-job"), jobs("transform-job"), jobs("model")],
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="HandOverRole",
                actions=["iam:PassRole"],
                resources=[self.job_role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )
        # Step Functions hears of the end of a job through rules that it manages itself.
        rules = (
            "StepFunctionsGetEventsForSageMakerTrainingJobsRule",
            "StepFunctionsGetEventsForSageMakerTransformJobsRule",
        )
        role.add_to_policy(
            iam.PolicyStatement(
                sid="HearOfTheEnd",
                actions=["events:DescribeRule", "events:PutRule", "events:PutTargets"],
                resources=[
                    self.format_arn(service="events", resource="rule", resource_name=name) for name in rules
                ],
            )
        )


def format_(template: str) -> str:
    """A call of the intrinsic function that puts the execution's name where the braces stand.

    >>> format_("flights-{}")
    "States.Format('flights-{}', $$.Execution.Name)"
    """
    arguments = ", ".join([EXECUTION] * template.count("{}"))
    return f"States.Format('{template}', {arguments})"


def feature_names(sql: str) -> list[str]:
    """The names of the columns after the label.

    >>> feature_names("SELECT\\n    a > 1 AS is_late,\\n    f.hour AS hour\\nFROM flights")
    ['hour']
    """
    return re.findall(r" AS (\w+),?$", sql, re.MULTILINE)[1:]


def instance(settings: Settings) -> str:
    try:
        return instances.choose(settings.training_instance, "training", forced=settings.instances == "stated")
    except UnknownFactError as error:
        raise SettingError(f"lab:training_instance: {error}; see cdk.json") from None
