"""Rows of custom classifiers. They are kept; a crawler that names one is refused, since none reads by it."""

from __future__ import annotations

from typing import Any

from offline.errors import UnsupportedPropertyError
from offline.resources.change import given, present, unless_gone
from offline.resources.glue.shape import GONE
from offline.resources.row import Physical, Properties, Resource, Row

KINDS = {
    "CsvClassifier": {
        "AllowSingleColumn": "AllowSingleColumn",
        "ContainsHeader": "ContainsHeader",
        "CustomDatatypeConfigured": "CustomDatatypeConfigured",
        "CustomDatatypes": "ContainsCustomDatatype",
        "Delimiter": "Delimiter",
        "DisableValueTrimming": "DisableValueTrimming",
        "Header": "Header",
        "QuoteSymbol": "QuoteSymbol",
    },
    "GrokClassifier": {
        "Classification": "Classification",
        "CustomPatterns": "CustomPatterns",
        "GrokPattern": "GrokPattern",
    },
    "JsonClassifier": {"JsonPath": "JsonPath"},
    "XMLClassifier": {"Classification": "Classification", "RowTag": "RowTag"},
}
"""Kind → the API's name of a member → the template's."""
DEFAULTS: dict[str, dict[str, Any]] = {
    "CsvClassifier": {
        "AllowSingleColumn": False,
        "ContainsHeader": "UNKNOWN",
        "CustomDatatypeConfigured": False,
        "CustomDatatypes": [],
        "DisableValueTrimming": True,
        "Header": [],
    },
    "GrokClassifier": {"CustomPatterns": ""},
    "JsonClassifier": {},
    "XMLClassifier": {},
}
"""What a member is when it is taken away."""
KEPT = ("Delimiter", "QuoteSymbol")
"""Members that have no such value."""


def create_classifier(resource: Resource) -> Physical:
    [(kind, name, members)] = _given(resource)
    made = {"Name": name or resource.name(longest=255), **members}
    resource.client("glue").create_classifier(**{kind: made})
    return Physical(made["Name"], {"Name": made["Name"]})


def _given(resource: Resource) -> list[tuple[str, str, dict[str, Any]]]:
    """The kind of the classifier, its name and its members."""
    found = []
    for kind, members in KINDS.items():
        if kind in resource.properties:
            one = resource.properties.at(kind)
            found.append((kind, one.take("Name"), given(one, **members)))
    return found


def update_classifier(resource: Resource, classifier: Physical, old: Properties) -> Physical:
    [(kind, _, members)] = _given(resource)
    had = given(old.at(kind), *KEPT)
    if lost := sorted(set(had) - set(members)):
        raise UnsupportedPropertyError(
            f"{kind}: Glue keeps {lost} where an update does not give it; give it, or another name"
        )
    changed = {"Name": classifier.id, **DEFAULTS[kind], **members}
    resource.client("glue").update_classifier(**{kind: changed})
    return classifier


@unless_gone(GONE)
def read_classifier(resource: Resource, classifier: Physical) -> dict[str, Any] | None:
    found = resource.client("glue").get_classifier(Name=classifier.id)["Classifier"]
    return {kind: _told(kind, found[kind]) for kind in KINDS if kind in found}


def _told(kind: str, found: dict[str, Any]) -> dict[str, Any]:
    told = {name: found.get(member) for member, name in KINDS[kind].items()}
    return {"Name": found["Name"], **present(**told)}


@unless_gone(GONE)
def delete_classifier(resource: Resource, classifier: Physical) -> None:
    resource.client("glue").delete_classifier(Name=classifier.id)


ROWS = (
    Row("AWS::Glue::Classifier", create_classifier, delete_classifier, update_classifier, read_classifier),
)
