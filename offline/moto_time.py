"""moto reads the account's clock instead of the machine's, and boto3 signs by it.

moto's services take the time from one function, `moto.core.utils.utcnow`, which each imports by name, and
botocore from `get_current_datetime`. So it is the functions' code that is replaced, once for all of them,
whichever are imported already.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from botocore.compat import get_current_datetime
from moto.core import utils


@contextmanager
def account_time() -> Iterator[None]:
    """What moto stamps, and what it reckons from now on, is in the account's time."""
    served, signed = utils.utcnow.__code__, get_current_datetime.__code__
    utils.utcnow.__code__ = _account_now.__code__
    get_current_datetime.__code__ = _signing_now.__code__
    try:
        yield
    finally:
        utils.utcnow.__code__, get_current_datetime.__code__ = served, signed


def _account_now() -> datetime:
    from offline.clock import clock  # runs with the names of moto's module, which has no such import

    return clock.now().replace(tzinfo=None)


def _signing_now(remove_tzinfo: bool = True) -> datetime:
    from offline.clock import clock

    now = clock.signing_now()
    return now.replace(tzinfo=None) if remove_tzinfo else now
