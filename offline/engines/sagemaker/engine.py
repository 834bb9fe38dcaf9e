"""The SageMaker backend: moto's control plane, with jobs that really run and models that really answer."""

from __future__ import annotations

import importlib
from typing import Any, ClassVar

from moto.sagemaker.models import Model, SageMakerModelBackend, arn_formatter

from offline.changes import note
from offline.clock import clock
from offline.engine import Engine, Row, job_row
from offline.engines.sagemaker import containers, processing, training, transform
from offline.engines.sagemaker.definitions import FeatureGroup, LifecycleConfig
from offline.engines.sagemaker.hosting import Hosting
from offline.engines.sagemaker.keeping import Keeping
from offline.engines.sagemaker.processing import ProcessingJob
from offline.engines.sagemaker.processing_requests import check_processing
from offline.engines.sagemaker.requests import check_only, check_role, check_shape, in_use, refuse
from offline.engines.sagemaker.training import TrainingJob
from offline.engines.sagemaker.training_requests import check_training
from offline.engines.sagemaker.transform import TransformJob, check_transform

INTERRUPTED = "InternalServerError: The sandbox ended while the job was running; create the job again."
MODEL_PLAYED = {
    "ModelName", "PrimaryContainer", "Containers", "ExecutionRoleArn", "Tags", "VpcConfig",
    "EnableNetworkIsolation",
}  # fmt: skip
CONTAINER_PLAYED = {"ContainerHostname", "Image", "Mode", "ModelDataUrl", "Environment"}


