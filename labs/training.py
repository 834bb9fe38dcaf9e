"""Lab 11, training: run the state machine, then judge its model from what it left in S3.

Every figure of the evaluation is computed a second time here, from the batch transform's own lines.
"""

from __future__ import annotations

import io
import json
import math
import tarfile
from typing import Any

from labs import flights
from labs.context import Context
from labs.errors import RunError
from labs.evidence import Check, Evidence, Lab, Step, Table, equal, holds
from labs.objects import body, lines, listed, split_uri
from labs.scores import Scores


def run_state_machine(context: Context) -> Evidence:
    """The state machine has prepared data, trained a model, scored held-out flights and evaluated."""
    machine, arn = context.client("stepfunctions"), context.output("training", "StateMachineArn")
    started = machine.start_execution(stateMachineArn=arn, input="{}")["executionArn"]
    execution = context.until(
        lambda: machine.describe_execution(executionArn=started),
        lambda found: found["status"] != "RUNNING",
        every=30,
        at_most=4 * 3600,
        what="the training state machine",
    )
    if execution["status"] != "SUCCEEDED":
        raise RunError(f"the execution {execution['status']}: {_why(machine, started, execution)}")
    return Evidence(
        figures={"execution": started.rsplit(":", 1)[-1], "state machine": arn.rsplit(":", 1)[-1]},
        series={"output": json.loads(execution.get("output") or "{}")},
        checks=[equal("the execution succeeded", execution["status"], "SUCCEEDED")],
    )


def _why(machine: Any, arn: str, execution: dict[str, Any]) -> str:
    """The cause of a failed execution, else the last failure in its history."""
    if cause := execution.get("cause"):
        return f"{execution.get('error', '')} {_failure_reason(cause)}"
    events = machine.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=20)["events"]
    details = [
        detail for event in events for key, detail in event.items() if key.endswith("FailedEventDetails")
    ]
    return str(details[0]) if details else "no cause given"


def _failure_reason(cause: str) -> str:
    """A job's failure reason where the cause is the whole description of a failed job.

    >>> _failure_reason('{"TrainingJobName": "j", "FailureReason": "AlgorithmError: no rows"}')
    'j: AlgorithmError: no rows'
    >>> _failure_reason("the role may not be assumed")
    'the role may not be assumed'
    """
    try:
        job = json.loads(cause)
        name = next(job[key] for key in ("TrainingJobName", "TransformJobName") if key in job)
        return f"{name}: {job['FailureReason']}"
    except (ValueError, TypeError, KeyError, StopIteration):
        return cause


def inspect_model(context: Context) -> Evidence:
    """The artifact is a real XGBoost model; its training data are the lake's rows, all of them."""
    job = _newest_training_job(context)
    bucket, key = split_uri(job["ModelArtifacts"]["S3ModelArtifacts"])
    artifact = body(context.client("s3"), bucket, key)
    gains = _gains(artifact, _feature_names(context))
    counts = _rows_by_set(context, job)
    departed = int(flights.frame(context.rows)["dep_delay"].count())
    return Evidence(
        figures={"model": key, "model bytes": len(artifact), "features that matter": len(gains), **counts},
        table=Table(["feature", "gain"], [[name, gain] for name, gain in gains[:20]]),
        series={"gains": gains},
        checks=[
            equal("the training job completed", job["TrainingJobStatus"], "Completed"),
            equal(
                "training, validation and test rows are the lake's departed flights",
                sum(counts.values()),
                departed,
            ),
            holds("the model has learned from some feature", bool(gains), len(gains), "at least 1"),
        ],
    )


def _newest_training_job(context: Context) -> dict[str, Any]:
    sagemaker = context.client("sagemaker")
    jobs = sagemaker.list_training_jobs(SortBy="CreationTime", SortOrder="Descending")["TrainingJobSummaries"]
    if not jobs:
        raise RunError("there is no training job: run the step 'run' first")
    job: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=jobs[0]["TrainingJobName"])
    return job


def _newest_transform_job(context: Context) -> dict[str, Any]:
    sagemaker = context.client("sagemaker")
    jobs = sagemaker.list_transform_jobs(SortBy="CreationTime", SortOrder="Descending")[
        "TransformJobSummaries"
    ]
    if not jobs:
        raise RunError("there is no transform job: run the step 'run' first")
    job: dict[str, Any] = sagemaker.describe_transform_job(TransformJobName=jobs[0]["TransformJobName"])
    return job


