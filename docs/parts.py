"""The generated parts of guides: what stands between `<!-- generated: KIND WHAT -->` and `<!-- end -->`.

Each kind is a function from what the marker names to Markdown, over the synthesized stacks and the facts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, get_args

from docs.errors import GuideError
from facts import claims, systems
from facts.claims import Claim, Verdict
from labs import costs, idle_costs, registry, run_costs
from labs.flights import TOTAL
from labs.report.resources import readable
from labs.synth import ROOT

PART = re.compile(r"(<!-- generated: (\w+) (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)
REGION = "us-east-1"

Stacks = list[dict[str, Any]]
"""Synthesized stacks as runs keep them: name, noun, template."""


def generated(guide: str, stacks: Stacks) -> str:
    """The guide with every generated part as it must be today."""
    if guide.count("<!-- generated:") != len(PART.findall(guide)):
        raise GuideError(
            "a generated part needs `<!-- generated: KIND WHAT -->` above and `<!-- end -->` below"
        )
    return PART.sub(partial(_part, stacks), guide)


def _part(stacks: Stacks, found: re.Match[str]) -> str:
    opening, kind, what, end = found.groups()
    if kind not in KINDS:
        raise GuideError(f"got generated part '{kind}'; there are {', '.join(KINDS)}")
    return f"{opening}\n{KINDS[kind](what, stacks).strip()}\n\n{end}"


def table(columns: list[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table.

    >>> print(table(["a"], [["x|y"]]))
    | a |
    | --- |
    | x\\|y |
    """
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(
        f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |" for row in lines
    )


def template(noun: str, stacks: Stacks) -> dict[str, Any]:
    """The template of a lab's stack."""
    found = {stack["noun"]: stack["template"] for stack in stacks}
    if noun not in found:
        raise GuideError(f"got stack '{noun}'; there are {', '.join(found)}")
    return dict(found[noun])


def resources(noun: str, stacks: Stacks) -> str:
    """What stands in the account once the lab's stack is deployed, by type."""
    names: dict[str, list[str]] = {}
    for logical_id, resource in template(noun, stacks)["Resources"].items():
        names.setdefault(resource["Type"], []).append(readable(logical_id))
    rows = [(f"`{kind}`", len(found), ", ".join(found)) for kind, found in sorted(names.items())]
    return table(["type", "how many", "which"], rows)


def outputs(noun: str, stacks: Stacks) -> str:
    """What the stack tells to whoever uses it."""
    found = template(noun, stacks).get("Outputs", {})
    rows = [(f"`{key}`", one["Description"]) for key, one in found.items() if "Description" in one]
    return table(["output", "what it is"], rows)


def steps(noun: str, stacks: Stacks) -> str:
    """The steps of a lab and what is true after each."""
    lab = registry.lab(noun)
    return table(
        ["step", "what you do", "what is true afterwards"],
        [(f"`{step.name}`", step.title, (step.run.__doc__ or "").partition("\n")[0]) for step in lab.steps],
    )


def about(noun: str, stacks: Stacks) -> str:
    """What a lab needs first, how long it takes and what one run of it costs."""
    lab = registry.lab(noun)
    used = costs.total(run_costs.one_run(_of(stacks, noun), REGION, TOTAL))
    first = ", ".join(one.noun for one in registry.in_order([noun])[:-1]) or "nothing"
    minutes = f"{lab.minutes} minute{'s' if lab.minutes > 1 else ''}"
    return f"Runs first: {first} · on AWS: about {minutes}, ${used:.4f} a run ({REGION})"


def section(number: str, stacks: Stacks) -> str:
    """Each statement of a section of the notes, with its verdict, folded under how many stand how."""
    found = [claim for claim in claims.table().values() if claim.section == number]
    if not found:
        raise GuideError(f"got section '{number}', of which no statement is on record")
    counts = Counter(claim.verdict for claim in found)
    summary = ", ".join(f"{counts[verdict]} {verdict}" for verdict in get_args(Verdict) if counts[verdict])
    return f"<details markdown>\n<summary>{summary}</summary>\n\n{statements(found)}\n\n</details>"


def statements(found: Iterable[Claim]) -> str:
    return "\n".join(f"- **{claim.verdict}** · {_plain(claim.claim_en)}{_because(claim)}" for claim in found)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is.

    >>> _plain("the key <bucket>/*")
    'the key &lt;bucket>/\\\\*'
    """
    return re.sub(r"([*_`])", r"\\\1", text.replace("<", "&lt;"))


def _because(claim: Claim) -> str:
    if claim.verdict == "confirmed":
        return f"<br>Shown by {_code(claim.test)}"
    if claim.verdict == "corrected":
        source = f"Source: {_plain(claim.source)}; confidence {claim.confidence}."
        return f"<br>Today: {_plain(claim.truth)} ({source})"
    return f"<br>{_plain(claim.truth)}" if claim.truth else ""


def _code(test: str) -> str:
    """A test's name, which a narrow screen may break behind its file."""
    return " ".join(f"`{piece}`" for piece in test.split("::"))


def shows(noun: str, stacks: Stacks) -> str:
    """The systems of the notes that the lab answers for, and what shows each."""
    rows = [
        (one.name, one.section, _shown(one) if one.test else f"not yet: {_plain(one.offline_demo)}")
        for one in systems.of_lab(noun)
    ]
    return table(["system", "section", "shown by"], rows)


def _shown(system: systems.System) -> str:
    """The resource, the step and the test that show a system at work."""
    named = [f"`{one}`" for one in (system.resource, system.step) if one]
    return "<br>".join([*named, _code(system.test)])


def cost(noun: str, stacks: Stacks) -> str:
    """What the lab's stack bills while idle for a month, and what one run over all flights uses."""
    mine = _of(stacks, noun)
    idle, used = idle_costs.idle(mine, REGION), run_costs.one_run(mine, REGION, TOTAL)
    heads = (f"Standing idle for a month of {costs.HOURS_A_MONTH} hours", "One run, storage kept a month")
    return "\n\n".join(_bill(head, lines) for head, lines in zip(heads, (idle, used), strict=True))


def _bill(head: str, lines: list[costs.Line]) -> str:
    if not lines:
        return f"{head} in {REGION}: nothing bills."
    rows = [(one.what, one.basis, "not known" if one.usd is None else f"{one.usd:.4f}") for one in lines]
    missing = len(costs.unknown(lines))
    lacking = f", and {missing} price{'s' if missing > 1 else ''} not known" if missing else ""
    said = f"{head} in {REGION}: ${costs.total(lines):.4f}{lacking}."
    return f"{said}\n\n{table(['for', 'reckoned as', 'USD'], rows)}"


def _of(stacks: Stacks, noun: str) -> Stacks:
    template(noun, stacks)
    return [stack for stack in stacks if stack["noun"] == noun]


def file(path: str, stacks: Stacks) -> str:
    """A file of this repository, as it is."""
    source = ROOT / path
    if not source.is_file():
        raise GuideError(f"got file '{path}', which does not exist")
    return f"```{source.suffix.removeprefix('.').replace('py', 'python')}\n{source.read_text().strip()}\n```"


KINDS: dict[str, Callable[[str, Stacks], str]] = {
    "about": about,
    "resources": resources,
    "outputs": outputs,
    "steps": steps,
    "claims": section,
    "systems": shows,
    "cost": cost,
    "file": file,
}
