"""botocore's models and lists of regions are read, and its folders looked through, once in a process.

Every session of boto3 does so for itself, and moto makes a session for each service of its own, whose model
it then reads beside boto3's: most of what a first deployment takes is the same files again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

from botocore.loaders import JSONFileLoader, Loader

_load_file = JSONFileLoader.load_file
_list_services = Loader.list_available_services
_services: dict[tuple[str, ...], list[str]] = {}
"""Kind of file and the folders in which it is looked for → services that have one."""


@contextmanager
def read_once() -> Iterator[None]:
    """Whoever asks for a file that was read before is given what was found then."""
    with (
        patch.object(JSONFileLoader, "load_file", lambda _, path: _own(_content(path))),
        patch.object(Loader, "list_available_services", _available),
    ):
        yield


def _available(loader: Loader, type_name: str) -> list[str]:
    key = (type_name, *loader.search_paths)
    if key not in _services:
        _services[key] = _list_services(loader, type_name)
    return list(_services[key])


@cache
def _content(path: str) -> Any:
    return _load_file(JSONFileLoader(), path)


def _own(content: Any) -> Any:
    """botocore rewrites the paths of S3's operations for its clients: each reader has paths of its own."""
    if not isinstance(content, dict) or "operations" not in content:
        return content
    operations = content["operations"].items()
    return {**content, "operations": {name: _with_own_path(one) for name, one in operations}}


def _with_own_path(operation: Any) -> Any:
    return {**operation, "http": {**operation["http"]}} if "http" in operation else operation