def _rows_by_set(context: Context, job: dict[str, Any]) -> dict[str, int]:
    """Lines that each channel of the training job, and the transform job, were given."""
    uris = {
        f"{channel['ChannelName']} rows": channel["DataSource"]["S3DataSource"]["S3Uri"]
        for channel in job["InputDataConfig"]
    }
    transform = _newest_transform_job(context)["TransformInput"]["DataSource"]["S3DataSource"]
    return {name: _count(context, uri) for name, uri in {**uris, "test rows": transform["S3Uri"]}.items()}


def _count(context: Context, uri: str) -> int:
    s3, (bucket, prefix) = context.client("s3"), split_uri(uri)
    return sum(1 for item in listed(s3, bucket, prefix) for _ in lines(s3, bucket, item["Key"]))


def _gains(artifact: bytes, names: list[str]) -> list[tuple[str, float]]:
    """Features by how much their splits gained, best first."""
    import xgboost

    with tarfile.open(fileobj=io.BytesIO(artifact), mode="r:gz") as archive:
        member = archive.extractfile("xgboost-model")
        booster = xgboost.Booster(model_file=bytearray(member.read() if member else b""))
    gains = booster.get_score(importance_type="gain")
    named = [(_name(feature, names), float(gain)) for feature, gain in gains.items()]
    return sorted(named, key=lambda pair: -pair[1])


def _name(feature: str, names: list[str]) -> str:
    """`f3` as the fourth feature's name, where the names are known."""
    number = feature.removeprefix("f")
    return names[int(number)] if number.isdecimal() and int(number) < len(names) else feature


def _feature_names(context: Context) -> list[str]:
    """The columns behind the label, in the order in which the state machine selects them."""
    return context.output("training", "FeatureNames").split(",")


def judge(context: Context) -> Evidence:
    """The evaluation's figures are those of the scores that lie in S3."""
    s3, job = context.client("s3"), _newest_transform_job(context)
    bucket, prefix = split_uri(job["TransformOutput"]["S3OutputPath"])
    objects = [item["Key"] for item in listed(s3, bucket, prefix) if item["Key"].endswith(".out")]
    scores = Scores.of_lines(line for key in objects for line in lines(s3, bucket, key))
    if not len(scores):
        raise RunError(f"no scores (*.out) under s3://{bucket}/{prefix}")
    ours, theirs = scores.measures(), _evaluation(context.earlier("training", "run").series["output"])
    rows = [[name, ours[name], theirs.get(name)] for name in ours]
    return Evidence(
        figures={"scored flights": len(scores), **{name: round(value, 4) for name, value in ours.items()}},
        table=Table(["measure", "from the scores", "from the evaluation step"], rows),
        series={
            "confusion": list(scores.confusion()),
            "roc": scores.roc(),
            "precision recall": scores.precision_recall(),
        },
        checks=[
            *_same_measures(ours, theirs),
            holds("the model beats a coin", ours["roc_auc"] > 0.5, ours["roc_auc"], "> 0.5"),
        ],
    )


def _evaluation(output: Any) -> dict[str, float]:
    """The evaluation wherever the state machine's output carries it."""
    if isinstance(output, str) and output.startswith("{"):
        return _evaluation(json.loads(output))
    if isinstance(output, dict):
        if "roc_auc" in output:
            return output
        return next(filter(None, map(_evaluation, output.values())), {})
    return next(filter(None, map(_evaluation, output)), {}) if isinstance(output, list) else {}


def _same_measures(ours: dict[str, float], theirs: dict[str, float]) -> list[Check]:
    shared = [name for name in ours if name in theirs]
    checks = [
        holds(
            f"{name} is as the evaluation step says",
            math.isclose(ours[name], theirs[name], abs_tol=1e-3),
            theirs[name],
            ours[name],
        )
        for name in shared
    ]
    return [
        holds("the evaluation step gave its figures", bool(shared), sorted(theirs), sorted(ours)),
        *checks,
    ]


LAB = Lab(
    noun="training",
    title="XGBoost on SageMaker, by a state machine",
    depends_on=("lake", "catalog", "query"),
    steps=(
        Step("run", "Run the state machine", run_state_machine),
        Step("model", "Open the model", inspect_model),
        Step("judge", "Judge the scores", judge),
    ),
    minutes=20,
    bills=("stepfunctions-transition-1000", "athena-scan-tb", "sagemaker-training-ml.m5.xlarge-hour"),
)
