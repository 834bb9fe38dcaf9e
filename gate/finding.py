"""What the gate says of a resource."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that AWS does not take, or takes and lets fail later."""

    template: str
    logical_id: str
    rule: str
    """What an acknowledgement names, such as `lifecycle-amazon-kendra`."""
    type: str
    location: str
    """The property, such as `BufferingHints.SizeInMBs`; empty where the resource itself is meant."""
    message: str
    fix: str
    source: str = ""

    def line(self) -> str:
        """The finding as one line."""
        at = f"{self.logical_id} ({self.type})" + (f" {self.location}" if self.location else "")
        source = f" [{self.source}]" if self.source else ""
        return f"{self.template}: {at}: {self.rule}: {self.message}; {self.fix}{source}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
