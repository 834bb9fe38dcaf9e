"""The pipeline's work without AWS: pyarrow writes the partitions, DuckDB answers, XGBoost learns.

    python -m benchmarks.bare_pipeline --rows 336776

The shortest way through the same data: no events, no stream, no catalog, no state machine, no report.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import xgboost
from sklearn.metrics import roc_auc_score

from labs import flights

ROOT = Path(__file__).resolve().parents[1]
QUERIES = ("delays-by-carrier", "flights-by-month", "one-day", "weather-delays", "worst-days")
PARTITIONS = pa.schema([("year", pa.string()), ("month", pa.string()), ("day", pa.string())])
PARAMETERS = {
    "objective": "binary:logistic",
    "eval_metric": "auc",
    "eta": 0.15,
    "max_depth": 7,
    "seed": 2013,
    "subsample": 0.8,
    "colsample_bytree": 0.8,
    "min_child_weight": 20,
    "nthread": 2,
}


def write_lake(folder: Path, rows: int) -> None:
    table = flights.source(rows)
    for name in ("dep_delay", "arr_delay", "air_time", "distance", "hour", "minute"):
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.float64()))
    for name in ("month", "day"):
        padded = pc.utf8_lpad(table[name], 2, "0")
        table = table.set_column(table.column_names.index(name), name, padded)
    number = pa.array(range(len(table))).cast(pa.string())
    partitioning = ds.partitioning(PARTITIONS, flavor="hive")
    ds.write_dataset(
        table.append_column("flight_id", number), folder, format="parquet", partitioning=partitioning
    )


def connected(folder: Path) -> duckdb.DuckDBPyConnection:
    lake = duckdb.connect(config={"threads": 2})
    lake.execute(
        f"CREATE VIEW flights AS FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = true, "
        "hive_types = {'year': VARCHAR, 'month': VARCHAR, 'day': VARCHAR})"
    )
    for name in flights.REFERENCE:
        lake.execute(f"CREATE VIEW {name} AS FROM read_csv('{flights.folder() / name}.csv', nullstr = 'NA')")
    return lake


def features(lake: duckdb.DuckDBPyConnection, first: str, last: str) -> xgboost.DMatrix:
    sql = (ROOT / "workloads/flights_features/features.sql").read_text()
    for ours, theirs in (
        ("day_of_week(f.time_hour)", "isodow(CAST(f.time_hour AS timestamp))"),
        (":first", first),
        (":last", last),
    ):
        sql = sql.replace(ours, theirs)
    frame = lake.execute(sql).df()
    return xgboost.DMatrix(frame.iloc[:, 1:], label=frame.iloc[:, 0])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=flights.TOTAL, help="flights (default %(default)s)")
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        write_lake(Path(name), rows)
        lake = connected(Path(name))
        for query in QUERIES:
            answer = lake.execute((ROOT / f"workloads/queries/{query}.sql").read_text()).fetchall()
            print(query, len(answer))
        train, validation, test = (features(lake, *months) for months in MONTHS)
        model = xgboost.train(PARAMETERS, train, 150, evals=[(validation, "validation")], verbose_eval=False)
        print("roc_auc", roc_auc_score(test.get_label(), model.predict(test)))


MONTHS = (("01", "09"), ("10", "10"), ("11", "12"))

if __name__ == "__main__":
    main()
