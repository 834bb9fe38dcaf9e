"""What Athena says of things that do not exist: an InvalidRequestException, like of all else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError


@contextmanager
def unless_not_found() -> Iterator[None]:
    """Around a deletion or a reading: what is gone by hand is no error."""
    try:
        yield
    except ClientError as error:
        if "not found" not in error.response["Error"]["Message"]:
            raise
