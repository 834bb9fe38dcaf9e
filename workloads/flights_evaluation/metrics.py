"""How good a binary classifier's scores are: pure functions over labels and scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
Step = tuple[float, int, int]


@dataclass(frozen=True)
class Confusion:
    """Actual against predicted, positive being the late flight."""

    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int

    @property
    def accuracy(self) -> float:
        return share(self.true_positives + self.true_negatives, self.total)

    @property
    def precision(self) -> float:
        return share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> float:
        return share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def f1(self) -> float:
        return share(
            2 * self.true_positives, 2 * self.true_positives + self.false_positives + self.false_negatives
        )

    @property
    def total(self) -> int:
        return self.true_positives + self.false_positives + self.true_negatives + self.false_negatives


def share(part: float, whole: float) -> float:
    """Zero where there is nothing to take a share of, as scikit-learn has it.

    >>> share(1, 4), share(0, 0)
    (0.25, 0.0)
    """
    return part / whole if whole else 0.0


def confusion(labels: Sequence[int], scores: Sequence[float], threshold: float) -> Confusion:
    """A score at the threshold or above predicts positive."""
    predicted = [score >= threshold for score in scores]
    positives = sum(labels)
    flagged = sum(predicted)
    hits = sum(1 for label, flag in zip(labels, predicted, strict=True) if label and flag)
    return Confusion(hits, flagged - hits, len(labels) - positives - (flagged - hits), positives - hits)


def steps(labels: Sequence[int], scores: Sequence[float]) -> list[Step]:
    """Score, true and false positives at or above it, for each distinct score from the highest down."""
    found: list[Step] = []
    hits = misses = 0
    order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
    for here, below in zip(order, [*order[1:], None], strict=True):
        hits, misses = hits + labels[here], misses + 1 - labels[here]
        if below is None or scores[below] != scores[here]:
            found.append((scores[here], hits, misses))
    return found


def roc_points(ladder: Sequence[Step]) -> Iterator[Point]:
    """False positive rate and true positive rate, from (0, 0) to (1, 1)."""
    _, positives, negatives = ladder[-1]
    yield 0.0, 0.0
    for _, hits, misses in ladder:
        yield share(misses, negatives), share(hits, positives)


def area(points: Iterable[Point]) -> float:
    """The area under straight lines between the points; with ties as one step, exactly the rank statistic.

    >>> area([(0, 0), (0.5, 1), (1, 1)])
    0.75
    """
    return sum((right[0] - left[0]) * (right[1] + left[1]) / 2 for left, right in pairwise(points))


def roc_auc(ladder: Sequence[Step]) -> float | None:
    """None where only one class is there, since then no pair can be ranked."""
    _, positives, negatives = ladder[-1]
    return area(roc_points(ladder)) if positives and negatives else None


def precision_recall_points(ladder: Sequence[Step]) -> list[Point]:
    """Recall and precision at each distinct score, recall rising."""
    positives = ladder[-1][1]
    return [(share(hits, positives), share(hits, hits + misses)) for _, hits, misses in ladder]


def thinned(ladder: Sequence[Step], most: int) -> list[Step]:
    """At most so many steps, evenly picked, the first and the last among them.

    >>> thinned([(1 - n, n, n) for n in range(5)], 3)
    [(1, 0, 0), (-1, 2, 2), (-3, 4, 4)]
    """
    if len(ladder) <= most:
        return list(ladder)
    return [ladder[round(number * (len(ladder) - 1) / (most - 1))] for number in range(most)]


def parse(lines: Iterable[str]) -> tuple[list[int], list[float]]:
    """Labels and scores of lines `label,score`, as batch transform joins them.

    >>> parse(["1,0.9", "0,0.2"])
    ([1, 0], [0.9, 0.2])
    """
    labels: list[int] = []
    scores: list[float] = []
    for number, line in enumerate(lines, start=1):
        label, _, score = line.partition(",")
        try:
            labels.append({"0": 0, "1": 1}[label.removesuffix(".0")])
            scores.append(float(score))
        except (KeyError, ValueError) as error:
            raise ValueError(f"line {number}: expected `0|1,score`, got {line[:80]!r}") from error
    return labels, scores
