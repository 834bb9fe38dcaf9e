"""The part of the SageMaker engine that keeps definitions, and its API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ConflictException
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from offline.engine import client_of_caller
from offline.engines.sagemaker.definitions import (
    Definition,
    FeatureGroup,
    LifecycleConfig,
    NotebookInstance,
    PackageGroup,
    Pipeline,
)
from offline.engines.sagemaker.requests import check_shape, in_use, refuse
from offline.iam.callers import current_caller


class Keeping(SageMakerModelBackend):
    """The definitions' part of the SageMaker engine."""

    def kept(self, kind: type[Definition]) -> dict[str, Any]:
        return {
            NotebookInstance: self.notebook_instances,
            LifecycleConfig: self.notebook_instance_lifecycle_configurations,
            Pipeline: self.pipelines,
            PackageGroup: self.model_package_groups,
            FeatureGroup: self.feature_groups,
        }[kind]

    def keep(self, kind: type[Definition], request: dict[str, Any]) -> Definition:
        check_shape(f"Create{kind.noun}", request)
        name = request[f"{kind.noun}Name"]
        arn = self._arn(kind.stem, name)
        if name in self.kept(kind):
            raise in_use(f"{kind.noun} names must be unique, and one with this name already exists ({arn})")
        self._check_lifecycle(request)
        self.kept(kind)[name] = kind(arn, request, self.region_name)
        return self.kept(kind)[name]

    def find(self, kind: type[Definition], name: str) -> Any:
        if name not in self.kept(kind):
            raise kind.missing(name, self._arn(kind.stem, name))
        return self.kept(kind)[name]

    def change(self, kind: type[Definition], request: dict[str, Any]) -> Any:
        check_shape(f"Update{kind.noun}", request)
        found = self.find(kind, request.pop(f"{kind.noun}Name"))
        self._check_lifecycle(request)
        found.change(request)
        return found

    def _check_lifecycle(self, request: dict[str, Any]) -> None:
        if name := request.get("LifecycleConfigName"):
            self.find(LifecycleConfig, name)

    def drop(self, kind: type[Definition], name: str) -> Definition:
        found: Definition = self.find(kind, name)
        if isinstance(found, NotebookInstance):
            found.require_stopped("Deleting")
        if isinstance(found, PackageGroup) and self._packages(name):
            raise ConflictException(
                f"Model package group {name} cannot be deleted: it contains model packages."
            )
        return self.kept(kind).pop(name)

    def _packages(self, group: str) -> list[str]:
        return [arn for arn, one in self.model_packages.items() if one.model_package_group_name == group]

    def drop_package(self, name: str) -> None:
        arn = self.model_package_name_mapping.get(name)
        if arn is None or arn not in self.model_packages:
            raise refuse(f"ModelPackage {name} does not exist.")
        del self.model_packages[arn]


class DefinitionResponses(SageMakerResponse):
    """What is particular to one kind of definition."""

    def _given(self) -> dict[str, Any]:
        return dict(self._get_params())

    def _named(self, kind: type[Definition]) -> Any:
        return self.sagemaker_backend.find(kind, self._get_param(f"{kind.noun}Name"))

    def start_notebook_instance(self) -> EmptyResult:
        self._named(NotebookInstance).status = "InService"
        return EmptyResult()

    def stop_notebook_instance(self) -> EmptyResult:
        self._named(NotebookInstance).status = "Stopped"
        return EmptyResult()

    def create_pipeline(self) -> ActionResult:
        pipeline = self.sagemaker_backend.keep(Pipeline, self._with_definition(needed=True))
        return ActionResult({"PipelineArn": pipeline.arn})

    def update_pipeline(self) -> ActionResult:
        pipeline = self.sagemaker_backend.change(Pipeline, self._with_definition(needed=False))
        return ActionResult({"PipelineArn": pipeline.arn})

    def _with_definition(self, *, needed: bool) -> dict[str, Any]:
        """The request with the definition's text, read from S3 where it lies there."""
        given = self._given()
        given.pop("ClientRequestToken", None)
        place = given.pop("PipelineDefinitionS3Location", None)
        if place and "PipelineDefinition" in given:
            raise refuse("Both Pipeline Definition and Pipeline Definition S3 Location shouldn't be present")
        if place:
            given["PipelineDefinition"] = _text(place, self.region)
        if needed and "PipelineDefinition" not in given:
            raise refuse("Either Pipeline Definition or Pipeline Definition S3 location should be provided")
        return given

    def put_model_package_group_policy(self) -> ActionResult:
        group = self._named(PackageGroup)
        group.policy = self._get_param("ResourcePolicy")
        return ActionResult({"ModelPackageGroupArn": group.arn})

    def get_model_package_group_policy(self) -> ActionResult:
        group = self._named(PackageGroup)
        if not group.policy:
            raise refuse(f"The policy of model package group {group.name} does not exist.")
        return ActionResult({"ResourcePolicy": group.policy})

    def delete_model_package_group_policy(self) -> EmptyResult:
        self._named(PackageGroup).policy = ""
        return EmptyResult()

    def delete_model_package(self) -> EmptyResult:
        self.sagemaker_backend.drop_package(self._get_param("ModelPackageName"))
        return EmptyResult()


