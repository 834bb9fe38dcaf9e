"""The account's file: one SQLite database, one process at a time, one transaction for all that changed.

In WAL mode without an fsync for each transaction: what was committed survives the end of the process, however
it ends; a power cut may take the last transactions, never a part of one.
"""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from offline.errors import StateError

FILE = "account.db"
FORMAT = 2
"""To be raised when what is kept is kept otherwise: a directory of another format is refused."""
APPLICATION = 0x1AB5
"""Marks the file as ours (SQLite's application_id)."""
PAGES_IN_WAL = 8192
ROW_BITS = 32
"""A row's id is its part's number and, in so many bits, its own: a part's rows lie side by side."""

SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE backend (
    number INTEGER PRIMARY KEY, service TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL,
    content BLOB NOT NULL, UNIQUE (service, account, region)
);
CREATE TABLE row (id INTEGER PRIMARY KEY, content BLOB NOT NULL);
"""


def made_with() -> str:
    """What kept objects depend on: their classes are Python's and moto's."""
    major, minor, _ = platform.python_version_tuple()
    return f"Python {major}.{minor}, moto {version('moto')}"


class Database:
    """An account on disk, held by this process alone until it is closed."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.closed = directory, False
        directory.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            directory / FILE, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            self._begin()
        except BaseException:
            self._connection.close()
            raise

    def _begin(self) -> None:
        try:
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            [ours] = self._connection.execute("PRAGMA application_id").fetchone()
            [tables] = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables and ours != APPLICATION:
                raise StateError(f"{self._path} is not an account's state; give --state another directory")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {PAGES_IN_WAL}")
            # The lock is taken by the first write; until then another process could begin as well.
            self._connection.execute("BEGIN IMMEDIATE")
            self._create() if not tables else self._check()
            self._connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise StateError(f"{self._path} cannot be opened: {error}") from error
            raise StateError(
                f"{self.directory} is the state of another process; end it, or give --state another directory"
            ) from None
        except sqlite3.DatabaseError as error:
            raise StateError(f"{self._path} is not an account's state: {error}") from None

    @property
    def _path(self) -> Path:
        return self.directory / FILE

    def _create(self) -> None:
        for statement in SCHEMA.split(";\n"):
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
        self._connection.execute(f"PRAGMA user_version = {FORMAT}")
        self.tell("made with", made_with())

    def _check(self) -> None:
        """Refuse what was kept by a version that keeps it otherwise."""
        [found] = self._connection.execute("PRAGMA user_version").fetchone()
        if found != FORMAT:
            raise StateError(
                f"{self.directory} keeps an account in format {found}, this version reads format {FORMAT}; "
                "give --state a new directory, or use the version that made it"
            )
        if self.about("made with") != made_with():
            raise StateError(
                f"{self.directory} was made with {self.about('made with')}, here is {made_with()}; "
                "give --state a new directory, or use those versions"
            )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written within is kept, or nothing of it."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def about(self, name: str) -> str | None:
        found = self._connection.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])

    def tell(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, value))

    def backends(self) -> list[tuple[int, str, str, str, bytes]]:
        return self._connection.execute(
            "SELECT number, service, account, region, content FROM backend"
        ).fetchall()

    def put_backend(self, number: int, place: tuple[str, str, str], content: bytes) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO backend VALUES (?, ?, ?, ?, ?)", (number, *place, content)
        )

    def put(self, part: int, number: int, content: bytes) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO row VALUES (?, ?)", (part << ROW_BITS | number, content)
        )

    def drop(self, part: int, number: int) -> None:
        self._connection.execute("DELETE FROM row WHERE id = ?", (part << ROW_BITS | number,))

    def clear(self, part: int) -> None:
        self._connection.execute(
            "DELETE FROM row WHERE id >= ? AND id < ?", (part << ROW_BITS, (part + 1) << ROW_BITS)
        )

    def content(self, part: int, number: int) -> bytes:
        query = "SELECT content FROM row WHERE id = ?"
        [found] = self._connection.execute(query, (part << ROW_BITS | number,)).fetchone()
        return bytes(found)

    def rows(self, part: int) -> list[tuple[int, bytes]]:
        found = self._connection.execute(
            "SELECT id, content FROM row WHERE id >= ? AND id < ? ORDER BY id",
            (part << ROW_BITS, (part + 1) << ROW_BITS),
        ).fetchall()
        return [(id & (1 << ROW_BITS) - 1, content) for id, content in found]

    def numbers(self, part: int) -> list[int]:
        """The numbers of a part's rows, without their content."""
        query = "SELECT id FROM row WHERE id >= ? AND id < ?"
        found = self._connection.execute(query, (part << ROW_BITS, (part + 1) << ROW_BITS)).fetchall()
        return [id & (1 << ROW_BITS) - 1 for (id,) in found]

    def highest_part(self) -> int:
        [found] = self._connection.execute("SELECT max(id) FROM row").fetchone()
        return int(found or 0) >> ROW_BITS

    def close(self) -> None:
        self._connection.close()
        self.closed = True
