"""Parts write what changed and no more, and read back what was written."""

from __future__ import annotations

from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline.state.part import Ledger, Log, Part, Table


class Memory:
    """Rows in a dictionary; counts what is written."""

    def __init__(self) -> None:
        self.rows: dict[int, Any] = {}
        self.puts = 0

    def put(self, number: int, value: Any) -> None:
        value = deepcopy(value)
        if number not in self.rows or self.rows[number] != value:
            self.puts += 1
        self.rows[number] = value

    def put_bytes(self, number: int, content: bytes) -> None:
        self.put(number, content)

    def bytes_of(self, number: int) -> bytes:
        return bytes(self.rows[number])

    def drop(self, number: int) -> None:
        self.rows.pop(number, None)

    def clear(self) -> None:
        self.rows.clear()

    def read(self) -> Any:
        return iter(sorted(self.rows.items()))


def kept(part: Part) -> Memory:
    part.rows = memory = Memory()
    part.save()
    return memory


def again(part: Part) -> Any:
    """What another process reads of a part."""
    copy: Any = type(part).__new__(type(part))
    copy.rows = part.rows
    copy.load(deepcopy(part.head()))
    return copy


CHANGES = {
    "append": lambda log: log.append(7),
    "extend": lambda log: log.extend([8, 9]),
    "set": lambda log: log.__setitem__(0, 5) if log else None,
    "slice": lambda log: log.__setitem__(slice(0, 0), [1, 2]),
    "delete": lambda log: log.__delitem__(slice(0, 1)),
    "pop": lambda log: log.pop() if log else None,
    "clear": lambda log: log.clear(),
    "sort": lambda log: log.sort(),
    "save": lambda log: log.save(),
}


@given(st.lists(st.sampled_from(sorted(CHANGES))))
def test_a_log_reads_back_as_the_list_it_was(changes: list[str]) -> None:
    log, plain = Log([3, 1, 2]), [3, 1, 2]
    kept(log)
    for change in changes:
        CHANGES[change](log)
        if change != "save":
            CHANGES[change](plain)
    log.save()
    assert again(log) == log == plain


def test_a_log_writes_what_came_at_its_end() -> None:
    log = Log(range(1000))
    memory = kept(log)
    for number in range(10):
        log.append(number)
        log.save()
    assert memory.puts == 11
    log.save()
    assert memory.puts == 11


@dataclass
class Work:
    name: str
    closed: bool = False


def test_a_ledger_writes_what_is_open_until_it_is_closed() -> None:
    ledger = Ledger([Work("a", closed=True), Work("b")])
    memory = kept(ledger)
    ledger[1].name = "c"
    ledger.append(Work("d"))
    ledger.save()
    assert again(ledger) == ledger
    ledger[1].closed = True
    ledger.save()
    puts = memory.puts
    ledger.save()
    assert memory.puts == puts == 5
    del ledger[0]
    ledger.save()
    assert again(ledger) == ledger == [Work("c", closed=True), Work("d")]


TABLE_CHANGES = {
    "set": lambda table, key: table.__setitem__(key, [key]),
    "delete": lambda table, key: table.pop(key, None),
    "change": lambda table, key: table[key].append(1) if key in table else None,
    "change got": lambda table, key: (table.get(key) or []).append(2),
    "change all": lambda table, key: [value.append(3) for value in table.values()],
    "default": lambda table, key: table.setdefault(key, []).append(4),
    "update": lambda table, key: table.update({key: [5]}),
    "pop last": lambda table, key: table.popitem() if table else None,
    "copy": lambda table, key: [value.append(6) for value in dict(table).values()],
    "save": lambda table, key: table.save() if isinstance(table, Table) else None,
}


@given(st.lists(st.tuples(st.sampled_from(sorted(TABLE_CHANGES)), st.integers(0, 4))))
def test_a_table_reads_back_as_the_dictionary_it_was(changes: list[tuple[str, int]]) -> None:
    """In its order, too, and with what was changed inside of its values."""
    table, plain = Table({0: [0], 1: [1]}), {0: [0], 1: [1]}
    kept(table)
    for change, key in changes:
        TABLE_CHANGES[change](table, key)
        TABLE_CHANGES[change](plain, key)
    table.save()
    assert list(again(table).items()) == list(table.items()) == list(plain.items())


def test_a_table_writes_what_changed_of_what_was_looked_at() -> None:
    table = Table({number: [number] for number in range(1000)})
    memory = kept(table)
    assert memory.puts == 1000
    table[5].append(6)
    table.get(6)
    table.save()
    assert memory.puts == 1001


def test_a_table_of_a_defaultdict_goes_on_making_values() -> None:
    table = Table(defaultdict(list))
    table[1].append(2)
    kept(table)
    found = again(table)
    found[3].append(4)
    assert dict(found) == {1: [2], 3: [4]}
    with pytest.raises(KeyError):
        Table({})[1]


@pytest.mark.parametrize("part", [Log([1]), Table({1: 2}), Ledger([])])
def test_a_copy_is_no_part(part: Any) -> None:
    part.number = 7
    assert type(deepcopy(part)) in (list, dict)
