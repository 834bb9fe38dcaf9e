"""Definitions that SageMaker keeps and shows as they were given, though nothing here runs them.

A notebook instance is InService at once and has no Jupyter server, its lifecycle scripts are not run; a
pipeline's steps are not run; nothing puts records into a feature group. What would use them is refused.
"""

from __future__ import annotations

import json
from typing import Any, ClassVar

from moto.sagemaker.exceptions import ResourceNotFound, SagemakerClientError

from facts import limits
from offline.clock import clock
from offline.engines.sagemaker.requests import check_instance, check_role, refuse


class Definition:
    """One definition: what was given, and when."""

    noun: ClassVar[str]
    """As the API's operations name it."""
    stem: ClassVar[str]
    """As its ARN names it."""

    def __init__(self, arn: str, given: dict[str, Any], region: str) -> None:
        self.arn, self.region = arn, region
        self.name: str = given[f"{self.noun}Name"]
        self.tags: list[dict[str, str]] = list(given.get("Tags") or [])
        self.given = {key: value for key, value in given.items() if key != "Tags"}
        self.created = self.changed = clock.now()
        self.check()

    def check(self) -> None:
        """Refuse what AWS refuses of the definition as a whole."""

    def change(self, given: dict[str, Any]) -> None:
        """What is given changes, the rest stays; nothing changes where it is refused."""
        before = self.given
        self.given = {**before, **given}
        try:
            self.check()
        except SagemakerClientError:
            self.given = before
            raise
        self.changed = clock.now()

    def describe(self) -> dict[str, Any]:
        times = {"CreationTime": self.created, "LastModifiedTime": self.changed}
        return {**self.given, f"{self.noun}Arn": self.arn, **times}

    @property
    def response_object(self) -> dict[str, Any]:
        return self.describe()

    gen_response_object = describe
    """moto's own names for it, where Search asks."""

    @classmethod
    def missing(cls, name: str, arn: str) -> Exception:
        return refuse(f"{cls.noun} {arn} does not exist.")


class NotebookInstance(Definition):
    """A notebook instance; InService or Stopped."""

    noun, stem = "NotebookInstance", "notebook-instance"

    def __init__(self, arn: str, given: dict[str, Any], region: str) -> None:
        self.status = "InService"
        defaults = {
            "DirectInternetAccess": "Enabled",
            "RootAccess": "Enabled",
            "VolumeSizeInGB": int(limits.number("sagemaker-notebook-volume-gb-lowest")),
        }
        super().__init__(arn, defaults | given, region)

    def check(self) -> None:
        check_instance(self.given["InstanceType"], "notebook")
        check_role(self.given["RoleArn"], self.region)
        if self.given["DirectInternetAccess"] == "Disabled" and "SubnetId" not in self.given:
            raise refuse("DirectInternetAccess can be Disabled only for a notebook instance with a SubnetId.")

    def require_stopped(self, becomes: str) -> None:
        if self.status != "Stopped":
            raise refuse(
                f"Status ({self.status}) not in ([Stopped, Failed]). Unable to transition to ({becomes}) for "
                f"Notebook Instance ({self.arn})"
            )

    def change(self, given: dict[str, Any]) -> None:
        self.require_stopped("Updating")
        if given.get("VolumeSizeInGB", self.given["VolumeSizeInGB"]) < self.given["VolumeSizeInGB"]:
            size = self.given["VolumeSizeInGB"]
            raise refuse(f"VolumeSizeInGB of {self.name} is {size}; a volume can grow and not shrink.")
        dropped = [key.removeprefix("Disassociate") for key in given if key.startswith("Disassociate")]
        names = {"LifecycleConfig": "LifecycleConfigName"}
        super().change({key: value for key, value in given.items() if not key.startswith("Disassociate")})
        for name in dropped:
            self.given.pop(names.get(name, name), None)

    def describe(self) -> dict[str, Any]:
        told = super().describe() | {"NotebookInstanceStatus": self.status}
        for asked, name in SHOWN_AS.items():
            if asked in told:
                told[name] = told.pop(asked)
        return told

    @classmethod
    def missing(cls, name: str, arn: str) -> Exception:
        return refuse("RecordNotFound")


