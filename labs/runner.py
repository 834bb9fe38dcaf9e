"""Run labs in order over an account, step by step, and keep what each step found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from labs.context import Context
from labs.errors import RunError, UsageError
from labs.evidence import Lab, Run, Step, StepResult


class Listener(Protocol):
    """Is told what happens, as it happens."""

    def phase_started(self, name: str) -> None: ...
    def phase_ended(self, name: str, seconds: float) -> None: ...
    def step_started(self, lab: Lab, step: Step) -> None: ...
    def step_ended(self, result: StepResult) -> None: ...


def run_labs(labs: list[Lab], context: Context, run: Run, listener: Listener) -> None:
    """Every step's evidence stands in the run; a step that breaks ends it, a check that fails does not."""
    for lab in labs:
        for step in lab.steps:
            listener.step_started(lab, step)
            result = run_step(lab, step, context)
            context.found[f"{lab.noun}/{step.name}"] = result.evidence
            run.steps.append(result)
            listener.step_ended(result)


def run_step(lab: Lab, step: Step, context: Context) -> StepResult:
    """One step, timed; what AWS refuses is told with the step's name."""
    from botocore.exceptions import BotoCoreError, ClientError

    started = time.perf_counter()
    try:
        evidence = step.run(context)
    except (ClientError, BotoCoreError) as error:
        raise RunError(f"{lab.noun} {step.name}: {error}") from error
    except RunError as error:
        raise RunError(f"{lab.noun} {step.name}: {error}") from error
    return StepResult(lab.noun, step.name, step.title, time.perf_counter() - started, evidence)


@contextmanager
def phase(run: Run, name: str, listener: Listener) -> Iterator[None]:
    """What surrounds the steps, timed into the run."""
    listener.phase_started(name)
    started = time.perf_counter()
    try:
        yield
    finally:
        run.phases[name] = time.perf_counter() - started
        listener.phase_ended(name, run.phases[name])


def only_step(labs: list[Lab], name: str, *, with_what_leads_to_it: bool) -> list[Lab]:
    """The labs cut down to one step of the last: alone, or behind everything that leads to it."""
    last = labs[-1]
    names = [step.name for step in last.steps]
    if name not in names:
        raise UsageError(f"got step '{name}'; lab '{last.noun}' has {', '.join(names)}")
    at = names.index(name)
    steps = last.steps[: at + 1] if with_what_leads_to_it else last.steps[at : at + 1]
    cut = Lab(last.noun, last.title, last.depends_on, steps, last.minutes, last.bills)
    return [*labs[:-1], cut] if with_what_leads_to_it else [cut]
