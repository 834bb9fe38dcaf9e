"""The evaluation Lambda: its figures against scikit-learn's, and the report it leaves."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import workloads
from offline.sandbox import Sandbox

# The asset's root is the package's own folder.
sys.path.insert(0, str(Path(next(iter(workloads.__path__))) / "flights_evaluation"))
import handler as evaluation
import metrics

PAIRS = st.tuples(st.integers(0, 1), st.integers(0, 20).map(lambda n: n / 20))
SCORES = st.lists(PAIRS, min_size=1, max_size=60)


@settings(max_examples=60, deadline=None)
@given(SCORES)
def test_every_figure_is_scikit_learns(pairs: list[tuple[int, float]]) -> None:
    from sklearn import metrics as reference

    labels, scores = [label for label, _ in pairs], [score for _, score in pairs]
    report = evaluation.evaluate(labels, scores, 0.5)
    predicted = [int(score >= 0.5) for score in scores]
    assert report["accuracy"] == pytest.approx(reference.accuracy_score(labels, predicted))
    assert report["precision"] == pytest.approx(reference.precision_score(labels, predicted, zero_division=0))
    assert report["recall"] == pytest.approx(reference.recall_score(labels, predicted, zero_division=0))
    assert report["f1"] == pytest.approx(reference.f1_score(labels, predicted, zero_division=0))
    counts = reference.confusion_matrix(labels, predicted, labels=[0, 1]).ravel().tolist()
    confusion = report["confusion"]
    names = ("true_negatives", "false_positives", "false_negatives", "true_positives")
    assert [confusion[name] for name in names] == counts
    if len(set(labels)) == 2:
        assert report["roc_auc"] == pytest.approx(reference.roc_auc_score(labels, scores))
    else:
        assert report["roc_auc"] is None


def test_ties_count_half() -> None:
    assert metrics.roc_auc(metrics.steps([1, 0], [0.5, 0.5])) == 0.5


def test_curves_hold_at_most_two_hundred_points() -> None:
    report = evaluation.evaluate([0, 1] * 1000, [n / 2000 for n in range(2000)], 0.5)
    roc = report["curves"]["roc"]
    assert len(roc) == 200
    assert (roc[0], roc[-1]) == ((0.0, 0.0), (1.0, 1.0))


@pytest.mark.usefixtures("sandbox")
def test_the_report_holds_the_curves_and_the_answer_the_figures() -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="lake")
    s3.put_object(Bucket="lake", Key="scores/a.csv.out", Body=b"1,0.9\n0,0.2\n")
    s3.put_object(Bucket="lake", Key="scores/b.csv.out", Body=b"0,0.7\n1,0.8\n")
    s3.put_object(Bucket="lake", Key="scores/notes.txt", Body=b"not a prediction")
    event = {"predictions": "s3://lake/scores", "report": "s3://lake/reports/r.json"}
    answer = evaluation.handler(event, None)
    assert (answer["rows"], answer["roc_auc"], answer["accuracy"]) == (4, 1.0, 0.75)
    report = json.loads(s3.get_object(Bucket="lake", Key="reports/r.json")["Body"].read())
    assert {name: report[name] for name in report if name != "curves"} == {
        name: answer[name] for name in answer if name != "report"
    }
    assert report["curves"]["roc"]


def test_refuses_a_line_that_is_no_label_and_score(sandbox: Sandbox) -> None:
    boto3.client("s3").create_bucket(Bucket="lake")
    boto3.client("s3").put_object(Bucket="lake", Key="scores/a.out", Body=b"1,0.9\nlate,0.2\n")
    with pytest.raises(ValueError, match="line 2: expected"):
        evaluation.handler({"predictions": "s3://lake/scores", "report": "s3://lake/r.json"}, None)


def test_refuses_a_prefix_without_predictions(sandbox: Sandbox) -> None:
    boto3.client("s3").create_bucket(Bucket="lake")
    with pytest.raises(ValueError, match="no predictions"):
        evaluation.handler({"predictions": "s3://lake/scores", "report": "s3://lake/r.json"}, None)
