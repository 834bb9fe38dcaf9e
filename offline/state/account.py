"""The account's state: read once, then written after each request, no more of it than changed."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakValueDictionary

from moto.backends import get_backend
from moto.core.base_backend import BackendDict, BaseBackend

from offline import changes
from offline.clock import clock
from offline.errors import StateError
from offline.state.database import Database
from offline.state.part import Constant, Part
from offline.state.pickles import Pickler, Unpickler, set_apart
from offline.state.references import References, Unit

if TYPE_CHECKING:
    from offline.sandbox import Sandbox

Place = tuple[str, str, str]
"""Service, account and region of a backend."""
CLOCK = "clock"


class Account:
    """One account's backends, in a directory and in this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._references = References()
        self._numbers: dict[Place, int] = {}
        self._written: dict[Unit, int] = {}
        """Hashes of what was written, so that what is the same is not written again."""
        self._parts: dict[int, Any] = {}
        """While the account is read: the parts that are read already."""
        self._living: WeakValueDictionary[int, Part] = WeakValueDictionary()
        self._told: dict[int, Part] = {}
        self._constants: dict[int, Constant] = {}
        """By the identity of their values, which live as long as they stand here."""
        self._clock: datetime | None = None
        """As it was last written."""
        self._ahead: timedelta | None = timedelta()
        """How far it was ahead then, where it runs."""
        self._next_part = 1
        self._failed = ""
        self._watching = ExitStack()

    @classmethod
    def open(cls, directory: str | Path) -> Account:
        """The account of a directory, which is made if need be; refused if another process has it."""
        return cls(Database(Path(directory)))

    def restore(self, sandbox: Sandbox) -> None:
        """The sandbox is as it was at the last commit; what ran then has failed."""
        if moment := self._database.about(CLOCK):
            self._clock = datetime.fromisoformat(moment)
            clock.resume(self._clock)
        self._read()
        changes.watch(self._watching)
        for engine in sandbox.engines():
            if engine.resume():
                changes.note(cast(BaseBackend, engine))
        for place, backend in _alive():
            if place not in self._numbers:
                changes.note(backend)
        self.commit()
        sandbox.leaving.callback(self.close)

    def close(self) -> None:
        """Write what changed, and let the directory go; the sandbox does so when it is left."""
        if self._database.closed:
            return
        try:
            self.commit()
        finally:
            self._watching.close()
            self._database.close()

    # -- writing --------------------------------------------------------------------------------------

    def commit(self) -> None:
        """All that changed since the last commit is on disk, in one transaction."""
        changed, told = changes.take(), list(self._told.values())
        if self._failed:
            raise StateError(f"the account is no longer kept in {self._database.directory}: {self._failed}")
        if not changed and not told and not self._clock_was_moved():
            return
        self._told.clear()
        try:
            with self._database.transaction():
                self._save(changed, told)
        except (sqlite3.Error, pickle.PicklingError, TypeError, AttributeError, RuntimeError) as error:
            # Part of it counts as written here, and is not: nothing more can be added to what is there.
            self._failed = str(error)
            raise StateError(f"the account cannot be kept in {self._database.directory}: {error}") from error

    def _clock_was_moved(self) -> bool:
        """Whether the clock is other than it was written; that a running one runs is nothing to write."""
        if clock.ahead is not None:
            return clock.ahead != self._ahead
        return self._clock != clock.now()

    def _save(self, changed: list[BaseBackend], told: list[Part]) -> None:
        if self._clock != clock.now():
            self._clock, self._ahead = clock.now(), clock.ahead
            self._database.tell(CLOCK, self._clock.isoformat())
        saved: set[int] = set()
        while changed:
            for backend in changed:
                if id(backend) not in saved and (place := self.place_of(backend)) is not None:
                    self._save_backend(place, backend)
                saved.add(id(backend))
            # A backend that another one holds can be changed through it, and is not looked up then.
            changed = [one for one in changes.take() if id(one) not in saved]
        for part in told:
            if not part.gone:
                part.save()
        for number in self._references.unheld():
            self._drop(number)

    def _drop(self, part: int) -> None:
        for number in self._database.numbers(part):
            self._written.pop((part, number), None)
        self._database.clear(part)
        if part in self._living:
            self._living.pop(part).gone = True
        self._constants = {id: one for id, one in self._constants.items() if one.number != part}

    def constant(self, value: Any) -> Constant:
        """The part that keeps this very value, which must not change."""
        if id(value) not in self._constants:
            self._constants[id(value)] = Constant(value)
        return self._constants[id(value)]

    def _save_backend(self, place: Place, backend: BaseBackend) -> None:
        number = self._numbers.setdefault(place, len(self._numbers) + 1)
        set_apart(backend, self)
        pickler = Pickler(self)
        content = pickler.bytes_of(backend.__getstate__())
        self._put((0, number), content, pickler, lambda: self._database.put_backend(number, place, content))

    def put_row(self, unit: Unit, value: Any) -> None:
        pickler = Pickler(self)
        content = pickler.bytes_of(value)
        self._put(unit, content, pickler, lambda: self._database.put(*unit, content))

    def _put(self, unit: Unit, content: bytes, pickler: Pickler, write: Any) -> None:
        """Write a unit if it differs, and then the parts that it refers to."""
        if self._written.get(unit) != (mark := hash(content)):
            write()
            self._written[unit] = mark
            self._references.hold(unit, pickler.held)
        for part in pickler.held.values():
            part.save()

    def own(self, part: Part) -> None:
        """Give a part its number, which is its own for good."""
        if part.gone:
            raise pickle.PicklingError(f"a {type(part).__name__} is referred to again after it was deleted")
        if not part.number:
            part.number, self._next_part = self._next_part, self._next_part + 1
            self._equip(part)

    def _equip(self, part: Part) -> None:
        part.rows, part.tell = PartRows(self, self._database, part.number), self._tell
        self._living[part.number] = part

    def _tell(self, part: Part) -> None:
        self._told[part.number] = part

    def forget(self, unit: Unit) -> None:
        self._written.pop(unit, None)
        self._references.hold(unit, ())

    def place_of(self, backend: BaseBackend) -> Place | None:
        """Where a backend stands among moto's; None where it is no backend of a service."""
        for found in BackendDict._instances:
            account, region = backend.account_id, backend.region_name
            regions: Any = dict.get(found, account, {})
            if dict.get(regions, region) is backend:
                return found.service_name, account, region
        return None

    # -- reading --------------------------------------------------------------------------------------

    def _read(self) -> None:
        for number, *place, content in self._database.backends():
            service, account, region = place
            self._numbers[service, account, region] = number
            self._written[0, number] = hash(content)
            backend = self.backend(service, account, region)
            state = self._unpickled((0, number), content)
            restore = getattr(backend, "__setstate__", vars(backend).update)
            restore(state)
        self._next_part = max(self._references.highest(), self._database.highest_part()) + 1
        self._parts.clear()

    def backend(self, service: str, account: str, region: str) -> BaseBackend:
        """The backend of a place, without what a new one would hold."""
        regions: Any = get_backend(service)[account]
        if dict.get(regions, region) is None:
            empty = regions.backend.__new__(regions.backend)
            vars(empty).update(account_id=account, region_name=region)
            regions[region] = empty
        found: BaseBackend = dict.__getitem__(regions, region)
        return found

    def part(self, kind: type[Part], number: int, head: Any) -> Part:
        """The part of a number, read when it is first referred to."""
        if number not in self._parts:
            self._parts[number] = part = kind.__new__(kind)
            part.number = number
            self._equip(part)
            part.load(head)
            if isinstance(part, Constant):
                self._constants[id(part.value)] = part
        found: Part = self._parts[number]
        return found

    def read_rows(self, part: int) -> Iterator[tuple[int, Any]]:
        for number, content in self._database.rows(part):
            self._written[part, number] = hash(content)
            yield number, self._unpickled((part, number), content)

    def _unpickled(self, unit: Unit, content: bytes) -> Any:
        unpickler = Unpickler(self, content)
        value = unpickler.load()
        self._references.hold(unit, unpickler.held)
        return value


class PartRows:
    """The rows of one part."""

    def __init__(self, account: Account, database: Database, part: int) -> None:
        self._account, self._database, self._part = account, database, part

    def put(self, number: int, value: Any) -> None:
        self._account.put_row((self._part, number), value)

    def put_bytes(self, number: int, content: bytes) -> None:
        self._database.put(self._part, number, content)

    def bytes_of(self, number: int) -> bytes:
        return self._database.content(self._part, number)

    def drop(self, number: int) -> None:
        self._account.forget((self._part, number))
        self._database.drop(self._part, number)

    def clear(self) -> None:
        for number in self._database.numbers(self._part):
            self._account.forget((self._part, number))
        self._database.clear(self._part)

    def read(self) -> Iterator[tuple[int, Any]]:
        return self._account.read_rows(self._part)


def _alive() -> Iterator[tuple[Place, BaseBackend]]:
    for found in list(BackendDict._instances):
        for account, region, backend in found.iter_backends():
            yield (found.service_name, account, region), backend
