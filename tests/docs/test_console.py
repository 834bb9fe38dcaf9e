"""How console blocks of guides are read, compared and written anew."""

from __future__ import annotations

import pytest

from docs.console import Command, commands, ran, same, written
from docs.errors import GuideError

GUIDE = """\
# A guide

```console
$ python -m one
first
```

Prose between.

```console
second  0.3 s
  more
```

<!-- exit: 3 -->
```console
$ python -m two
a
…
z
```
"""


def printing(**output: str) -> dict[str, list[str]]:
    return {f"python -m {name}": text.splitlines() for name, text in output.items()}


def rewritten(guide: str, **output: str) -> str:
    printed = printing(**output)
    return written(guide, lambda command: printed[command.text])


def test_a_block_without_a_command_goes_on_with_the_one_before() -> None:
    one, two = commands(GUIDE)
    assert [part.lines for part in one.parts] == [["first"], ["second  0.3 s", "  more"]]
    assert (one.exit_code, two.exit_code) == (0, 3)


def test_a_guide_that_differs_only_in_what_varies_stays_as_it_is() -> None:
    assert rewritten(GUIDE, one="first\n\nsecond  12.9 s\n  more", two="a\nb\nc\nz") == GUIDE


def test_what_differs_is_written_and_what_is_elided_stays_elided() -> None:
    fresh = rewritten(GUIDE, one="first\n\nsecond  0.4 s\n  less", two="A\nb\nc\nd\nZ")
    assert "first\n```\n\nProse between.\n\n```console\nsecond  0.4 s\n  less\n```" in fresh
    assert "$ python -m two\nA\n…\nZ\n```" in fresh


def test_an_empty_block_is_filled() -> None:
    guide = "```console\n$ python -m one\n$ python -m two\n```\n"
    assert (
        rewritten(guide, one="1", two="2\n3")
        == "```console\n$ python -m one\n1\n$ python -m two\n2\n3\n```\n"
    )


def test_refuses_a_part_whose_first_line_is_printed_no_more() -> None:
    with pytest.raises(
        GuideError, match=r"`python -m one` prints no line 'second  0.3 s' \(line 11\) any more"
    ):
        rewritten(GUIDE, one="first", two="a\nz")


@pytest.mark.parametrize(
    ("guide", "said"),
    [
        ("```console\nsome output\n```\n", "line 2: a console block begins with a command"),
        ("```console\n$ python -m labs list\n", "line 1: this console block does not end"),
    ],
)
def test_refuses_a_block_that_cannot_be_read(guide: str, said: str) -> None:
    with pytest.raises(GuideError, match=said):
        commands(guide)


@pytest.mark.parametrize("text", ["rm -r runs", "python -c 'print(1)'", "python app.py"])
def test_refuses_a_command_that_is_no_module(text: str) -> None:
    with pytest.raises(GuideError, match="a console block runs `python -m …`"):
        ran(Command(text, 0))


def test_a_command_prints_on_both_streams_as_in_a_terminal_and_ends_as_the_guide_says() -> None:
    said = "error: got lab 'moon', which does not exist; labs: lake"
    (line,) = ran(Command("python -m labs run moon", 2))
    assert line.startswith(said)
    with pytest.raises(GuideError, match="`python -m labs run moon` ended with 2, not 0:\nerror: got lab"):
        ran(Command("python -m labs run moon", 0))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("objects 4  bytes 1", "objects 4  bytes 2"),
        ("13 of 13 checks hold", "12 of 13 checks hold"),
        ("day 91  DEEP_ARCHIVE", "day 90  DEEP_ARCHIVE"),
        ("$1.00, that is $0.0014 an hour", "$1.00, that is $0.0015 an hour"),
        ("airlines.csv  386", "airlines.csv  387"),
    ],
)
def test_figures_are_compared_as_they_are(one: str, other: str) -> None:
    assert not same([one], [other])
