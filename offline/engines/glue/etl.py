"""Glue's API of jobs, triggers, workflows, connections and classifiers, where moto drops what is given."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.responses import GlueResponse

from offline.engines.glue.definitions import (
    Classifier,
    Connection,
    Job,
    Workflow,
    check,
    classifier_given,
    found,
    guarded,
    refused,
    taken,
)
from offline.engines.glue.triggers import Trigger


class EtlResponses(GlueResponse):
    """What is created comes back as it was given; what nothing runs is not started."""

    @property
    def engine(self) -> Any:
        return self.glue_backend

    def _created(self, noun: str, kind: Any, kept: dict[str, Any], given: dict[str, Any]) -> ActionResult:
        name, tags = given["Name"], self.parameters.get("Tags")
        if name in kept:
            raise taken(noun, name)
        arn = self.engine.arn_of(noun, name)
        kept[name] = kind(arn, given)
        self.engine.tag_resource(arn, tags)
        return ActionResult({"Name": name})

    def _deleted(self, noun: str, kept: dict[str, Any], name: str) -> None:
        if kept.pop(name, None) is not None:
            self.engine.tagger.delete_all_tags_for_resource(self.engine.arn_of(noun, name))

    def create_job(self) -> ActionResult:
        check("CreateJob", self.parameters)
        return self._created("Job", Job, self.engine.jobs, self.parameters)

    def update_job(self) -> ActionResult:
        check("UpdateJob", self.parameters)
        name = self.parameters["JobName"]
        self.engine.get_job(name).change(self.parameters["JobUpdate"])
        return ActionResult({"JobName": name})

    def delete_job(self) -> ActionResult:
        """A job that is not there is no error."""
        name = self.parameters["JobName"]
        self._deleted("Job", self.engine.jobs, name)
        return ActionResult({"JobName": name})

    def start_job_run(self) -> ActionResult:
        name = self.parameters["JobName"]
        self.engine.get_job(name)
        raise refused(
            "StartJobRun",
            f"job {name} is not run offline: no engine runs Glue jobs, and their result is not imitated; "
            "run the work as a Lambda function or as an Athena query",
        )

    def create_trigger(self) -> ActionResult:
        check("CreateTrigger", self.parameters)
        return self._created("Trigger", Trigger, self.engine.triggers, self.parameters)

    def update_trigger(self) -> ActionResult:
        check("UpdateTrigger", self.parameters)
        trigger = self.engine.get_trigger(self.parameters["Name"])
        trigger.change(self.parameters["TriggerUpdate"])
        return ActionResult({"Trigger": trigger.as_dict()})

    def delete_trigger(self) -> ActionResult:
        """A trigger that is not there is no error."""
        name = self.parameters["Name"]
        self._deleted("Trigger", self.engine.triggers, name)
        return ActionResult({"Name": name})

    def create_workflow(self) -> ActionResult:
        check("CreateWorkflow", self.parameters)
        return self._created("Workflow", Workflow, self.engine.workflows, self.parameters)

    def update_workflow(self) -> ActionResult:
        check("UpdateWorkflow", self.parameters)
        name = self.parameters["Name"]
        found(self.engine.workflows, "Workflow", name).change(self.parameters)
        return ActionResult({"Name": name})

    def delete_workflow(self) -> ActionResult:
        name = self.parameters["Name"]
        self._deleted("Workflow", self.engine.workflows, name)
        return ActionResult({"Name": name})

    def start_workflow_run(self) -> ActionResult:
        name = self.parameters["Name"]
        found(self.engine.workflows, "Workflow", name)
        raise refused(
            "StartWorkflowRun", f"workflow {name} is not run offline; start its crawlers one by one"
        )

    def create_connection(self) -> ActionResult:
        check("CreateConnection", self.parameters)
        self._created("Connection", Connection, self.engine.connections, self._connection())
        return ActionResult({"CreateConnectionStatus": "READY"})

    def _connection(self) -> dict[str, Any]:
        settings = self.engine.get_data_catalog_encryption_settings(self.parameters.get("CatalogId"))
        passwords = settings["DataCatalogEncryptionSettings"]["ConnectionPasswordEncryption"]
        return guarded(self.parameters["ConnectionInput"], passwords, self.engine.region_name)

    def update_connection(self) -> EmptyResult:
        check("UpdateConnection", self.parameters)
        found(self.engine.connections, "Connection", self.parameters["Name"]).change(self._connection())
        return EmptyResult()

    def delete_connection(self) -> EmptyResult:
        name = self.parameters["ConnectionName"]
        found(self.engine.connections, "Connection", name)
        self._deleted("Connection", self.engine.connections, name)
        return EmptyResult()

    def create_classifier(self) -> EmptyResult:
        check("CreateClassifier", self.parameters)
        kind, given = classifier_given("CreateClassifier", self.parameters)
        if given["Name"] in self.engine.classifiers:
            raise taken("Classifier", given["Name"])
        self.engine.classifiers[given["Name"]] = Classifier(kind, given)
        return EmptyResult()

    def update_classifier(self) -> EmptyResult:
        check("UpdateClassifier", self.parameters)
        kind, given = classifier_given("UpdateClassifier", self.parameters)
        classifier = found(self.engine.classifiers, "Classifier", given["Name"])
        if classifier.kind != kind:
            raise refused("UpdateClassifier", f"{given['Name']} is a {classifier.kind}, not a {kind}")
        classifier.change(given)
        return EmptyResult()

    def get_classifier(self) -> ActionResult:
        classifier = found(self.engine.classifiers, "Classifier", self.parameters["Name"])
        return ActionResult({"Classifier": classifier.as_dict()})

    def get_classifiers(self) -> ActionResult:
        return ActionResult({"Classifiers": [one.as_dict() for one in self.engine.classifiers.values()]})

    def delete_classifier(self) -> EmptyResult:
        found(self.engine.classifiers, "Classifier", self.parameters["Name"])
        del self.engine.classifiers[self.parameters["Name"]]
        return EmptyResult()
