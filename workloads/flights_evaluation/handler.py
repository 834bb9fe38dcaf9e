"""AWS Lambda: judge a batch transform's predictions, write the report, and return its figures.

Event: {"predictions": "s3://bucket/prefix", "report": "s3://bucket/key", "threshold": 0.5}. Every
object `*.out` under the prefix counts; its lines are `label,score`. The report is encrypted as the
bucket's default says.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import metrics  # this folder is the root of the deployed asset

MOST_POINTS = 200


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The figures of the report, without its curves."""
    s3 = boto3.client("s3")
    labels, scores = metrics.parse(lines(s3, event["predictions"]))
    if not labels:
        raise ValueError(f"no predictions: no line in any *.out object under {event['predictions']}")
    report = evaluate(labels, scores, float(event.get("threshold", 0.5)))
    bucket, key = place(event["report"])
    s3.put_object(
        Bucket=bucket, Key=key, Body=json.dumps(report, indent=2).encode(), ContentType="application/json"
    )
    return {"report": event["report"], **{name: value for name, value in report.items() if name != "curves"}}


def evaluate(labels: list[int], scores: list[float], threshold: float) -> dict[str, Any]:
    """Everything the report says."""
    matrix = metrics.confusion(labels, scores, threshold)
    ladder = metrics.steps(labels, scores)
    few = metrics.thinned(ladder, MOST_POINTS - 1)
    return {
        "rows": matrix.total,
        "base_rate": metrics.share(sum(labels), len(labels)),
        "threshold": threshold,
        "confusion": vars(matrix),
        "accuracy": matrix.accuracy,
        "precision": matrix.precision,
        "recall": matrix.recall,
        "f1": matrix.f1,
        "roc_auc": metrics.roc_auc(ladder),
        "curves": {
            "roc": list(metrics.roc_points(few)),
            "precision_recall": metrics.precision_recall_points(few),
        },
    }


def lines(s3: Any, prefix: str) -> Iterator[str]:
    """The lines of every prediction object, in key order."""
    bucket, start = place(prefix)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=start)
    for found in (item for page in pages for item in page.get("Contents", [])):
        if found["Key"].endswith(".out"):
            yield from s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read().decode().splitlines()


def place(uri: str) -> tuple[str, str]:
    """Bucket and key.

    >>> place("s3://lake/reports/delays.json")
    ('lake', 'reports/delays.json')
    """
    parts = urlsplit(uri, allow_fragments=False)
    return parts.netloc, parts.path.lstrip("/")
