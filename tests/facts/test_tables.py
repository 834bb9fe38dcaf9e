"""Every table loads, its references resolve, and what a row promises holds."""

from __future__ import annotations

import csv
import gzip
import json
import re
import subprocess
import sys
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, get_args

import botocore
import pytest
from moto.ec2.models.instance_types import INSTANCE_TYPES

from facts import (
    algorithms,
    billing,
    claims,
    engine_versions,
    idle_grants,
    images,
    instances,
    labs,
    limits,
    prices,
    retired,
    services,
    systems,
)
from facts.errors import FactsError, ImpossibleError, UnknownFactError
from facts.table import DATA
from tests.gate.test_lifecycle import types

LIMITS_OTHERS_READ = [
    "kinesis-shard-write-bytes",
    "kinesis-shard-write-records",
    "kinesis-shard-read-bytes",
    "kinesis-shard-read-calls",
    "kinesis-get-records-bytes",
    "kinesis-get-records-records",
    "kinesis-put-records-records",
    "kinesis-put-records-bytes",
    "kinesis-record-bytes",
    "kinesis-record-bytes-highest",
    "kinesis-retention-hours-default",
    "kinesis-retention-hours-highest",
    "firehose-buffer-bytes-lowest",
    "firehose-buffer-bytes-highest",
    "firehose-buffer-bytes-default",
    "firehose-buffer-mib-lowest",
    "firehose-buffer-mib-highest",
    "firehose-buffer-mib-default",
    "firehose-buffer-mib-conversion-lowest",
    "firehose-buffer-mib-conversion-default",
    "firehose-interval-seconds-highest",
    "firehose-interval-seconds-default",
    "firehose-interval-seconds-dynamic-lowest",
    "firehose-active-partitions",
    "firehose-record-bytes",
    "firehose-lambda-buffer-mib-highest",
    "firehose-lambda-payload-bytes",
    "firehose-lambda-timeout-seconds",
    "athena-query-bytes",
    "athena-scan-minimum-bytes",
    "athena-cutoff-bytes-lowest",
    "lambda-payload-bytes",
    "sagemaker-batch-payload-mb",
    "s3-ia-transition-days-lowest",
    "s3-object-tags",
]

PRICES_OTHERS_READ = [
    "kinesis-shard-hour",
    "kinesis-put-payload-unit",
    "firehose-ingest-gb",
    "firehose-conversion-gb",
    "firehose-dynamic-partitioning-gb",
    "lambda-gb-second",
    "lambda-request",
    "s3-standard-gb-month",
    "s3-put-1000",
    "s3-get-1000",
    "athena-scan-tb",
    "glue-crawler-dpu-hour",
    "sagemaker-training-ml.m5.xlarge-hour",
    "sagemaker-transform-ml.m5.xlarge-hour",
    "stepfunctions-transition-1000",
    "kms-key-month",
    "kms-request-10000",
    "vpc-endpoint-interface-hour",
    "cloudtrail-data-event-100000",
    "cloudwatch-logs-ingest-gb",
]

TABLES: list[Callable[[], dict[Any, Any]]] = [
    billing.table,
    claims.table,
    idle_grants.table,
    engine_versions.table,
    images.registries,
    images.table,
    instances.families,
    instances.table,
    labs.table,
    limits.table,
    retired.table,
    prices.table,
    services.table,
    systems.table,
]


def test_every_file_of_the_data_folder_has_a_loader_that_accepts_it() -> None:
    rows = [
        len(list(csv.DictReader(path.read_text(encoding="utf-8").splitlines(True)))) for path in files("csv")
    ]
    assert sorted(len(table()) for table in TABLES) == sorted(rows)
    assert [path.name for path in files("json")] == ["algorithms.json"]


def files(ending: str) -> list[Path]:
    return sorted(DATA.glob(f"*.{ending}"))


def test_no_row_points_into_the_machine_it_was_written_on() -> None:
    for path in [*files("csv"), *files("json")]:
        assert not re.search(r"(?<![\w.])/(work|tmp|home|root)/", path.read_text(encoding="utf-8")), path.name


