"""Measures of a classifier against scikit-learn's definitions, worked by hand where small."""

from __future__ import annotations

import pytest

from labs.scores import Scores

LINES = [b"1,0.9", b"0,0.8", b"1,0.7", b"0,0.1"]


def test_lines_of_a_batch_transform_are_read() -> None:
    assert Scores.of_lines(LINES).confusion() == (1, 1, 0, 2)


def test_measures_are_those_of_the_textbook() -> None:
    assert Scores.of_lines(LINES).measures() == pytest.approx(
        {"accuracy": 0.75, "precision": 2 / 3, "recall": 1.0, "f1": 0.8, "roc_auc": 0.75}
    )


def test_tied_scores_count_half() -> None:
    assert Scores([1, 0], [0.5, 0.5]).roc_auc() == 0.5


def test_a_model_that_never_says_late_has_no_precision_and_no_error() -> None:
    assert Scores([1, 0], [0.2, 0.1]).measures()["precision"] == 0.0


def test_a_curve_is_thinned_but_keeps_its_ends() -> None:
    points = Scores([n % 2 for n in range(1000)], [n / 1000 for n in range(1000)]).roc(most=50)
    assert len(points) == 50
    assert (points[0], points[-1]) == ([0.0, 0.0], [1.0, 1.0])