class SageMakerEngine(Engine, Hosting, Keeping, SageMakerModelBackend):
    """Training, processing and transform jobs, models, endpoints; jobs run in `settle`, in order of creation.

    Notebook instances, pipelines, package groups and feature groups are kept.
    """

    service: ClassVar[str] = "sagemaker"

    def __getstate__(self) -> dict[str, Any]:
        """Processes that serve models are of this process alone: an endpoint's starts when it is asked."""
        return {name: value for name, value in vars(self).items() if name != "servers"}

    def resume(self) -> bool:
        """A job whose program was running has failed; one that had not started still will."""
        running = [job for job in self._jobs() if job.started]
        for job in running:
            job.fail(INTERRUPTED)
        return bool(running)

    @property
    def _url_module(self) -> Any:
        return importlib.import_module("offline.engines.sagemaker.urls")

    def settle(self) -> bool:
        """Every job that was created has ended."""
        waiting = [job for job in self._jobs() if job is not None]
        for job in waiting:
            note(self)  # Whoever commits meanwhile shall see the job at work.
            if isinstance(job, TrainingJob):
                training.run(job, self.region_name)
            elif isinstance(job, ProcessingJob):
                processing.run(job, self.region_name)
            else:
                transform.run(job, self.describe_model(job.request["ModelName"]).request, self.region_name)
        return bool(waiting)

    def status(self) -> dict[str, list[Row]]:
        """Jobs and endpoints."""
        rows: list[Row] = [
            job_row("training", job.training_job_name, job.training_job_status, job.failure_reason)
            for job in self.training_jobs.values()
        ]
        rows += [
            job_row("transform", job.transform_job_name, job.transform_job_status, job.failure_reason)
            for job in self.transform_jobs.values()
        ]
        rows += [
            job_row("processing", job.processing_job_name, job.processing_job_status, job.failure_reason)
            for job in self.processing_jobs.values()
        ]
        rows += [job_row("endpoint", name, one.endpoint_status) for name, one in self.endpoints.items()]
        return {"jobs": rows}

    def _jobs(self) -> list[TrainingJob | TransformJob | ProcessingJob]:
        trainings = [
            j for j in self.training_jobs.values() if j.training_job_status in ("InProgress", "Stopping")
        ]
        transforms = [
            j for j in self.transform_jobs.values() if j.transform_job_status in ("InProgress", "Stopping")
        ]
        processings = [
            j for j in self.processing_jobs.values() if j.processing_job_status in ("InProgress", "Stopping")
        ]
        return sorted([*trainings, *transforms, *processings], key=lambda job: job.creation_time)

    def submit_training_job(self, request: dict[str, Any]) -> TrainingJob:
        check_training(request, self.region_name)
        name = request["TrainingJobName"]
        arn = self._arn("training-job", name)
        if name in self.training_jobs:
            raise in_use(f"Training job names must be unique within an AWS account and region, and a "
                         f"training job with this name already exists ({arn})")  # fmt: skip
        request.setdefault("EnableNetworkIsolation", False)
        request.setdefault("EnableInterContainerTrafficEncryption", False)
        request.setdefault("EnableManagedSpotTraining", False)
        self.training_jobs[name] = TrainingJob(name, arn, request)
        return self.training_jobs[name]

    def describe_training_job(self, training_job_name: str) -> dict[str, Any]:
        return self._training_job(training_job_name).describe()

    def stop_training_job(self, name: str) -> None:
        """The job is Stopping; a program that runs is asked to end."""
        job = self._training_job(name)
        if job.training_job_status != "InProgress":
            raise refuse(
                f"The request was rejected because the training job is in status {job.training_job_status}."
            )
        job.training_job_status = "Stopping"
        job.enter("Stopping")
        if job.process is not None:
            job.process.terminate()

    def _training_job(self, name: str) -> TrainingJob:
        if name not in self.training_jobs:
            raise refuse("Requested resource not found.")
        return self.training_jobs[name]

    def submit_processing_job(self, request: dict[str, Any]) -> ProcessingJob:
        check_processing(request, self.region_name)
        name = request["ProcessingJobName"]
        arn = self._arn("processing-job", name)
        if name in self.processing_jobs:
            raise in_use(f"Processing job names must be unique within an AWS account and region, and a "
                         f"processing job with this name already exists ({arn})")  # fmt: skip
        self.processing_jobs[name] = ProcessingJob(name, arn, request)
        return self.processing_jobs[name]

    def describe_processing_job(self, processing_job_name: str) -> dict[str, Any]:
        return self._processing_job(processing_job_name).describe()

    def stop_processing_job(self, processing_job_name: str) -> None:
        """The job is Stopping, and Stopped where it has not begun; a program that runs is asked to end."""
        job = self._processing_job(processing_job_name)
        if job.processing_job_status != "InProgress":
            raise refuse(
                "The request was rejected because the processing job is in status "
                f"{job.processing_job_status}."
            )
        job.processing_job_status = "Stopping"
        if not job.started:
            job.end("Stopped")
        elif job.process is not None:
            job.process.terminate()

    def delete_processing_job(self, name: str) -> None:
        job = self._processing_job(name)
        if job.processing_job_status in ("InProgress", "Stopping"):
            raise refuse(
                f"The processing job is in status {job.processing_job_status}; only jobs that are Completed, "
                "Failed or Stopped can be deleted."
            )
        del self.processing_jobs[name]

    def _processing_job(self, name: str) -> ProcessingJob:
        if name not in self.processing_jobs:
            raise refuse(f"Could not find requested job with name: {name}")
        return self.processing_jobs[name]

    def submit_model(self, request: dict[str, Any]) -> Model:
        """A model that names its artifact and image; neither is read until something serves it."""
        check_shape("CreateModel", request)
        check_only(request, MODEL_PLAYED, "CreateModel")
        given = (
            [request["PrimaryContainer"]] if "PrimaryContainer" in request else request.get("Containers", [])
        )
        if len(given) != 1:
            raise refuse(f"CreateModel: offline a model has one container, got {len(given)}.")
        _check_container(given[0], self.region_name)
        if "ExecutionRoleArn" not in request:
            raise refuse("ExecutionRoleArn is required to read the model's artifact and to write logs.")
        check_role(request["ExecutionRoleArn"], self.region_name)
        name = request["ModelName"]
        if name in self._models:
            raise refuse(f'Cannot create already existing model "{self._arn("model", name)}".')
        request["PrimaryContainer"] = given[0]
        return self._keep_model(name, request)

    def _keep_model(self, name: str, request: dict[str, Any]) -> Model:
        model = self.create_model(
            model_name=name,
            execution_role_arn=request["ExecutionRoleArn"],
            primary_container=request["PrimaryContainer"],
            vpc_config=request.get("VpcConfig"),
            containers=None,
            tags=request.get("Tags"),
        )
        model.enable_network_isolation = request.get("EnableNetworkIsolation", False)
        model.creation_time, model.request = clock.now(), request
        return model

    def submit_transform_job(self, request: dict[str, Any]) -> TransformJob:
        check_transform(request)
        self.describe_model(request["ModelName"])
        name = request["TransformJobName"]
        arn = self._arn("transform-job", name)
        if name in self.transform_jobs:
            raise in_use(f"Job name must be unique within an AWS account and region, and a job with this "
                         f"name already exists ({arn})")  # fmt: skip
        self.transform_jobs[name] = TransformJob(name, arn, request)
        return self.transform_jobs[name]

    def describe_transform_job(self, transform_job_name: str) -> dict[str, Any]:
        return self._transform_job(transform_job_name).describe()

    def stop_transform_job(self, name: str) -> None:
        job = self._transform_job(name)
        if job.transform_job_status != "InProgress":
            raise refuse(
                f"The request was rejected because the transform job is in status {job.transform_job_status}."
            )
        job.transform_job_status = "Stopping"

    def _transform_job(self, name: str) -> TransformJob:
        if name not in self.transform_jobs:
            raise refuse(f"Could not find requested job with name: {name}")
        return self.transform_jobs[name]

    def _arn(self, kind: str, name: str) -> str:
        return arn_formatter(kind, name, self.account_id, self.region_name)

    def _get_resource_from_arn(self, arn: str) -> Any:
        """moto knows the tags of most kinds."""
        stem, _, name = arn.rpartition(":")[2].partition("/")
        for kind in (FeatureGroup, LifecycleConfig):
            if stem == kind.stem:
                return self.find(kind, name)
        found = super()._get_resource_from_arn(arn)
        if found is None:
            raise refuse(f"Could not find {stem} with name {name}")
        return found

    def add_tags(self, arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        """A key has one value; moto adds a second."""
        resource = self._get_resource_from_arn(arn)
        keys = {tag["Key"] for tag in tags}
        resource.tags = [tag for tag in resource.tags or [] if tag["Key"] not in keys] + list(tags)
        return list(resource.tags)

    def close(self) -> None:
        """No program of this account runs any more."""
        self.close_endpoints()
        for job in [*self.training_jobs.values(), *self.processing_jobs.values()]:
            if job.process is not None:
                job.process.kill()


def _check_container(container: dict[str, Any], region: str) -> None:
    check_only(container, CONTAINER_PLAYED, "CreateModel: PrimaryContainer")
    if container.get("Mode", "SingleModel") != "SingleModel":
        raise refuse(f"Mode {container['Mode']} is not run offline; use SingleModel.")
    for member in ("Image", "ModelDataUrl"):
        if not container.get(member):
            raise refuse(f"CreateModel: PrimaryContainer.{member} is required offline.")
    containers.program_for(container["Image"], region)
