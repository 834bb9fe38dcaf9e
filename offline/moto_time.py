"""moto reads the account's clock instead of the machine's.

moto's services take the time from one function, `moto.core.utils.utcnow`, which each imports by name. So it
is the function's code that is replaced, once for all of them, whichever are imported already.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from moto.core import utils


@contextmanager
def account_time() -> Iterator[None]:
    """What moto stamps, and what it reckons from now on, is in the account's time."""
    original = utils.utcnow.__code__
    utils.utcnow.__code__ = _account_now.__code__
    try:
        yield
    finally:
        utils.utcnow.__code__ = original


def _account_now() -> datetime:
    from offline.clock import clock  # runs with the names of moto's module, which has no such import

    return clock.now().replace(tzinfo=None)
