"""What of a backend grows without end is kept apart from it, in rows: only the rows that changed are written.

A part is referred to from the pickle of whatever holds it, and goes when nothing refers to it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, Self


class Rows(Protocol):
    """One part's rows in the database, by number, in whose order they are read."""

    def put(self, number: int, value: Any) -> None: ...
    def put_bytes(self, number: int, content: bytes) -> None: ...
    def bytes_of(self, number: int) -> bytes: ...
    def drop(self, number: int) -> None: ...
    def clear(self) -> None: ...
    def read(self) -> Iterator[tuple[int, Any]]: ...


class Part:
    """Something with rows of its own."""

    number = 0
    """By which the part is referred to; 0 until it is first kept."""
    gone = False
    """Whether nothing referred to it any more, so that its rows were deleted."""
    rows: Rows
    tell: Callable[[Part], object] = staticmethod(lambda part: None)
    """Called by a part that hears of a change while nobody looks at what holds it."""

    def head(self) -> Any:
        """What stands beside the reference, in the pickle of the holder."""
        return None

    def save(self) -> None:
        """Write the rows that changed since they were last written."""
        raise NotImplementedError

    def load(self, head: Any) -> None:
        """Be what the rows say."""
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        """A copy is no part."""
        return {
            key: value for key, value in vars(self).items() if key not in ("number", "gone", "rows", "tell")
        }


class Constant(Part):
    """A value that does not change."""

    def __init__(self, value: Any) -> None:
        self.value, self._saved = value, False

    def save(self) -> None:
        if not self._saved:
            self.rows.put(0, self.value)
            self._saved = True

    def load(self, head: Any) -> None:
        [(_, value)] = self.rows.read()
        Constant.__init__(self, value)
        self._saved = True


class Log(list[Any], Part):
    """A list that grows at its end: what came since the last time is one row. Its items do not change."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self.saved, self.anew = 0, False

    def save(self) -> None:
        if self.anew:
            self.rows.clear()
            self.saved, self.anew = 0, False
        if self.saved < len(self):
            self.rows.put(self.saved, self[self.saved :])
            self.saved = len(self)

    def load(self, head: Any) -> None:
        for _, items in self.rows.read():
            self.extend(items)
        self.saved, self.anew = len(self), False

    def __reduce_ex__(self, protocol: Any) -> Any:
        return list, (list(self),)


def _anew(name: str) -> Any:
    """A method of lists that changes more than the end: every row is written again."""
    method = getattr(list, name)

    def changed(self: Log, *arguments: Any, **named: Any) -> Any:
        self.anew = True
        return method(self, *arguments, **named)

    return changed


for _name in (
    "__setitem__",
    "__delitem__",
    "insert",
    "pop",
    "remove",
    "clear",
    "sort",
    "reverse",
    "__imul__",
):
    setattr(Log, _name, _anew(_name))


class Ledger(list[Any], Part):
    """A list of things that change until they are `closed`, a row for each."""

    def __init__(self, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self._kept: list[Any] = []
        """What each row was written from, once it was closed."""

    def save(self) -> None:
        for number, item in enumerate(self):
            if number < len(self._kept) and self._kept[number] is item:
                continue
            self.rows.put(number, item)
            self._kept[number : number + 1] = [item if item.closed else None]
        for number in range(len(self), len(self._kept)):
            self.rows.drop(number)
        del self._kept[len(self) :]

    def load(self, head: Any) -> None:
        self._kept = []
        for _, item in self.rows.read():
            self.append(item)
            self._kept.append(item if item.closed else None)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return list, (list(self),)


class Table(dict[Any, Any], Part):
    """A dictionary of which the values that were looked at are written again, if they are not as before."""

    default_factory: Callable[[], Any] | None = None

    def __init__(self, items: dict[Any, Any] | None = None) -> None:
        super().__init__(items or {})
        self.default_factory = getattr(items, "default_factory", None)
        self._touched: set[Any] = set(self)
        self._numbers = {key: number for number, key in enumerate(self)}
        self._next = len(self)
        self._gone: list[int] = []

    def head(self) -> Any:
        return self.default_factory

    def save(self) -> None:
        for number in self._gone:
            self.rows.drop(number)
        for key in list(self._touched):
            if dict.__contains__(self, key):
                self.rows.put(self._numbers[key], (key, dict.__getitem__(self, key)))
        self._gone.clear()
        self._touched.clear()

    def load(self, head: Any) -> None:
        Table.__init__(self)
        self.default_factory = head
        for number, (key, value) in self.rows.read():
            dict.__setitem__(self, key, value)
            self._numbers[key], self._next = number, number + 1

    def _forget(self, key: Any) -> None:
        """The key is gone; should it come again, its place is at the end."""
        if (number := self._numbers.pop(key, None)) is not None:
            self._gone.append(number)

    def _touch_all(self) -> Self:
        self._touched.update(dict.keys(self))
        return self

    def __missing__(self, key: Any) -> Any:
        if self.default_factory is None:
            raise KeyError(key)
        self[key] = value = self.default_factory()
        return value

    def __getitem__(self, key: Any) -> Any:
        self._touched.add(key)
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._touched.add(key)
        if key not in self._numbers:
            self._numbers[key], self._next = self._next, self._next + 1
        super().__setitem__(key, value)

    def __delitem__(self, key: Any) -> None:
        super().__delitem__(key)
        self._forget(key)

    def __iter__(self) -> Iterator[Any]:
        # Without one of its own, dict(table) and {**table} would take the values unseen.
        return super().__iter__()

    def get(self, key: Any, default: Any = None) -> Any:
        self._touched.add(key)
        return super().get(key, default)

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Any, *default: Any) -> Any:
        value = super().pop(key, *default)
        self._forget(key)
        return value

    def popitem(self) -> tuple[Any, Any]:
        key, value = super().popitem()
        self._forget(key)
        return key, value

    def clear(self) -> None:
        for key in list(self):
            del self[key]

    def update(self, *others: Any, **named: Any) -> None:
        for key, value in dict(*others, **named).items():
            self[key] = value

    def values(self) -> Any:
        return super(Table, self._touch_all()).values()

    def items(self) -> Any:
        return super(Table, self._touch_all()).items()

    def copy(self) -> dict[Any, Any]:
        return dict(self.items())

    def __reduce_ex__(self, protocol: Any) -> Any:
        return dict, (self.copy(),)
