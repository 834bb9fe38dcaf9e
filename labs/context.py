"""What a lab sees of the account: clients, stack outputs, and a way to wait. Not where it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from labs.errors import RunError
from labs.evidence import Evidence
from labs.synth import stack_prefix


class Progress(Protocol):
    """Shows how far something is; called as often as the lab likes."""

    def __call__(self, label: str, done: int, total: int) -> None: ...


def silent(label: str, done: int, total: int) -> None:
    """Show nothing."""


@dataclass
class Context:
    """An account as a lab may use it."""

    client_of: Callable[[str], Any]
    sleep: Callable[[float], object]
    region: str
    rows: int
    progress: Progress = silent
    prefix: str = field(default_factory=stack_prefix)
    """Stacks are named `<prefix>-<noun>`."""
    days_pass: bool = False
    """Whether years may pass in the account: its clock can be moved, and no other lab lives on it."""
    found: dict[str, Evidence] = field(default_factory=dict)
    """Evidence of earlier steps of this run, as `noun/step`."""
    _clients: dict[str, Any] = field(default_factory=dict)
    _outputs: dict[str, dict[str, str]] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """The boto3 client of a service, one per run."""
        if service not in self._clients:
            self._clients[service] = self.client_of(service)
        return self._clients[service]

    def outputs(self, noun: str) -> dict[str, str]:
        """The outputs of a lab's stack, by key."""
        if noun not in self._outputs:
            self._outputs[noun] = self._describe(f"{self.prefix}-{noun}")
        return self._outputs[noun]

    def _describe(self, stack: str) -> dict[str, str]:
        stacks = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}

    def output(self, noun: str, key: str) -> str:
        """One output of a lab's stack, or an error that says which there are."""
        outputs = self.outputs(noun)
        if key not in outputs:
            raise RunError(
                f"stack '{self.prefix}-{noun}' has no output {key}; it has {sorted(outputs) or 'none'}: "
                "deploy an assembly that exports it"
            )
        return outputs[key]

    def wait(self, seconds: float) -> None:
        """Let time pass in the account."""
        self.sleep(seconds)

    def until(
        self,
        describe: Callable[[], Any],
        done: Callable[[Any], bool],
        every: float,
        at_most: float = 3600,
        what: str = "",
    ) -> Any:
        """Ask again and again until the answer will do; the answer."""
        waited = 0.0
        while not done(answer := describe()):
            if waited >= at_most:
                raise RunError(f"{what or 'waiting'}: still {answer!s:.300} after {waited:,.0f} seconds")
            self.wait(every)
            waited += every
        return answer

    def earlier(self, noun: str, step: str) -> Evidence:
        """What an earlier step of this run found."""
        if f"{noun}/{step}" not in self.found:
            raise RunError(f"this step goes on from '{noun} {step}' of the same run: run it without --step")
        return self.found[f"{noun}/{step}"]


def pages(client: Any, operation: str, key: str, **arguments: Any) -> list[Any]:
    """Every item under a key of a paginated operation's answers."""
    paginator = client.get_paginator(operation)
    return [item for page in paginator.paginate(**arguments) for item in page.get(key) or []]
