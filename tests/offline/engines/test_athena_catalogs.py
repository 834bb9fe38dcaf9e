"""Data catalogs in queries: the account's own under any name, and no other."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from offline.engine import ACCOUNT_ID
from offline.sandbox import Sandbox
from tests.offline.engines.athena_account import RESULTS, Account


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    """The lake, and a catalog of each kind."""
    account = Account()
    catalogs = {
        "own": ("GLUE", {"catalog-id": ACCOUNT_ID}),
        "theirs": ("GLUE", {"catalog-id": "210987654321"}),
        "behind": ("LAMBDA", {"function": "arn"}),
    }
    for name, (kind, parameters) in catalogs.items():
        account.athena.create_data_catalog(Name=name, Type=kind, Parameters=parameters)
    return account


def start(account: Account, catalog: str) -> Any:
    return account.athena.start_query_execution(
        QueryString="SELECT count(*) FROM flights",
        QueryExecutionContext={"Database": "db", "Catalog": catalog},
        ResultConfiguration={"OutputLocation": RESULTS},
    )


def test_another_name_of_the_account_s_catalog_is_queried(account: Account) -> None:
    [[whole]] = account.ask("SELECT count(*) FROM awsdatacatalog.db.flights")
    assert account.ask("SELECT count(*) FROM own.db.flights") == [[whole]]
    id = start(account, "own")["QueryExecutionId"]
    ended = account.athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]
    assert ended["Status"]["State"] == "SUCCEEDED"
    assert [one["Name"] for one in account.athena.list_databases(CatalogName="own")["DatabaseList"]] == ["db"]


@pytest.mark.parametrize(
    ("catalog", "told"),
    [
        ("theirs", "which is of account 210987654321"),
        ("behind", "which is of type LAMBDA"),
        ("missing", "Catalog 'missing' does not exist"),
    ],
)
def test_refuses_to_query_any_other_catalog(account: Account, catalog: str, told: str) -> None:
    assert told in account.reason(f"SELECT 1 FROM {catalog}.db.flights")
    with pytest.raises(ClientError, match=f"DataCatalog {catalog}"):
        start(account, catalog)
    with pytest.raises(ClientError, match=f"DataCatalog {catalog}"):
        account.athena.list_databases(CatalogName=catalog)


def test_catalogs_are_listed_beside_the_account_s_own(account: Account) -> None:
    listed = account.athena.list_data_catalogs()["DataCatalogsSummary"]
    assert [one["CatalogName"] for one in listed] == ["AwsDataCatalog", "own", "theirs", "behind"]
    with pytest.raises(ClientError, match="already exists"):
        account.athena.create_data_catalog(Name="own", Type="LAMBDA", Parameters={"function": "arn"})
