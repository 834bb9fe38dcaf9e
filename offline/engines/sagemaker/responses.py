"""moto's responses of SageMaker, for the calls that an engine answers.

moto's own hand on only some members of a request; these hand on all of them.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult

from offline.engines.sagemaker.keeping import DefinitionResponses
from offline.engines.sagemaker.requests import refuse


class SageMakerResponses(DefinitionResponses):
    """Calls about jobs, models and endpoints that run, and of what is kept; the rest is moto's."""

    def create_training_job(self) -> ActionResult:
        job = self.sagemaker_backend.submit_training_job(dict(self._get_params()))
        return ActionResult({"TrainingJobArn": job.arn})

    def stop_training_job(self) -> EmptyResult:
        self.sagemaker_backend.stop_training_job(self._get_param("TrainingJobName"))
        return EmptyResult()

    def create_model(self) -> ActionResult:
        model = self.sagemaker_backend.submit_model(dict(self._get_params()))
        return ActionResult({"ModelArn": model.arn})

    def create_transform_job(self) -> ActionResult:
        job = self.sagemaker_backend.submit_transform_job(dict(self._get_params()))
        return ActionResult({"TransformJobArn": job.arn})

    def stop_transform_job(self) -> EmptyResult:
        self.sagemaker_backend.stop_transform_job(self._get_param("TransformJobName"))
        return EmptyResult()

    def create_processing_job(self) -> ActionResult:
        job = self.sagemaker_backend.submit_processing_job(dict(self._get_params()))
        return ActionResult({"ProcessingJobArn": job.arn})

    def describe_processing_job(self) -> ActionResult:
        found = self.sagemaker_backend.describe_processing_job(self._get_param("ProcessingJobName"))
        return ActionResult(found)

    def stop_processing_job(self) -> EmptyResult:
        self.sagemaker_backend.stop_processing_job(self._get_param("ProcessingJobName"))
        return EmptyResult()

    def delete_processing_job(self) -> EmptyResult:
        self.sagemaker_backend.delete_processing_job(self._get_param("ProcessingJobName"))
        return EmptyResult()

    def create_endpoint_config(self) -> ActionResult:
        config = self.sagemaker_backend.submit_endpoint_config(dict(self._get_params()))
        return ActionResult({"EndpointConfigArn": config.arn})

    def create_endpoint(self) -> ActionResult:
        endpoint = self.sagemaker_backend.submit_endpoint(dict(self._get_params()))
        return ActionResult({"EndpointArn": endpoint.arn})

    def update_endpoint(self) -> ActionResult:
        endpoint = self.sagemaker_backend.change_endpoint(dict(self._get_params()))
        return ActionResult({"EndpointArn": endpoint.arn})


def _not_run(operation: str, instead: str) -> Any:
    def refused(self: SageMakerResponses) -> ActionResult:
        raise refuse(f"{operation} is not run offline, and its result is not imitated. {instead}")

    return refused


NOT_RUN = {
    "create_hyper_parameter_tuning_job": "Run training jobs one by one.",
    "create_auto_ml_job_v2": "Run training jobs one by one.",
    "create_compilation_job": "Serve the trained model as it is.",
    "create_presigned_notebook_instance_url": "Run the notebook on your own machine.",
    "start_pipeline_execution": "Run the steps from a Step Functions state machine.",
    "create_data_quality_job_definition": "",
    "create_model_bias_job_definition": "",
    "create_model_explainability_job_definition": "",
    "create_model_quality_job_definition": "",
}
"""Calls whose jobs moto would report as done without doing anything, and what to do instead."""

for _name, _instead in NOT_RUN.items():
    _operation = (
        "".join(word.title() for word in _name.split("_")).replace("AutoMl", "AutoML").replace("V2", "V2")
    )
    setattr(SageMakerResponses, _name, _not_run(_operation, _instead))
