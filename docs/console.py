"""A guide's console blocks: run their commands, and compare or write down what they print.

    ```console
    $ python -m labs list          a command, run from the repository's root
    lab   what it is               what it prints, stdout and stderr as they come
    …                              any lines, where the guide shows only beginning and end
    ```

A console block that begins without a command goes on with the output of the command before it, so prose can
stand between the steps of one run. `<!-- exit: 3 -->` in the line above a block is how its commands end.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from runpy import run_module
from unittest.mock import patch

from docs.errors import GuideError
from labs.synth import ROOT

FENCE, END, PROMPT, ELISION = "```console", "```", "$ ", "…"
EXIT = re.compile(r"<!-- exit: (\d+) -->")
COLUMNS = 110

VARIES = (
    (re.compile(r"\b\d[\d,]*\.\d (m?s)\b *"), r"# \1 "),  # how long something took, and what fills its column
    (re.compile(r"\b\d{8}T\d{6}Z"), "#"),  # a run's folder
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*"), "#"),  # a moment
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{1,12}){1,4}\b"), "#"),  # a UUID, or as much of it as a line holds
    (re.compile(r"(?<=model bytes )[\d,]+"), "#"),  # gzip packs the model's name and time with it
    (re.compile(r"\b[0-9a-f]{7,}\b"), "#"),  # what CloudFormation and EC2 put behind a name
)
"""All that may differ between two runs of one command."""


def normal(line: str) -> str:
    """A line without what varies from run to run.

    >>> normal("  ✓ Look at the key  0.3 s  ")
    '  ✓ Look at the key  # s'
    >>> normal("vpce-d562bab963bddcfac  Gateway")
    'vpce-#  Gateway'
    """
    for pattern, instead in VARIES:
        line = pattern.sub(instead, line)
    return line.rstrip()


@dataclass
class Part:
    """Lines of a guide, from `start` up to `end`, that show some of a command's output."""

    start: int
    end: int
    lines: list[str]


@dataclass
class Command:
    """A command of a guide, how it ends, and the parts that show what it prints."""

    text: str
    exit_code: int
    parts: list[Part] = field(default_factory=list)


def commands(guide: str) -> list[Command]:
    """Every command of the guide's console blocks, in order."""
    found: list[Command] = []
    for start, block, exit_code in _blocks(guide.splitlines()):
        for number, line in enumerate(block, start):
            if line.startswith(PROMPT):
                found.append(
                    Command(line.removeprefix(PROMPT), exit_code, [Part(number + 1, number + 1, [])])
                )
                continue
            if not found:
                raise GuideError(f"line {number + 1}: a console block begins with a command, `$ python …`")
            if number == start:
                found[-1].parts.append(Part(number, number, []))
            found[-1].parts[-1].lines.append(line)
            found[-1].parts[-1].end = number + 1
    return found


def _blocks(lines: list[str]) -> Iterator[tuple[int, list[str], int]]:
    """Where a console block's content starts, the content, and how its commands end."""
    number = 0
    while number < len(lines):
        if lines[number].startswith(FENCE):
            start = number + 1
            number = next((n for n in range(start, len(lines)) if lines[n] == END), -1)
            if number < 0:
                raise GuideError(f"line {start}: this console block does not end")
            told = EXIT.fullmatch(lines[start - 2].strip()) if start > 1 else None
            yield start, lines[start:number], int(told[1]) if told else 0
        number += 1


def ran(command: Command) -> list[str]:
    """What a command prints, line by line; a guide's commands are modules of ours and end as the guide says.

    The module runs in this process, as `python -m` would run it: starting Python anew and loading the
    engines again for each command would take longer than most commands do.
    """
    python, *arguments = shlex.split(command.text)
    if python != "python" or arguments[:1] != ["-m"]:
        raise GuideError(f"got `{command.text}`; a console block runs `python -m …`, others are not run")
    printed = StringIO()
    with _typed(arguments[1:], printed):
        code = _exit_code(arguments[1])
    if code != command.exit_code:
        said = printed.getvalue()[-3000:]
        raise GuideError(f"`{command.text}` ended with {code}, not {command.exit_code}:\n{said}")
    return [line.rstrip() for line in printed.getvalue().splitlines()]


@contextmanager
def _typed(arguments: list[str], printed: StringIO) -> Iterator[None]:
    """As if typed in the repository's root, into a terminal of COLUMNS that `printed` records."""
    with (
        chdir(ROOT),
        patch.dict(os.environ, COLUMNS=str(COLUMNS)),
        patch.object(sys, "argv", arguments),
        redirect_stdout(printed),
        redirect_stderr(printed),
    ):
        yield


def _exit_code(module: str) -> int:
    try:
        run_module(module, run_name="__main__")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def shown(output: list[str], command: Command) -> list[list[str]]:
    """The output as the command's parts would show it."""
    starts = [0, *_starts(output, command)]
    chunks = [output[a:b] for a, b in zip(starts, [*starts[1:], len(output)], strict=True)]
    return [_elided(_stripped(chunk), part.lines) for chunk, part in zip(chunks, command.parts, strict=True)]


def _starts(output: list[str], command: Command) -> Iterator[int]:
    """Where in the output each part but the first begins: at the line that the part begins with."""
    at = 0
    for part in command.parts[1:]:
        first = normal(part.lines[0])
        at = next((n for n in range(at, len(output)) if normal(output[n]) == first), -1)
        if at < 0:
            raise GuideError(
                f"`{command.text}` prints no line '{part.lines[0]}' (line {part.start + 1}) any more"
            )
        yield at


def _stripped(lines: list[str]) -> list[str]:
    """Without empty lines around it."""
    return "\n".join(lines).strip("\n").splitlines()


def _elided(lines: list[str], like: list[str]) -> list[str]:
    """As many lines of beginning and end as the guide shows around its `…`."""
    marks = [number for number, line in enumerate(like) if line.strip() == ELISION]
    if not marks:
        return lines
    head, tail = marks[0], len(like) - marks[0] - 1
    if len(lines) <= head + tail:
        return lines
    return [*lines[:head], like[head], *lines[len(lines) - tail :]]


def same(one: list[str], other: list[str]) -> bool:
    return [normal(line) for line in one] == [normal(line) for line in other]


def written(guide: str, run: Callable[[Command], list[str]] = ran) -> str:
    """The guide with what its commands print now; parts that differ in what varies only stay as they are."""
    lines = guide.splitlines()
    fresh = [
        (part, now)
        for command in commands(guide)
        for part, now in zip(command.parts, shown(run(command), command), strict=True)
    ]
    for part, now in reversed(fresh):
        if not same(part.lines, now):
            lines[part.start : part.end] = now
    return "\n".join(lines) + "\n"


def guides() -> list[Path]:
    """Every guide, in order."""
    return sorted((ROOT / "lab_guides").glob("*.md"))
