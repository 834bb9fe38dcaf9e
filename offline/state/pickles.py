"""How the account's objects become bytes: each backend by itself, its parts and other backends by reference.

What pickle cannot take and what means nothing in another process is replaced by what stands for it there:
a lock by an open one, a function without a name by its code, a private key by its encoding. A class of the
engines that holds more of that kind says so itself, in `__getstate__`.
"""

from __future__ import annotations

import importlib
import io
import marshal
import pickle
import threading
import weakref
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BaseBackend

from offline import changes
from offline.state.kept import APART, AS
from offline.state.part import Part

if TYPE_CHECKING:
    from offline.state.account import Account

PROTOCOL = 5
Reducer = Callable[["Pickler", Any], Any]


class Pickler(pickle.Pickler):
    """Pickles one unit and notes which parts it refers to."""

    def __init__(self, account: Account) -> None:
        self._file = io.BytesIO()
        super().__init__(self._file, PROTOCOL)
        self.account = account
        self.held: dict[int, Part] = {}

    def bytes_of(self, value: Any) -> bytes:
        self.dump(value)
        return self._file.getvalue()

    def reducer_override(self, value: Any) -> Any:
        kind = type(value)
        if kind not in _reducers:
            _reducers[kind] = _reducer_of(kind)
        reducer = _reducers[kind]
        return NotImplemented if reducer is None else reducer(self, value)


class Unpickler(pickle.Unpickler):
    """Reads one unit back and notes which parts it refers to."""

    def __init__(self, account: Account, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self._account = account
        self.held: set[int] = set()

    def find_class(self, module: str, name: str) -> Any:
        if module == __name__ and name == "part_of":
            return self._part
        if module == __name__ and name == "backend_of":
            return self._account.backend
        return super().find_class(module, name)

    def _part(self, kind: type[Part], number: int, head: Any) -> Part:
        self.held.add(number)
        return self._account.part(kind, number, head)


_reducers: dict[type, Reducer | None] = {}
"""By type, as they are met: asking a type costs more than asking an object."""


def _reducer_of(kind: type) -> Reducer | None:
    if issubclass(kind, Part):
        return _reduce_part
    if issubclass(kind, BaseBackend):
        return _reduce_backend
    names = [f"{base.__module__}:{base.__qualname__}" for base in kind.__mro__]
    for name in names:
        if name in AS:
            module, function = AS[name].split(":")
            found: Reducer = getattr(importlib.import_module(module), function)
            return found
    apart = [one for name in names for one in APART.get(name, ())]
    if apart:
        return partial(_reduce_holder, apart)
    if issubclass(kind, defaultdict) and kind is not defaultdict:
        return _reduce_dictionary
    return OF_TYPES.get(kind) or (_reduce_key if kind.__module__.startswith(CRYPTOGRAPHY) else None)


CRYPTOGRAPHY = "cryptography.hazmat.bindings._rust"


def set_apart(holder: Any, account: Account) -> None:
    """What an object holds of its own kind apart is a part of the account, whatever it was replaced by."""
    for base in type(holder).__mro__:
        for name, kind in APART.get(f"{base.__module__}:{base.__qualname__}", ()):
            _part_for(holder, name, kind, account)


def _reduce_holder(apart: list[tuple[str, str]], pickler: Pickler, value: Any) -> Any:
    for name, kind in apart:
        _part_for(value, name, kind, pickler.account)
    return NotImplemented


def _part_for(holder: Any, name: str, path: str, account: Account) -> None:
    module, kind = path.split(":")
    held, wanted = getattr(holder, name), getattr(importlib.import_module(module), kind)
    if not isinstance(held, wanted):
        setattr(holder, name, wanted(held))


def blank(kind: Any) -> Any:
    """An object of moto's without content, which moto knows of: it disposes of those it knows at the end."""
    return kind.__new__(kind)


def part_of(kind: type[Part], number: int, head: Any) -> Part:
    """Stands in pickles for a part; an `Unpickler` has its own way to it."""
    raise NotImplementedError


def backend_of(service: str, account: str, region: str) -> BaseBackend:
    """Stands in pickles for another backend; an `Unpickler` has its own way to it."""
    raise NotImplementedError


def _reduce_part(pickler: Pickler, value: Part) -> Any:
    pickler.account.own(value)
    pickler.held[value.number] = value
    return part_of, (type(value), value.number, value.head())


def _reduce_backend(pickler: Pickler, value: BaseBackend) -> Any:
    place = pickler.account.place_of(value)
    if place is None:
        return NotImplemented
    changes.note(value)
    return backend_of, place


def _reduce_dictionary(pickler: Pickler, value: defaultdict[Any, Any]) -> Any:
    """A kind of defaultdict, which pickle would make anew from its factory alone."""
    return dictionary, (type(value), value.default_factory), vars(value), None, iter(list(value.items()))


def dictionary(kind: type[defaultdict[Any, Any]], factory: Any) -> defaultdict[Any, Any]:
    made = kind.__new__(kind)
    made.default_factory = factory
    return made


def _reduce_function(pickler: Pickler, value: FunctionType) -> Any:
    """A function without a name of its own; those with one are found by it."""
    if "<" not in value.__qualname__:
        return NotImplemented
    if value.__closure__:
        raise pickle.PicklingError(f"{value.__module__}.{value.__qualname__} holds values of its own")
    return function_of, (value.__module__, marshal.dumps(value.__code__), value.__defaults__)


def function_of(module: str, code: bytes, defaults: Any) -> FunctionType:
    # The code is of this very Python: a directory made with another is refused.
    return FunctionType(marshal.loads(code), vars(importlib.import_module(module)), None, defaults)


def _reduce_key(pickler: Pickler, value: Any) -> Any:
    """A private key of KMS, as PKCS #8."""
    from cryptography.hazmat.primitives import serialization

    if not hasattr(value, "private_bytes"):
        return NotImplemented
    encoding, form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
    content = value.private_bytes(encoding, form, serialization.NoEncryption())
    return private_key, (content,)


def private_key(content: bytes) -> Any:
    from cryptography.hazmat.primitives.serialization import load_der_private_key

    return load_der_private_key(content, None, unsafe_skip_rsa_key_validation=True)


OF_TYPES: dict[type, Reducer] = {
    type(threading.Lock()): lambda pickler, value: (threading.Lock, ()),
    type(threading.RLock()): lambda pickler, value: (threading.RLock, ()),
    threading.Condition: lambda pickler, value: (threading.Condition, ()),
    threading.Event: lambda pickler, value: (threading.Event, ()),
    FunctionType: _reduce_function,
    weakref.ref: lambda pickler, value: (weakref.ref, (value(),)),
    weakref.WeakValueDictionary: lambda pickler, value: (
        weakref.WeakValueDictionary,
        (),
        None,
        None,
        iter(list(value.items())),
    ),
}
