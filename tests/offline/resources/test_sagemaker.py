"""Rows of SageMaker: what a template asks for is in the account, changes in place, is told and goes."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from offline.deploy import leftovers
from offline.engine import ACCOUNT_ID
from offline.errors import UnsupportedPropertyError
from offline.sandbox import Sandbox
from tests.offline.engines.roles import role
from tests.offline.engines.sagemaker_account import BUCKET, IMAGE, put
from tests.offline.engines.test_sagemaker_processing import application
from tests.offline.engines.test_sagemaker_processing import job as processing_job
from tests.offline.resources.stage import Staged, failing, made

TAGS = [{"Key": "lab", "Value": "training"}]
CONTAINER = {"Image": IMAGE, "ModelDataUrl": "s3://lake/model.tar.gz", "Environment": {"a": "1"}}


def sagemaker() -> Any:
    return boto3.client("sagemaker")


def arn(resource: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:{ACCOUNT_ID}:{resource}"


@pytest.fixture
def role_arn(sandbox: Sandbox) -> str:
    return role("notebooks", "sagemaker.amazonaws.com")


def model(role_arn: str, name: str = "m", **more: Any) -> Staged:
    given = {"ModelName": name, "ExecutionRoleArn": role_arn, "PrimaryContainer": CONTAINER}
    return made("AWS::SageMaker::Model", **{**given, **more})


def config(name: str = "c", model: str = "m", count: int = 1, **more: Any) -> Staged:
    variant = {
        "VariantName": "all",
        "ModelName": model,
        "InitialInstanceCount": count,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": 1.0,
    }
    return made(
        "AWS::SageMaker::EndpointConfig", EndpointConfigName=name, ProductionVariants=[variant], **more
    )


def test_a_model_has_its_arn_as_reference_and_only_its_tags_change(role_arn: str) -> None:
    staged = model(role_arn, EnableNetworkIsolation=True, Tags=TAGS)
    assert (staged.id, staged.attribute("ModelName")) == (arn("model/m"), "m")
    assert sagemaker().describe_model(ModelName="m")["EnableNetworkIsolation"] is True
    assert staged.in_sync()
    staged.update(Tags=[{"Key": "lab", "Value": "mlops"}])
    assert sagemaker().list_tags(ResourceArn=staged.id)["Tags"] == [{"Key": "lab", "Value": "mlops"}]
    listed = made("AWS::SageMaker::Model", ExecutionRoleArn=role_arn, Containers=[CONTAINER])
    assert listed.read()["Containers"] == [CONTAINER]
    assert listed.attribute("ModelName").startswith("stack-Thing-")


def test_an_endpoint_serves_another_configuration_in_place(role_arn: str) -> None:
    model(role_arn)
    first = config(KmsKeyId="k", Tags=TAGS)
    assert (first.id, first.attribute("EndpointConfigName")) == (arn("endpoint-config/c"), "c")
    assert first.in_sync()
    endpoint = made("AWS::SageMaker::Endpoint", EndpointName="e", EndpointConfigName="c", Tags=TAGS)
    assert (endpoint.id, endpoint.attribute("EndpointName")) == (arn("endpoint/e"), "e")
    plain = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    for name, variant in (("Bare", plain), ("Weighed", {**plain, "InitialVariantWeight": 1})):
        told = made("AWS::SageMaker::EndpointConfig", name=name, ProductionVariants=[variant]).read()
        assert json.dumps(told["ProductionVariants"]) == json.dumps([variant])
    second = config("d", count=2)
    at_once = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
        }
    }
    endpoint.update("Tags", EndpointConfigName=second.id, DeploymentConfig=at_once)
    found = sagemaker().describe_endpoint(EndpointName="e")
    assert (found["EndpointConfigName"], found["EndpointStatus"]) == ("d", "InService")
    assert found["ProductionVariants"][0]["DesiredInstanceCount"] == 2
    assert found["LastDeploymentConfig"] == at_once
    assert endpoint.in_sync()
    assert sagemaker().list_tags(ResourceArn=endpoint.id)["Tags"] == []
    sagemaker().update_endpoint(EndpointName="e", EndpointConfigName="c")
    assert not endpoint.in_sync()


CANARY = {"Type": "CANARY", "WaitIntervalInSeconds": 0}
ROLLING = {"MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1}, "WaitIntervalInSeconds": 0}


@pytest.mark.parametrize(
    ("deployment", "told"),
    [
        ({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": CANARY}}, "traffic routing CANARY"),
        ({"RollingUpdatePolicy": ROLLING}, "RollingUpdatePolicy"),
        ({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}]}}, "AutoRollbackConfiguration"),
    ],
)
def test_refuses_to_shift_traffic(role_arn: str, deployment: dict[str, Any], told: str) -> None:
    model(role_arn)
    config()
    refusal = failing(
        "AWS::SageMaker::Endpoint", EndpointName="e", EndpointConfigName="c", DeploymentConfig=deployment
    )
    assert told in str(refusal)


def test_refuses_an_endpoint_of_nothing_and_names_that_are_taken(role_arn: str) -> None:
    refusal = failing("AWS::SageMaker::Endpoint", EndpointName="e", EndpointConfigName="missing")
    assert "Could not find endpoint configuration" in str(refusal)
    model(role_arn)
    config()
    with pytest.raises(ClientError, match="already existing endpoint configuration"):
        config()
    made("AWS::SageMaker::Endpoint", EndpointName="e", EndpointConfigName="c")
    assert "already existing endpoint" in str(
        failing("AWS::SageMaker::Endpoint", EndpointName="e", EndpointConfigName="c")
    )


SCRIPT = [{"Content": "ZWNobw=="}]


def notebook(role_arn: str, **more: Any) -> Staged:
    given = {"NotebookInstanceName": "n", "InstanceType": "ml.t3.medium", "RoleArn": role_arn}
    return made("AWS::SageMaker::NotebookInstance", **{**given, **more})


def test_a_notebook_instance_is_kept_whole_and_changes_in_place(role_arn: str) -> None:
    made("AWS::SageMaker::NotebookInstanceLifecycleConfig", NotebookInstanceLifecycleConfigName="l")
    given = {
        "AdditionalCodeRepositories": ["https://example.com/more.git"],
        "DefaultCodeRepository": "https://example.com/code.git",
        "DirectInternetAccess": "Disabled",
        "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "2"},
        "KmsKeyId": "k",
        "LifecycleConfigName": "l",
        "PlatformIdentifier": "notebook-al2-v3",
        "RootAccess": "Disabled",
        "SecurityGroupIds": ["sg-1"],
        "SubnetId": "subnet-1",
        "VolumeSizeInGB": 5,
    }
    staged = notebook(role_arn, **given, Tags=TAGS)
    assert staged.attribute("NotebookInstanceName") == "n"
    assert staged.read() == {**staged.properties}
    found = sagemaker().describe_notebook_instance(NotebookInstanceName="n")
    assert (found["NotebookInstanceStatus"], found["SecurityGroups"]) == ("InService", ["sg-1"])
    assert "Url" not in found
    changeable = set(given) - {
        "DirectInternetAccess",
        "KmsKeyId",
        "PlatformIdentifier",
        "SecurityGroupIds",
        "SubnetId",
    }
    staged.update(*changeable, "Tags", InstanceType="ml.t3.large")
    found = sagemaker().describe_notebook_instance(NotebookInstanceName="n")
    assert (found["InstanceType"], found["RootAccess"], found["VolumeSizeInGB"]) == (
        "ml.t3.large",
        "Enabled",
        5,
    )
    assert found["NotebookInstanceStatus"] == "InService"
    gone = {"NotebookInstanceLifecycleConfigName", "DefaultCodeRepository", "AdditionalCodeRepositories"}
    assert not gone & set(found)
    assert found["InstanceMetadataServiceConfiguration"]["MinimumInstanceMetadataServiceVersion"] == "1"
    assert sagemaker().list_tags(ResourceArn=staged.id)["Tags"] == []


def test_a_notebook_whose_update_is_refused_runs_on_as_it_was(role_arn: str) -> None:
    staged = notebook(role_arn, VolumeSizeInGB=20)
    with pytest.raises(ClientError, match="can grow and not shrink"):
        staged.update(VolumeSizeInGB=10)
    found = sagemaker().describe_notebook_instance(NotebookInstanceName="n")
    assert (found["NotebookInstanceStatus"], found["VolumeSizeInGB"]) == ("InService", 20)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"InstanceType": "ml.enormous"}, "instanceType"),
        ({"InstanceType": "ml.p3.2xlarge"}, "no longer sells"),
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/nobody"}, "Could not assume role"),
        ({"DirectInternetAccess": "Disabled"}, "SubnetId"),
        ({"LifecycleConfigName": "missing"}, "does not exist"),
    ],
)
def test_refuses_a_notebook_that_aws_refuses(role_arn: str, more: dict[str, Any], told: str) -> None:
    given = {"NotebookInstanceName": "n", "InstanceType": "ml.t3.medium", "RoleArn": role_arn, **more}
    assert told in str(failing("AWS::SageMaker::NotebookInstance", **given))
    assert leftovers() == ["iam role notebooks"]


def test_a_lifecycle_config_changes_in_place(role_arn: str) -> None:
    staged = made(
        "AWS::SageMaker::NotebookInstanceLifecycleConfig", OnCreate=SCRIPT, OnStart=SCRIPT, Tags=TAGS
    )
    name = staged.attribute("NotebookInstanceLifecycleConfigName")
    assert staged.in_sync()
    other = [{"Content": "bHM="}]
    staged.update("OnCreate", "Tags", OnStart=other)
    found = sagemaker().describe_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName=name)
    assert (found["OnCreate"], found["OnStart"]) == ([], other)
    assert sagemaker().list_tags(ResourceArn=staged.id)["Tags"] == []


DEFINITION = json.dumps({"Version": "2020-12-01", "Steps": []})


def test_a_pipeline_is_kept_and_changes_in_place(role_arn: str) -> None:
    given = {
        "PipelineName": "p",
        "RoleArn": role_arn,
        "PipelineDefinition": {"PipelineDefinitionBody": DEFINITION},
        "PipelineDescription": "d",
        "PipelineDisplayName": "flights",
        "ParallelismConfiguration": {"MaxParallelExecutionSteps": 2},
    }
    staged = made("AWS::SageMaker::Pipeline", **given, Tags=TAGS)
    assert (staged.id, staged.read()) == ("p", {**given, "Tags": TAGS})
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="scripts")
    other = json.dumps({"Version": "2020-12-01", "Steps": [], "Parameters": []})
    s3.put_object(Bucket="scripts", Key="p.json", Body=other.encode())
    place = {"PipelineDefinitionS3Location": {"Bucket": "scripts", "Key": "p.json"}}
    staged.update("PipelineDescription", "PipelineDisplayName", "Tags", PipelineDefinition=place)
    found = sagemaker().describe_pipeline(PipelineName="p")
    assert (found["PipelineDefinition"], found["PipelineDescription"]) == (other, "")
    assert found["PipelineDisplayName"] == "p"
    with pytest.raises(UnsupportedPropertyError, match="ParallelismConfiguration"):
        staged.update("ParallelismConfiguration")
    with pytest.raises(ClientError, match="not run offline"):
        sagemaker().start_pipeline_execution(PipelineName="p")


def test_refuses_a_pipeline_whose_definition_cannot_be_read(role_arn: str) -> None:
    definition = {"PipelineDefinitionBody": "{"}
    refusal = failing(
        "AWS::SageMaker::Pipeline", PipelineName="p", RoleArn=role_arn, PipelineDefinition=definition
    )
    assert "no JSON document" in str(refusal)


def processing(role_arn: str, **more: Any) -> Staged:
    given = processing_job("p", RoleArn=role_arn, **more)
    return made("AWS::SageMaker::ProcessingJob", **given)


def test_a_processing_job_runs_is_told_and_is_deleted(role_arn: str, sandbox: Sandbox) -> None:
    put("code/run.py", "open('/opt/ml/processing/output/part', 'w').write('x')")
    staged = processing(role_arn, Tags=TAGS, StoppingCondition={"MaxRuntimeInSeconds": 60})
    assert staged.id == arn("processing-job/p")
    assert staged.attribute("ProcessingJobStatus") == "InProgress"
    assert staged.in_sync()
    sandbox.settle()
    found = sagemaker().describe_processing_job(ProcessingJobName="p")
    assert found["ProcessingJobStatus"] == "Completed", found.get("FailureReason")
    staged.delete()
    assert staged.read() is None
    staged.delete()


def test_a_processing_job_that_has_not_begun_is_deleted_unrun(role_arn: str, sandbox: Sandbox) -> None:
    put("code/run.py", "open('/opt/ml/processing/output/part', 'w').write('x')")
    processing(role_arn).delete()
    sandbox.settle()
    assert sagemaker().list_processing_jobs()["ProcessingJobSummaries"] == []
    assert [one["Key"] for one in boto3.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]] == [
        "code/run.py"
    ]


def test_a_stack_starts_a_processing_job_and_replaces_it(role_arn: str, sandbox: Sandbox) -> None:
    put("code/run.py", "import sys; open('/opt/ml/output/message', 'w').write(sys.argv[1])")
    stacks = boto3.client("cloudformation")

    def follow(change: str, argument: str) -> str:
        given = processing_job("p", RoleArn=role_arn, AppSpecification=application(argument))
        del given["ProcessingJobName"]
        body = {
            "Resources": {"Job": {"Type": "AWS::SageMaker::ProcessingJob", "Properties": given}},
            "Outputs": {"Arn": {"Value": {"Ref": "Job"}}},
        }
        getattr(stacks, f"{change}_stack")(StackName="s", TemplateBody=json.dumps(body))
        sandbox.settle()
        [stack] = stacks.describe_stacks(StackName="s")["Stacks"]
        assert stack["StackStatus"] == f"{change.upper()}_COMPLETE", stack.get("StackStatusReason")
        name = stack["Outputs"][0]["OutputValue"].rpartition("/")[2]
        return str(sagemaker().describe_processing_job(ProcessingJobName=name)["ExitMessage"])

    assert (follow("create", "first"), follow("update", "second")) == ("first", "second")
    assert len(sagemaker().list_processing_jobs()["ProcessingJobSummaries"]) == 1
    stacks.delete_stack(StackName="s")
    assert sagemaker().list_processing_jobs()["ProcessingJobSummaries"] == []


def test_a_stack_fails_whose_processing_job_cannot_be_run(role_arn: str) -> None:
    given = processing_job("p", RoleArn=role_arn, AppSpecification={"ImageUri": "python:3.13"})
    body = {"Resources": {"Job": {"Type": "AWS::SageMaker::ProcessingJob", "Properties": given}}}
    stacks = boto3.client("cloudformation")
    stacks.create_stack(StackName="s", TemplateBody=json.dumps(body))
    [stack] = stacks.describe_stacks(StackName="s")["Stacks"]
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Image 'python:3.13' cannot be run offline" in stack["StackStatusReason"]


POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "sagemaker:DescribeModelPackageGroup",
            "Resource": "*",
        }
    ],
}


def test_a_group_of_packages_has_its_policy_and_is_not_deleted_full(sandbox: Sandbox) -> None:
    staged = made(
        "AWS::SageMaker::ModelPackageGroup",
        ModelPackageGroupName="g",
        ModelPackageGroupDescription="d",
        ModelPackageGroupPolicy=POLICY,
        Tags=TAGS,
    )
    assert (staged.id, staged.attribute("ModelPackageGroupStatus")) == (
        arn("model-package-group/g"), "Completed"
    )  # fmt: skip
    assert staged.in_sync()
    staged.update("ModelPackageGroupPolicy", "Tags")
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker().get_model_package_group_policy(ModelPackageGroupName="g")
    package = sagemaker().create_model_package(ModelPackageGroupName="g")["ModelPackageArn"]
    with pytest.raises(ClientError, match="contains model packages"):
        staged.delete()
    sagemaker().delete_model_package(ModelPackageName=package)
    staged.delete()
    assert staged.read() is None


FEATURES = [
    {"FeatureName": "id", "FeatureType": "String"},
    {"FeatureName": "at", "FeatureType": "Fractional"},
]


def features(**more: Any) -> dict[str, Any]:
    return {
        "FeatureGroupName": "f",
        "RecordIdentifierFeatureName": "id",
        "EventTimeFeatureName": "at",
        "FeatureDefinitions": FEATURES,
        "OnlineStoreConfig": {"EnableOnlineStore": True, "TtlDuration": {"Unit": "Days", "Value": 1}},
        **more,
    }


def test_a_feature_group_gains_features_and_changes_in_place(role_arn: str) -> None:
    offline = {"S3StorageConfig": {"S3Uri": "s3://lake/f/"}, "DisableGlueTableCreation": True}
    throughput = {
        "ThroughputMode": "Provisioned",
        "ProvisionedReadCapacityUnits": 1,
        "ProvisionedWriteCapacityUnits": 1,
    }
    given = features(
        Description="d", OfflineStoreConfig=offline, RoleArn=role_arn, ThroughputConfig=throughput, Tags=TAGS
    )
    staged = made("AWS::SageMaker::FeatureGroup", **given)
    assert (staged.id, staged.attribute("FeatureGroupStatus")) == ("f", "Created")
    assert staged.read() == given
    more = [*FEATURES, {"FeatureName": "delay", "FeatureType": "Integral"}]
    longer = {"EnableOnlineStore": True, "TtlDuration": {"Unit": "Days", "Value": 2}}
    staged.update("ThroughputConfig", FeatureDefinitions=more, OnlineStoreConfig=longer)
    found = sagemaker().describe_feature_group(FeatureGroupName="f")
    assert (found["FeatureDefinitions"], found["OnlineStoreConfig"]) == (more, longer)
    assert found["ThroughputConfig"] == {"ThroughputMode": "OnDemand"}
    with pytest.raises(UnsupportedPropertyError, match="cannot be taken away"):
        staged.update(FeatureDefinitions=FEATURES)
    with pytest.raises(UnsupportedPropertyError, match="TtlDuration"):
        staged.update(OnlineStoreConfig={"EnableOnlineStore": True})
    with pytest.raises(ClientError, match="PutRecord"):
        boto3.client("sagemaker-featurestore-runtime").put_record(
            FeatureGroupName="f", Record=[{"FeatureName": "id", "ValueAsString": "1"}]
        )


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"EventTimeFeatureName": "when"}, "not among the FeatureDefinitions"),
        ({"OnlineStoreConfig": {"EnableOnlineStore": False}}, "needs an online or an offline store"),
        ({"FeatureDefinitions": [*FEATURES, FEATURES[0]]}, "name a feature twice"),
        ({"OfflineStoreConfig": {"S3StorageConfig": {"S3Uri": "s3://lake/f/"}}}, "DisableGlueTableCreation"),
    ],
)
def test_refuses_a_feature_group_that_could_not_be(role_arn: str, more: dict[str, Any], told: str) -> None:
    assert told in str(failing("AWS::SageMaker::FeatureGroup", **features(RoleArn=role_arn, **more)))


def test_everything_is_found_until_it_is_deleted_and_deleting_it_twice_is_fine(role_arn: str) -> None:
    body = {"PipelineDefinitionBody": DEFINITION}
    things = {
        "sagemaker model m": model(role_arn),
        "sagemaker endpoint config c": config(),
        "sagemaker endpoint e": made("AWS::SageMaker::Endpoint", EndpointName="e", EndpointConfigName="c"),
        "sagemaker notebook n": notebook(role_arn),
        "sagemaker notebook lifecycle config l": made(
            "AWS::SageMaker::NotebookInstanceLifecycleConfig", NotebookInstanceLifecycleConfigName="l"
        ),
        "sagemaker pipeline p": made(
            "AWS::SageMaker::Pipeline", PipelineName="p", RoleArn=role_arn, PipelineDefinition=body
        ),
        "sagemaker model package group g": made(
            "AWS::SageMaker::ModelPackageGroup", ModelPackageGroupName="g"
        ),
        "sagemaker feature group f": made("AWS::SageMaker::FeatureGroup", **features()),
    }
    assert leftovers() == sorted([*things, "iam role notebooks"])
    for staged in reversed(things.values()):
        assert staged.read() is not None
        staged.delete()
        assert staged.read() is None
        staged.delete()
    assert leftovers() == ["iam role notebooks"]