SHOWN_AS = {
    "LifecycleConfigName": "NotebookInstanceLifecycleConfigName",
    "SecurityGroupIds": "SecurityGroups",
}
"""What CreateNotebookInstance and DescribeNotebookInstance call differently."""


class LifecycleConfig(Definition):
    """Scripts of a notebook instance, which nothing runs."""

    noun, stem = "NotebookInstanceLifecycleConfig", "notebook-instance-lifecycle-config"


class Pipeline(Definition):
    """A pipeline; nothing runs its steps."""

    noun, stem = "Pipeline", "pipeline"
    pipeline_executions: ClassVar[dict[str, Any]] = {}

    def check(self) -> None:
        check_role(self.given["RoleArn"], self.region)
        try:
            json.loads(self.given["PipelineDefinition"])
        except ValueError as error:
            raise refuse(f"The pipeline definition of {self.name} is no JSON document: {error}") from None

    def describe(self) -> dict[str, Any]:
        named = {"PipelineDisplayName": self.name}
        return {**named, **super().describe(), "PipelineStatus": "Active"}

    @classmethod
    def missing(cls, name: str, arn: str) -> Exception:
        return ResourceNotFound(f"Pipeline '{arn}' does not exist.")


class PackageGroup(Definition):
    """A group of model packages, the versions of one model."""

    noun, stem = "ModelPackageGroup", "model-package-group"
    policy = ""

    @property
    def model_package_group_name(self) -> str:
        return self.name

    @property
    def creation_time(self) -> Any:
        return self.created

    def describe(self) -> dict[str, Any]:
        return super().describe() | {"ModelPackageGroupStatus": "Completed"}


class FeatureGroup(Definition):
    """A feature group that holds no records."""

    noun, stem = "FeatureGroup", "feature-group"

    def check(self) -> None:
        names = [feature["FeatureName"] for feature in self.given["FeatureDefinitions"]]
        for key in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
            if self.given[key] not in names:
                raise refuse(f"{key} {self.given[key]} is not among the FeatureDefinitions: {names}")
        if len(set(names)) < len(names):
            raise refuse(f"FeatureDefinitions of {self.name} name a feature twice: {sorted(names)}")
        online = (self.given.get("OnlineStoreConfig") or {}).get("EnableOnlineStore")
        if not online and not self.given.get("OfflineStoreConfig"):
            raise refuse(f"{self.name} needs an online or an offline store")
        self._check_offline_store()

    def _check_offline_store(self) -> None:
        store = self.given.get("OfflineStoreConfig")
        if not store:
            return
        check_role(self.given.get("RoleArn", ""), self.region)
        if not store.get("DisableGlueTableCreation"):
            raise refuse(
                f"{self.name}: the table of an offline store is not made in the Data Catalog offline, since "
                "nothing puts records; set DisableGlueTableCreation to true"
            )

    def change(self, given: dict[str, Any]) -> None:
        additions = given.pop("FeatureAdditions", [])
        online = given.pop("OnlineStoreConfig", None)
        if online:
            given["OnlineStoreConfig"] = {**self.given.get("OnlineStoreConfig", {}), **online}
        super().change({**given, "FeatureDefinitions": [*self.given["FeatureDefinitions"], *additions]})

    def describe(self) -> dict[str, Any]:
        throughput = {"ThroughputConfig": {"ThroughputMode": "OnDemand"}}
        return {**throughput, **super().describe(), "FeatureGroupStatus": "Created"}

    @classmethod
    def missing(cls, name: str, arn: str) -> Exception:
        return ResourceNotFound(
            f"Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}"
        )
