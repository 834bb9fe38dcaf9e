"""What the notes say of SageMaker, Linear Learner and XGBoost (sections 2.14 to 2.16)."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import botocore.session
import numpy as np
import pytest
import xgboost

from facts import algorithms, images
from gate import jobs
from gate.template import Templates
from labs.lake import recordio
from tests.assembly import templates

SAGEMAKER = botocore.session.get_session().get_service_model("sagemaker")
LINEAR = algorithms.hyperparameters("linear-learner")
CHANCE = np.random.default_rng(7)
X = CHANCE.normal(size=(600, 4))
Y = X[:, 0] * 2 + np.sin(3 * X[:, 1]) + CHANCE.normal(scale=0.1, size=600)


def trained(rounds: int = 30, x: np.ndarray = X, y: np.ndarray = Y, **parameters: float) -> xgboost.Booster:
    """A real model; the parameters are the built-in algorithm's own names."""
    settings = {"objective": "reg:squarederror", "base_score": 0.0, "nthread": 1, "seed": 1, **parameters}
    return xgboost.train(settings, xgboost.DMatrix(x, label=y), rounds)


def losses(model: xgboost.Booster) -> list[float]:
    """Training loss after each number of trees."""
    data = xgboost.DMatrix(X)
    rounds = range(1, model.num_boosted_rounds() + 1)
    return [float(np.mean((model.predict(data, iteration_range=(0, n)) - Y) ** 2)) for n in rounds]


def leaves(model: xgboost.Booster) -> np.ndarray:
    frame = model.trees_to_dataframe()
    return frame[frame["Feature"] == "Leaf"]["Gain"].to_numpy()


@pytest.mark.claim("c-2.14-011")
def test_formats_vary_by_algorithm_and_recordio_protobuf_is_the_most_common() -> None:
    formats = {name: set(algorithms.channels(name)["train"].content_types) for name in algorithms.names()}
    counts = Counter(kind for kinds in formats.values() for kind in kinds)
    assert len({frozenset(kinds) for kinds in formats.values()}) > 5
    assert counts.most_common(1)[0][0] == "application/x-recordio-protobuf"


@pytest.mark.claim("c-2.14-015")
def test_a_training_job_must_say_where_its_output_goes() -> None:
    assert "OutputDataConfig" in SAGEMAKER.shape_for("CreateTrainingJobRequest").required_members
    assert SAGEMAKER.shape_for("OutputDataConfig").required_members == ["S3OutputPath"]


@pytest.mark.claim("c-2.14-005")
def test_a_model_to_host_is_an_image_and_an_artifact() -> None:
    [call] = list(jobs.calls(Templates.of(dict(templates())), "sagemaker:createModel"))
    container = call.arguments["PrimaryContainer"]
    assert container["Image"].endswith(f"/{images.repository('xgboost')}:{images.tag('xgboost')}")
    assert "ModelArtifacts" in container["ModelDataUrl.$"]


@pytest.mark.claim("c-2.15-002")
def test_linear_learner_predicts_numbers_and_classes() -> None:
    kinds = {"regressor", "binary_classifier", "multiclass_classifier"}
    assert set(LINEAR["predictor_type"].enum) == kinds


@pytest.mark.claim("c-2.15-004")
def test_linear_learner_is_asked_for_the_number_of_classes_only_when_there_are_more_than_two() -> None:
    classes = LINEAR["num_classes"]
    assert classes.required == "sometimes"
    assert classes.allows("3")
    assert not classes.allows("2")


@pytest.mark.claim("c-2.15-005", "c-2.15-006")
def test_linear_learner_reads_recordio_protobuf_of_32_bit_floats() -> None:
    assert "application/x-recordio-protobuf" in algorithms.channels("linear-learner")["train"].content_types
    given = np.array([[0.1, 1 / 3]], dtype="f8")
    read = recordio.decoded(recordio.encoded(given), 2)
    assert read.dtype == np.dtype("f4")
    assert read.tolist() == given.astype("f4").tolist() != given.tolist()


@pytest.mark.claim("c-2.15-012")
def test_linear_learner_normalizes_unless_told_not_to() -> None:
    assert LINEAR["normalize_data"].default == "true"


@pytest.mark.claim("c-2.15-016")
def test_linear_learner_trains_several_models_at_once() -> None:
    models = LINEAR["num_models"]
    assert (models.allows("32"), models.allows("auto"), models.allows("0")) == (True, True, False)


@pytest.mark.claim("c-2.15-017", "c-2.15-021", "c-2.15-022")
def test_linear_learner_takes_l1_and_l2_of_zero_or_more() -> None:
    for name in ("l1", "wd"):
        assert LINEAR[name].allows("0.1")
        assert LINEAR[name].allows("0")
        assert not LINEAR[name].allows("-0.1")


