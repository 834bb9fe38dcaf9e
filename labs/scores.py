"""How good a binary classifier is, from its labels and scores alone.

>>> rated = Scores([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1])
>>> rated.confusion(), rated.roc_auc()
((1, 1, 0, 2), 0.75)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

THRESHOLD = 0.5


class Scores:
    """Labels (0 or 1) with the score a model gave each."""

    def __init__(self, labels: Sequence[float], scores: Sequence[float]) -> None:
        import numpy as np

        order = np.argsort(-np.asarray(scores, dtype=float), kind="stable")
        self._labels: Any = np.asarray(labels, dtype=float)[order]
        self._scores: Any = np.asarray(scores, dtype=float)[order]

    @classmethod
    def of_lines(cls, lines: Iterable[bytes]) -> Scores:
        """From lines `label,score`, as a batch transform with JoinSource writes them."""
        pairs = [line.split(b",") for line in lines]
        return cls([float(pair[0]) for pair in pairs], [float(pair[-1]) for pair in pairs])

    def __len__(self) -> int:
        return len(self._labels)

    def confusion(self, threshold: float = THRESHOLD) -> tuple[int, int, int, int]:
        """True negatives, false positives, false negatives, true positives."""
        said, is_true = self._scores >= threshold, self._labels == 1
        cells = (~said & ~is_true, said & ~is_true, ~said & is_true, said & is_true)
        tn, fp, fn, tp = (int(cell.sum()) for cell in cells)
        return tn, fp, fn, tp

    def measures(self) -> dict[str, float]:
        """Accuracy, precision, recall, F1 at the threshold, and ROC-AUC over all thresholds."""
        tn, fp, fn, tp = self.confusion()
        precision, recall = tp / max(tp + fp, 1), tp / max(tp + fn, 1)
        return {
            "accuracy": (tp + tn) / max(len(self), 1),
            "precision": precision,
            "recall": recall,
            "f1": 2 * precision * recall / (precision + recall) if precision + recall else 0.0,
            "roc_auc": self.roc_auc(),
        }

    def _steps(self) -> tuple[Any, Any]:
        """True and false positives if the threshold lies below each distinct score in turn."""
        import numpy as np

        last_of_score = np.append(np.nonzero(np.diff(self._scores))[0], len(self) - 1)
        return np.cumsum(self._labels)[last_of_score], np.cumsum(1 - self._labels)[last_of_score]

    def roc(self, most: int = 200) -> list[list[float]]:
        """Points of the ROC curve: false positive rate, true positive rate."""
        true, false = self._steps()
        return _thinned([[0.0, 0.0], *_pairs(false / max(false[-1], 1), true / max(true[-1], 1))], most)

    def precision_recall(self, most: int = 200) -> list[list[float]]:
        """Points of the precision-recall curve: recall, precision."""
        true, false = self._steps()
        return _thinned(_pairs(true / max(true[-1], 1), true / (true + false)), most)

    def roc_auc(self) -> float:
        """The area under the ROC curve, by trapezoids; tied scores count half."""
        points = self.roc(most=len(self) + 1)
        return sum((right[0] - left[0]) * (right[1] + left[1]) / 2 for left, right in pairwise(points))


def _pairs(xs: Any, ys: Any) -> list[list[float]]:
    return [[float(x), float(y)] for x, y in zip(xs, ys, strict=True)]


def _thinned(points: list[list[float]], most: int) -> list[list[float]]:
    if len(points) <= most:
        return points
    return [points[i * (len(points) - 1) // (most - 1)] for i in range(most)]