def test_importing_limits_loads_no_table() -> None:
    probe = (
        "import sys, facts.limits as l; print(l.table.cache_info().currsize, 'facts.claims' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["0", "False"]


WITHOUT_TABLES = """
import facts.document, facts.table
def refuse(*arguments, **more):
    raise SystemExit(f"loads {arguments}")
facts.table.load = facts.document.load = refuse
from labs.cli import app
app(prog_name="labs")
"""


@pytest.mark.parametrize("command", ["--help", "list", "list --json", "cost --help", "synth --outdir {out}"])
def test_a_command_that_needs_no_fact_loads_no_table(command: str, tmp_path: Path) -> None:
    arguments = command.format(out=tmp_path / "cdk.out").split()
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_TABLES, *arguments], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout


def test_a_command_that_needs_facts_would_have_loaded_one() -> None:
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT_TABLES, "claims"], capture_output=True, text=True, check=False
    )
    assert "claims.csv" in run.stderr


@pytest.mark.parametrize("id", LIMITS_OTHERS_READ)
def test_a_limit_that_the_engines_read_is_a_number_with_a_source(id: str) -> None:
    assert limits.number(id) > 0
    assert limits.row(id).source


def test_a_version_stays_text() -> None:
    assert limits.value("sdk-python-lowest") == "3.10"


def test_refuses_a_number_where_the_limit_is_a_name() -> None:
    with pytest.raises(ImpossibleError, match="'s3-consistency' is 'strong'"):
        limits.number("s3-consistency")


def test_refuses_an_unknown_limit_and_lists_near_ones() -> None:
    with pytest.raises(UnknownFactError, match="kinesis-shard-write-bytes"):
        limits.value("kinesis-shard-writes")


@pytest.mark.parametrize("id", PRICES_OTHERS_READ)
def test_a_price_stands_for_three_regions_known_or_not(id: str) -> None:
    found = [prices.table()[id, region] for region in ("us-east-1", "eu-west-1", "sa-east-1")]
    assert all(price.source and price.unit for price in found)


def test_an_unknown_price_says_so() -> None:
    price = prices.price("kinesis-shard-hour", "ap-south-2")
    assert (price.usd, price.confidence, price.unit) == (None, "unknown", "shard-hour")


def test_a_price_that_was_read_has_a_date_or_says_less_than_high() -> None:
    assert all(price.as_of for price in prices.table().values() if price.confidence == "high")


def test_refuses_a_price_nobody_lists() -> None:
    with pytest.raises(UnknownFactError, match="kinesis-shard-hour"):
        prices.price("kinesis-shard-hours", "us-east-1")


def test_every_price_that_billing_names_is_recorded() -> None:
    assert {row.price for row in billing.table().values()} - {""} <= set(prices.ids())


def test_every_type_that_bills_is_one_of_cloudformation() -> None:
    known = types()
    named = [row.type for row in billing.table().values() if row.idle != "free"]
    assert [one for one in named if not any(fnmatchcase(kind, one) for kind in known)] == []


def test_every_claim_lies_in_a_section_that_a_lab_covers() -> None:
    assert {claim.lab for claim in claims.table().values()} == set(labs.nouns())


def test_every_system_names_one_of_the_eighteen_labs() -> None:
    assert len(labs.nouns()) == 18
    assert {system.lab for system in systems.table().values()} == set(labs.nouns())
    assert {labs.of_section(system.section) for system in systems.table().values()} == set(labs.nouns())


def test_the_claims_of_the_labs_are_all_the_claims() -> None:
    assert sum(len(claims.of_lab(noun)) for noun in labs.nouns()) == len(claims.table())


def test_closed_types_leave_out_what_a_living_service_shares() -> None:
    assert "AWS::Glue::Job" not in services.closed_types()
    assert services.of_type("AWS::Glue::Job")
    assert services.closed_types()["AWS::DataPipeline::Pipeline"].id == "aws-data-pipeline"


ENUMS = {
    "training": "TrainingInstanceType",
    "hosting": "ProductionVariantInstanceType",
    "processing": "ProcessingInstanceType",
    "transform": "TransformInstanceType",
    "notebook": "InstanceType",
}


@cache
def sagemaker_shapes() -> dict[str, Any]:
    path = Path(botocore.__file__).parent / "data/sagemaker/2017-07-24/service-2.json.gz"
    with gzip.open(path) as file:
        shapes: dict[str, Any] = json.load(file)["shapes"]
    return shapes


@pytest.mark.parametrize("use", ENUMS)
def test_the_types_that_exist_are_those_of_the_api(use: instances.Use) -> None:
    ours = {name for (of, name), row in instances.table().items() if of == use and row.exists}
    assert ours == set(sagemaker_shapes()[ENUMS[use]]["enum"])