def _text(place: dict[str, str], region: str) -> str:
    """A pipeline's definition as it lies in S3, read with the credentials of whoever asks."""
    caller = current_caller()
    assert caller is not None
    s3 = client_of_caller("s3", caller.access_key, caller.token, region)
    version = {"VersionId": place["VersionId"]} if "VersionId" in place else {}
    body: bytes = s3.get_object(Bucket=place["Bucket"], Key=place["ObjectKey"], **version)["Body"].read()
    return body.decode()


def _create(kind: type[Definition]) -> Callable[[Any], ActionResult]:
    return lambda self: ActionResult(
        {f"{kind.noun}Arn": self.sagemaker_backend.keep(kind, self._given()).arn}
    )


def _update(kind: type[Definition]) -> Callable[[Any], ActionResult]:
    return lambda self: ActionResult(
        {f"{kind.noun}Arn": self.sagemaker_backend.change(kind, self._given()).arn}
    )


def _describe(kind: type[Definition]) -> Callable[[Any], ActionResult]:
    return lambda self: ActionResult(self._named(kind).describe())


def _delete(kind: type[Definition]) -> Callable[[Any], ActionResult]:
    return lambda self: ActionResult(
        {f"{kind.noun}Arn": self.sagemaker_backend.drop(kind, self._get_param(f"{kind.noun}Name")).arn}
    )


def _list(kind: type[Definition], result: str) -> Callable[[Any], ActionResult]:
    def listed(self: Any) -> ActionResult:
        """By name; a part of it, its beginning or the status choose, and pages follow their token."""
        found = [one.describe() for _, one in sorted(self.sagemaker_backend.kept(kind).items())]
        part, status = self._get_param("NameContains") or "", self._get_param("StatusEquals")
        begins = self._get_param("PipelineNamePrefix") or ""
        names = f"{kind.noun}Name"
        found = [one for one in found if part in one[names] and one[names].startswith(begins)]
        found = [one for one in found if status in (None, one.get(f"{kind.noun}Status"))]
        start = int(self._get_param("NextToken") or 0)
        stop = start + int(self._get_param("MaxResults") or len(found))
        more = {"NextToken": str(stop)} if stop < len(found) else {}
        return ActionResult({result: found[start:stop]} | more)

    return listed


NAMES = {
    NotebookInstance: ("notebook_instance", "NotebookInstances"),
    LifecycleConfig: ("notebook_instance_lifecycle_config", "NotebookInstanceLifecycleConfigs"),
    Pipeline: ("pipeline", "PipelineSummaries"),
    PackageGroup: ("model_package_group", "ModelPackageGroupSummaryList"),
    FeatureGroup: ("feature_group", "FeatureGroupSummaries"),
}
"""How moto names a kind's operations, and what its listing answers."""

for _kind, (_name, _result) in NAMES.items():
    for _verb, _made in (
        ("create", _create),
        ("update", _update),
        ("describe", _describe),
        ("delete", _delete),
    ):
        if f"{_verb}_{_name}" not in vars(DefinitionResponses):
            setattr(DefinitionResponses, f"{_verb}_{_name}", _made(_kind))
    setattr(DefinitionResponses, f"list_{_name}s", _list(_kind, _result))
