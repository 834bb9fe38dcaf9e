"""Data catalogs: the account's own, under any name, is queried; catalogs behind functions are kept.

A catalog of type LAMBDA or HIVE is what its function answers, and one of type FEDERATED needs a
connector that Athena deploys: the first two are kept and refuse to be queried, the last is refused.
"""

from __future__ import annotations

import json
from typing import Any

from moto.athena.models import DataCatalog
from moto.athena.responses import AthenaResponse

from offline.engines.athena.errors import InvalidRequest

AWS = "AwsDataCatalog"
OWN = "this account's Data Catalog"
NEEDED = {
    "LAMBDA": ("function", "metadata-function"),
    "HIVE": ("metadata-function",),
    "GLUE": ("catalog-id",),
}
"""Type → parameters, one of which it needs: Amazon Athena API Reference, "CreateDataCatalog"."""


def kinds(catalogs: dict[str, DataCatalog], account: str) -> dict[str, str]:
    """Every catalog's name in small letters → whose it is: `OWN`, or why it cannot be queried here."""
    return {AWS.lower(): OWN} | {name.lower(): _kind(one, account) for name, one in catalogs.items()}


def _kind(catalog: Any, account: str) -> str:
    if catalog.type != "GLUE":
        return f"of type {catalog.type}"
    owner = catalog.parameters["catalog-id"]
    return OWN if owner == account else f"of account {owner}"


def check_context(kinds: dict[str, str], name: str) -> None:
    """A query's context names a catalog that can be queried."""
    kind = kinds.get(name.lower())
    if kind is None:
        raise InvalidRequest(f"DataCatalog {name} was not found")
    if kind != OWN:
        raise InvalidRequest(f"DataCatalog {name} is {kind}; offline queries read {OWN} only")


class CatalogResponses(AthenaResponse):
    """Athena's API of data catalogs and tags, where moto drops what is given or has no answer."""

    @property
    def engine(self) -> Any:
        return self.athena_backend

    @property
    def request(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def create_data_catalog(self) -> Any:
        name, kind = self.request["Name"], self.request["Type"]
        _check(name, kind, self.request.get("Parameters") or {})
        if name in self.engine.data_catalogs or name.lower() == AWS.lower():
            raise InvalidRequest(f"DataCatalog {name} already exists")
        parameters, tags = self.request.get("Parameters") or {}, self.request.get("Tags") or []
        made = self.engine.create_data_catalog(
            name, kind, self.request.get("Description", ""), parameters, tags
        )
        return json.dumps({"DataCatalog": _told(made)})

    def update_data_catalog(self) -> str:
        """Type, description and parameters are those of the request, or none."""
        catalog = self._catalog()
        parameters = self.request.get("Parameters") or {}
        _check(catalog.name, self.request["Type"], parameters)
        catalog.type, catalog.parameters = self.request["Type"], parameters
        catalog.description = self.request.get("Description", "")
        return "{}"

    def get_data_catalog(self) -> str:
        return json.dumps({"DataCatalog": _told(self._catalog())})

    def delete_data_catalog(self) -> str:
        catalog = self._catalog()
        del self.engine.data_catalogs[catalog.name]
        self.engine.tagger.delete_all_tags_for_resource(catalog.arn)
        return json.dumps({"DataCatalog": _told(catalog)})

    def list_data_catalogs(self) -> str:
        own = {"CatalogName": AWS, "Type": "GLUE"}
        return json.dumps({"DataCatalogsSummary": [own, *self.engine.list_data_catalogs()]})

    def _catalog(self) -> Any:
        name = self.request["Name"]
        if name not in self.engine.data_catalogs:
            raise InvalidRequest(f"DataCatalog {name} was not found")
        return self.engine.data_catalogs[name]

    def list_tags_for_resource(self) -> str:
        """Also of what has none; moto says then that it does not exist."""
        tags = self.engine.tagger.list_tags_for_resource(self.request["ResourceARN"])
        return json.dumps({"Tags": tags["Tags"]})


def _told(catalog: Any) -> dict[str, Any]:
    return {
        "Name": catalog.name,
        "Description": catalog.description,
        "Type": catalog.type,
        "Parameters": catalog.parameters,
        "Status": "CREATE_COMPLETE",
    }


def _check(name: str, kind: str, parameters: dict[str, str]) -> None:
    if kind == "FEDERATED":
        raise InvalidRequest(
            f"DataCatalog {name}: the connector of a catalog of type FEDERATED is not deployed offline; "
            f"allowed are: {', '.join(NEEDED)}"
        )
    if kind not in NEEDED:
        raise InvalidRequest(f"DataCatalog {name} has type {kind!r}; allowed are: {', '.join(NEEDED)}")
    if not any(parameters.get(one) for one in NEEDED[kind]):
        raise InvalidRequest(
            f"DataCatalog {name} of type {kind} needs a parameter {' or '.join(NEEDED[kind])}"
        )
