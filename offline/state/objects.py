"""S3's objects: a row for each key with its versions, written when one of them changes, and each body apart.

Once it is kept, a body lies in the database alone and is read from there: memory does not grow with it.
"""

from __future__ import annotations

import io
import threading
from typing import Any

from moto.s3.models import FakeKey
from moto.s3.utils import _VersionedKeyStore

from offline.state.part import Part
from offline.state.pickles import Pickler, blank

ROW_BYTES = 1 << 26
"""A longer body takes several rows: SQLite keeps at most a gigabyte in one."""
STAYS_HERE = ("_value_buffer", "lock", "watcher")
"""What an object has only in this process."""


class Body(Part):
    """An object's content, in place of the temporary file that moto reads it from."""

    def __init__(self, content: bytes | None = b"") -> None:
        self._content = content
        self._length = len(content or b"")
        self._position = 0
        self.closed = False

    def head(self) -> int:
        return self._length

    def save(self) -> None:
        if self._content is not None:
            for number, start in enumerate(range(0, self._length, ROW_BYTES)):
                self.rows.put_bytes(number, self._content[start : start + ROW_BYTES])
            self._content = None

    def load(self, head: int) -> None:
        Body.__init__(self, None)
        self._length = head

    def read(self, size: int = -1) -> bytes:
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        content = self._whole() if self._content is None else self._content
        end = self._length if size < 0 else self._position + size
        found = content[self._position : end]
        self._position += len(found)
        return found

    def _whole(self) -> bytes:
        numbers = range(-(-self._length // ROW_BYTES))
        return b"".join([self.rows.bytes_of(number) for number in numbers])

    def seek(self, position: int) -> int:
        self._position = position
        return position

    def truncate(self, size: int | None = None) -> int:
        raise io.UnsupportedOperation("an object's content does not change: a new version replaces it")

    def write(self, content: bytes) -> int:
        raise io.UnsupportedOperation("an object's content does not change: a new version replaces it")

    def close(self) -> None:
        self.closed = True


def reduce_key(pickler: Pickler, key: FakeKey) -> Any:
    """An object without its content, which is a part of its own."""
    state = {name: value for name, value in vars(key).items() if name not in STAYS_HERE}
    return blank, (type(key),), (state, _body_of(key)), None, None, _fill


def _body_of(key: FakeKey) -> Body | None:
    """The content as a part; None of an object that is deleted, which only a delete marker remembers."""
    with key.lock:
        held: Any = key._value_buffer
        if held.closed:
            return None
        if not isinstance(held, Body):
            held.seek(0)
            vars(key)["_value_buffer"] = body = Body(held.read())
            held.close()
            return body
    return held


def _fill(key: FakeKey, kept: tuple[dict[str, Any], Body | None]) -> None:
    state, body = kept
    if body is None:
        body = Body()
        body.closed = True
    vars(key).update(state, _value_buffer=body, lock=threading.Lock())


class Objects(_VersionedKeyStore, Part):
    """The objects of a bucket by key, each with its versions; hears of every change of them."""

    def __init__(self, objects: _VersionedKeyStore | None = None) -> None:
        super().__init__(objects or {})
        self._changed: set[str] = set(self)
        self._numbers = {name: number for number, name in enumerate(self)}
        self._next = len(self)
        self._gone: list[int] = []

    def changed(self, name: str) -> None:
        """Called by an object when one of its attributes changes, and by whatever puts or removes one."""
        if not self._changed:
            self.tell(self)
        self._changed.add(name)

    def save(self) -> None:
        for number in self._gone:
            self.rows.drop(number)
        for name in self._changed:
            if name in self:
                self.rows.put(self._numbers[name], (name, self._watched(name)))
        self._gone.clear()
        self._changed.clear()

    def load(self, head: Any) -> None:
        Objects.__init__(self)
        for number, (name, versions) in self.rows.read():
            dict.__setitem__(self, name, versions)
            self._numbers[name], self._next = number, number + 1
            self._watched(name)

    def _expect(self, name: str) -> None:
        """A key is put, perhaps for the first time; its place is that of its first version."""
        if name not in self._numbers:
            self._numbers[name], self._next = self._next, self._next + 1
        self.changed(name)

    def _watched(self, name: str) -> list[Any]:
        versions: list[Any] = self.getlist(name)
        for version in versions:
            if isinstance(version, FakeKey):
                vars(version)["watcher"] = self
        return versions

    def _forget(self, name: str) -> None:
        self.changed(name)
        if (number := self._numbers.pop(name, None)) is not None:
            self._gone.append(number)

    def __setitem__(self, name: str, version: Any) -> None:
        self._expect(name)
        super().__setitem__(name, version)

    def setlist(self, name: str, versions: Any) -> None:
        self._expect(name)
        super().setlist(name, versions)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._forget(name)

    def pop(self, name: str) -> None:
        super().pop(name)
        self._forget(name)
