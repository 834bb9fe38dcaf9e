"""Where a template, or a task of a definition inside it, names an instance type, and for which use."""

from __future__ import annotations

from facts.instances import Use

Places = tuple[tuple[str, Use], ...]
"""Property and use; `[]` in the path walks a list."""

EMR: Places = (
    *((f"Instances.{role}InstanceGroup.InstanceType", "emr") for role in ("Master", "Core")),
    ("Instances.TaskInstanceGroups[].InstanceType", "emr"),
    *(
        (f"Instances.{role}InstanceFleet.InstanceTypeConfigs[].InstanceType", "emr")
        for role in ("Master", "Core")
    ),
    ("Instances.TaskInstanceFleets[].InstanceTypeConfigs[].InstanceType", "emr"),
)
EMR_CALL: Places = (
    ("Instances.MasterInstanceType", "emr"),
    ("Instances.SlaveInstanceType", "emr"),
    ("Instances.InstanceGroups[].InstanceType", "emr"),
    ("Instances.InstanceFleets[].InstanceTypeConfigs[].InstanceType", "emr"),
)
APPS = ("JupyterServer", "KernelGateway", "JupyterLab", "CodeEditor")


def apps(settings: str, *names: str) -> Places:
    """The default instances of Studio's apps inside a block of settings."""
    return tuple((f"{settings}.{app}AppSettings.DefaultResourceSpec.InstanceType", "app") for app in names)


RESOURCES: dict[str, Places] = {
    "AWS::EC2::Instance": (("InstanceType", "ec2"),),
    "AWS::EC2::LaunchTemplate": (("LaunchTemplateData.InstanceType", "ec2"),),
    "AWS::EC2::EC2Fleet": (("LaunchTemplateConfigs[].Overrides[].InstanceType", "ec2"),),
    "AWS::EC2::SpotFleet": (
        ("SpotFleetRequestConfigData.LaunchSpecifications[].InstanceType", "ec2"),
        ("SpotFleetRequestConfigData.LaunchTemplateConfigs[].Overrides[].InstanceType", "ec2"),
    ),
    "AWS::EC2::CapacityReservation": (("InstanceType", "ec2"),),
    "AWS::EC2::Host": (("InstanceType", "ec2"), ("InstanceFamily", "ec2")),
    "AWS::AutoScaling::LaunchConfiguration": (("InstanceType", "ec2"),),
    "AWS::AutoScaling::AutoScalingGroup": (
        ("MixedInstancesPolicy.LaunchTemplate.Overrides[].InstanceType", "ec2"),
    ),
    "AWS::Batch::ComputeEnvironment": (("ComputeResources.InstanceTypes[]", "ec2"),),
    "AWS::EKS::Nodegroup": (("InstanceTypes[]", "ec2"),),
    "AWS::ImageBuilder::InfrastructureConfiguration": (("InstanceTypes[]", "ec2"),),
    "AWS::EMR::Cluster": EMR,
    "AWS::EMR::InstanceGroupConfig": (("InstanceType", "emr"),),
    "AWS::EMR::InstanceFleetConfig": (("InstanceTypeConfigs[].InstanceType", "emr"),),
    "AWS::SageMaker::NotebookInstance": (("InstanceType", "notebook"),),
    "AWS::SageMaker::EndpointConfig": (
        ("ProductionVariants[].InstanceType", "hosting"),
        ("ShadowProductionVariants[].InstanceType", "hosting"),
    ),
    "AWS::SageMaker::InferenceExperiment": (
        ("ModelVariants[].InfrastructureConfig.RealTimeInferenceConfig.InstanceType", "hosting"),
    ),
    "AWS::SageMaker::ProcessingJob": (("ProcessingResources.ClusterConfig.InstanceType", "processing"),),
    "AWS::SageMaker::Cluster": (("InstanceGroups[].InstanceType", "cluster"),),
    "AWS::SageMaker::App": (("ResourceSpec.InstanceType", "app"),),
    "AWS::SageMaker::Space": (
        *apps("SpaceSettings", "JupyterServer", "KernelGateway", "JupyterLab", "CodeEditor"),
    ),
    "AWS::SageMaker::UserProfile": apps("UserSettings", *APPS),
    "AWS::SageMaker::Domain": (
        *apps("DefaultUserSettings", *APPS),
        *apps("DefaultSpaceSettings", "JupyterServer", "KernelGateway", "JupyterLab"),
    ),
}
CALLS: dict[str, Places] = {
    "sagemaker:createTrainingJob": (
        ("ResourceConfig.InstanceType", "training"),
        ("ResourceConfig.InstanceGroups[].InstanceType", "training"),
    ),
    "sagemaker:createHyperParameterTuningJob": (
        ("TrainingJobDefinition.ResourceConfig.InstanceType", "training"),
        ("TrainingJobDefinitions[].ResourceConfig.InstanceType", "training"),
    ),
    "sagemaker:createTransformJob": (("TransformResources.InstanceType", "transform"),),
    "sagemaker:createProcessingJob": (("ProcessingResources.ClusterConfig.InstanceType", "processing"),),
    "sagemaker:createEndpointConfig": (("ProductionVariants[].InstanceType", "hosting"),),
    "sagemaker:createNotebookInstance": (("InstanceType", "notebook"),),
    "elasticmapreduce:createCluster": EMR_CALL,
    "emr:runJobFlow": EMR_CALL,
}
"""The same for APIs that state machines and pipelines call."""
FEATURES = {
    "sagemaker:createTrainingJob": {
        "DebugHookConfig": "sagemaker-debugger",
        "DebugRuleConfigurations": "sagemaker-debugger",
        "ProfilerRuleConfigurations": "sagemaker-debugger",
    }
}
"""Arguments that only a service of `facts.services` gives a meaning."""