@pytest.mark.claim("c-2.15-019")
def test_linear_learner_can_weigh_classes_alike() -> None:
    weights = LINEAR["balance_multiclass_weights"]
    assert (set(weights.enum), weights.default) == ({"true", "false"}, "false")


@pytest.mark.claim("c-2.15-020")
def test_linear_learner_takes_a_learning_rate_and_a_batch_size() -> None:
    assert LINEAR["learning_rate"].default == "auto"
    assert LINEAR["mini_batch_size"].default == "1000"


@pytest.mark.claim("c-2.15-023")
def test_linear_learner_trains_on_any_processor_and_on_several_machines() -> None:
    assert algorithms.machines("linear-learner") == algorithms.Machines("any", several=True)


@pytest.mark.claim("c-2.16-001")
def test_a_model_is_as_many_trees_as_rounds() -> None:
    assert trained(12).trees_to_dataframe()["Tree"].nunique() == 12


@pytest.mark.claim("c-2.16-002")
def test_a_new_tree_is_what_the_trees_before_got_wrong() -> None:
    before = trained(5)
    data = xgboost.DMatrix(X)
    wrong = Y - before.predict(data)
    sixth = trained(6).predict(data, iteration_range=(5, 6))
    assert np.corrcoef(wrong, sixth)[0, 1] > 0.5


@pytest.mark.claim("c-2.16-003")
def test_the_loss_falls_with_every_tree() -> None:
    found = losses(trained(30))
    assert all(after < before for before, after in pairwise(found))


@pytest.mark.claim("c-2.16-006")
def test_xgboost_reads_recordio_protobuf_and_parquet_too() -> None:
    kinds = set(algorithms.channels("xgboost")["train"].content_types)
    assert {"application/x-recordio-protobuf", "application/x-parquet", "text/csv", "text/libsvm"} <= kinds


@pytest.mark.claim("c-2.16-009")
def test_xgboost_has_an_image_of_its_own_in_every_region_of_the_table() -> None:
    regions = {row.region for row in images.registries().values() if row.algorithm == "xgboost"}
    assert len(regions) > 20
    assert all(images.uri("xgboost", region).endswith("/sagemaker-xgboost:3.2-0") for region in regions)


@pytest.mark.claim("c-2.16-010")
def test_a_subsample_learns_less_of_the_noise() -> None:
    noise = np.random.default_rng(1).normal(size=600)

    def fit(share: float) -> float:
        model = trained(60, y=noise, subsample=share, max_depth=6)
        return float(np.mean((model.predict(xgboost.DMatrix(X)) - noise) ** 2))

    assert fit(0.3) > 1.5 * fit(1.0)


@pytest.mark.claim("c-2.16-011")
def test_eta_shrinks_the_step_of_a_tree() -> None:
    whole, small = (leaves(trained(1, eta=eta)) for eta in (1.0, 0.1))
    np.testing.assert_allclose(small, whole * 0.1, rtol=1e-5)


@pytest.mark.claim("c-2.16-012")
def test_gamma_asks_more_of_a_split() -> None:
    splits = [len(leaves(trained(5, gamma=gamma))) for gamma in (0, 1, 10, 1000)]
    assert splits == sorted(splits, reverse=True)
    assert splits[-1] < splits[0]


@pytest.mark.claim("c-2.16-013")
def test_alpha_pulls_every_leaf_toward_zero_by_the_same_amount() -> None:
    """With squared error a leaf is -sign(G) * max(|G| - alpha, 0) / (n + lambda)."""
    x, y = np.array([[0.0]] * 10 + [[1.0]] * 10), np.array([1.0] * 10 + [-3.0] * 10)
    plain, pulled = (
        leaves(trained(1, x=x, y=y, eta=1, **{"lambda": 0.0}, alpha=alpha, max_depth=1))
        for alpha in (0.0, 5.0)
    )
    np.testing.assert_allclose(plain, [1, -3], rtol=1e-5)
    np.testing.assert_allclose(pulled, [(10 - 5) / 10, -(30 - 5) / 10], rtol=1e-5)


@pytest.mark.claim("c-2.16-014")
def test_lambda_divides_every_leaf_by_more() -> None:
    """With squared error a leaf is -G / (n + lambda)."""
    x, y = np.array([[0.0]] * 10 + [[1.0]] * 10), np.array([1.0] * 10 + [-3.0] * 10)
    found = leaves(trained(1, x=x, y=y, eta=1, **{"lambda": 10.0}, max_depth=1))
    np.testing.assert_allclose(found, [10 / 20, -30 / 20], rtol=1e-5)