@pytest.mark.parametrize("use", [*ENUMS, "emr", "ec2"])
def test_a_stated_type_that_is_not_sold_has_a_successor_that_is(use: instances.Use) -> None:
    stated = [row for (of, _), row in instances.table().items() if of == use and row.stated]
    assert stated
    for row in stated:
        assert instances.sold(instances.choose(row.instance_type, use), use), row.instance_type


def test_a_stated_type_stays_where_it_is_sold_or_forced() -> None:
    assert instances.choose("ml.m4.xlarge", "training") == "ml.m4.xlarge"
    assert instances.choose("ml.p2.xlarge", "training") == "ml.g4dn.xlarge"
    assert instances.choose("ml.p2.xlarge", "training", forced=True) == "ml.p2.xlarge"


def test_a_type_too_new_for_the_price_lists_counts_as_sold() -> None:
    assert instances.row("ml.c8i.xlarge", "training").regions is None
    assert instances.sold("ml.c8i.xlarge", "training")


def test_no_type_of_a_retired_family_counts_as_sold() -> None:
    sold = [row for row in instances.table().values() if row.sold]
    assert [row for row in sold if instances.retired_family(row.instance_type, row.use)] == []


def test_what_has_gpus_is_what_ec2_says_has_them() -> None:
    told = {name: "GpuInfo" in about for name, about in INSTANCE_TYPES.items()}
    used = {name.removeprefix("ml.") for _, name in instances.table()} & told.keys()
    assert len(used) > 300
    assert {name for name in used if instances.has_gpu(name)} == {name for name in used if told[name]}


def test_refuses_an_instance_type_nobody_knows() -> None:
    with pytest.raises(UnknownFactError, match=r"ml\.m5\.xlarge"):
        instances.sold("ml.m5.xlrage", "training")


def test_every_algorithm_has_an_image_in_us_east_1() -> None:
    assert set(images.table()) == {*algorithms.names(), "scikit-learn"}
    for name in algorithms.names():
        assert re.fullmatch(r"\d{12}", images.registry_accounts(name)["us-east-1"])
        assert images.repository(name)


def test_the_xgboost_image_is_one_that_still_gets_patches() -> None:
    assert images.tag("xgboost") == limits.value("sagemaker-xgboost-version")


def test_refuses_an_image_in_a_region_without_it() -> None:
    with pytest.raises(UnknownFactError, match="lda image in region 'sa-east-1'"):
        images.uri("lda", "sa-east-1")


def test_an_image_in_china_has_the_suffix_of_its_partition() -> None:
    assert ".cn-north-1.amazonaws.com.cn/sagemaker-xgboost:" in images.uri("xgboost", "cn-north-1")


@pytest.mark.parametrize("name", algorithms.names())
def test_every_hyperparameter_admits_its_own_default_and_every_metric_has_an_expression(name: str) -> None:
    for mode in algorithms.modes(name) or ("",):
        for parameter in algorithms.hyperparameters(name, mode).values():
            assert parameter.type in get_args(algorithms.Type)
            for word in parameter.enum:
                assert parameter.allows(word)
    for metric in algorithms.metrics(name).values():
        assert re.compile(metric.regex).groups == 1
    assert instances.sold(algorithms.default_instance(name), "training")


def test_an_exclusive_bound_is_outside_and_an_inclusive_one_inside() -> None:
    xgboost = algorithms.hyperparameters("xgboost")
    assert [xgboost["colsample_bynode"].allows(value) for value in ("0", "0.5", "1", "1.1")] == [
        False,
        True,
        True,
        False,
    ]
    assert not xgboost["num_round"].allows("0.5")
    assert not xgboost["booster"].allows("gbforest")


def test_refuses_blazingtext_without_its_mode() -> None:
    with pytest.raises(UnknownFactError, match="supervised, word2vec"):
        algorithms.hyperparameters("blazingtext")


def test_the_regex_of_a_metric_finds_it_in_a_line_of_the_log() -> None:
    line = "[12]#011train-auc:0.912#011validation-auc:0.874"
    found = re.search(algorithms.metrics("xgboost")["validation:auc"].regex, line)
    assert found is not None
    assert found[1] == "0.874"


def test_every_error_is_a_facts_error() -> None:
    assert issubclass(UnknownFactError, FactsError)
    assert issubclass(ImpossibleError, FactsError)
