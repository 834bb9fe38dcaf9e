"""Which events a trail logs: basic and advanced event selectors.

Source: AWS CloudTrail API Reference, EventSelector, AdvancedEventSelector and AdvancedFieldSelector.
Differs: data events are heard of Amazon S3's objects alone; selectors of others are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException

OBJECTS = "AWS::S3::Object"
Event = dict[str, Any]


class InvalidEventSelectorsError(ServiceException):
    """Selectors that CloudTrail does not take."""

    code = "InvalidEventSelectorsException"


def check(basic: list[dict[str, Any]], advanced: list[dict[str, Any]]) -> None:
    """Refuse selectors whose events are not heard here."""
    kinds = {one.get("Type") for selector in basic for one in selector.get("DataResources") or []}
    for selector in advanced:
        fields = {one["Field"]: one for one in selector.get("FieldSelectors") or []}
        category = (fields.get("eventCategory", {}).get("Equals") or [""])[0]
        if category not in ("Management", "Data"):
            raise InvalidEventSelectorsError(
                f"eventCategory is Management or Data in this offline account, got '{category}'"
            )
        if unknown := sorted(set(fields) - set(FIELDS)):
            raise InvalidEventSelectorsError(f"fields are {', '.join(FIELDS)}, got {', '.join(unknown)}")
        of = fields.get("resources.type", {}).get("Equals") or []
        if category == "Data" and not of:
            raise InvalidEventSelectorsError("resources.type Equals is required where eventCategory is Data")
        kinds |= set(of)
    if other := sorted(str(kind) for kind in kinds - {OBJECTS}):
        raise InvalidEventSelectorsError(
            f"data events are logged of {OBJECTS} alone in this offline account, got {', '.join(other)}"
        )


def wants(event: Event, basic: list[dict[str, Any]], advanced: list[dict[str, Any]]) -> bool:
    """Whether a trail with these selectors logs an event; without any, all management events."""
    if advanced:
        return any(_all(event, selector["FieldSelectors"]) for selector in advanced)
    return any(_basic(event, selector) for selector in basic or [{}])


def _basic(event: Event, selector: dict[str, Any]) -> bool:
    kind = selector.get("ReadWriteType") or "All"
    if kind != "All" and (kind == "ReadOnly") != event["readOnly"]:
        return False
    if event["managementEvent"]:
        excluded = selector.get("ExcludeManagementEventSources") or []
        return selector.get("IncludeManagementEvents", True) and event["eventSource"] not in excluded
    values = [value for one in selector.get("DataResources") or [] for value in one.get("Values") or []]
    # "arn:aws:s3" is every object of the account; a bucket's ARN ends with a slash.
    return any(arn.startswith(value) for arn in _arns(event) for value in values)


def _arns(event: Event) -> list[str]:
    found = [one.get("ARN") or one.get("ARNPrefix") for one in event.get("resources", [])]
    return [str(arn) for arn in found[:1]]


FIELDS: dict[str, Callable[[Event], list[str]]] = {
    "eventCategory": lambda event: [event["eventCategory"]],
    "eventName": lambda event: [event["eventName"]],
    "eventSource": lambda event: [event["eventSource"]],
    "eventType": lambda event: [event["eventType"]],
    "readOnly": lambda event: [str(event["readOnly"]).lower()],
    "resources.ARN": _arns,
    "resources.type": lambda event: [one["type"] for one in event.get("resources", [])[:1]],
    "userIdentity.arn": lambda event: [event["userIdentity"].get("arn", "")],
}
"""What advanced selectors may ask for, and its values in an event."""
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "Equals": lambda value, wanted: value == wanted,
    "StartsWith": lambda value, wanted: value.startswith(wanted),
    "EndsWith": lambda value, wanted: value.endswith(wanted),
}


def _all(event: Event, selectors: list[dict[str, Any]]) -> bool:
    return all(_field(FIELDS[one["Field"]](event), one) for one in selectors)


def _field(values: list[str], selector: dict[str, Any]) -> bool:
    """An operator holds where one of its values fits, its negation where none does; all must hold."""
    for name, fits in OPERATORS.items():
        found = [fits(value, wanted) for value in values for wanted in selector.get(name) or []]
        if selector.get(name) and not any(found):
            return False
        denied = [fits(value, wanted) for value in values for wanted in selector.get(f"Not{name}") or []]
        if any(denied):
            return False
    return True
