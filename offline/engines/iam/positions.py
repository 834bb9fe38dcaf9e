"""Where the statements of a policy stand in its text, as the simulator tells it."""

from __future__ import annotations

import json
import re

Position = dict[str, int]


def spans(text: str) -> list[tuple[Position, Position]]:
    """Start and end of each statement, lines and columns counted from 1.

    >>> spans('{"Statement": [{"Effect": "Allow"}]}')
    [({'Line': 1, 'Column': 16}, {'Line': 1, 'Column': 35})]
    """
    found = re.search(r'"Statement"\s*:\s*', text)
    if found is None:
        return []
    decoder, at, result = json.JSONDecoder(), found.end(), []
    is_list = text[at] == "["
    at += is_list
    while (begin := re.compile(r"[\s,]*").match(text, at)) and text[begin.end()] == "{":
        start = begin.end()
        _, at = decoder.raw_decode(text, start)
        result.append((position(text, start), position(text, at)))
        if not is_list:
            break
    return result


def position(text: str, index: int) -> Position:
    line = text.count("\n", 0, index)
    return {"Line": line + 1, "Column": index - (text.rfind("\n", 0, index) if line else -1)}
