"""The machine that pickles of plain data are programs for.

It has the opcodes that such pickles use, and a bound on how many it runs. No opcode imports or
calls; the few functions of NumPy that pickles name are known by name, and what they would make is
made here, of plain data.
"""

from __future__ import annotations

import codecs
import io
import pickletools
from collections.abc import Callable
from typing import Any

from backfill.datasets.pickled_arrays import Global, NotAllowed, PickledArray, PickledType

__all__ = ["NotAllowed", "run"]

_STEPS = 400_000
_MARK = object()
_CODES = {ord(opcode.code): opcode for opcode in pickletools.opcodes}
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
# These put their argument on the stack.
_PLAIN = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
}
_PUTS, _GETS = ("PUT", "BINPUT", "LONG_BINPUT"), ("GET", "BINGET", "LONG_BINGET")
_TUPLES = {"EMPTY_TUPLE": 0, "TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def run(data: bytes) -> Any:
    """Run a pickle.

    Args:
        data: the pickle.

    Returns:
        What it leaves: plain values, and :class:`.PickledArray` for arrays; lists for sets.

    Raises:
        NotAllowed: it asks for what plain data does not need.
        Exception: of many types, if it is damaged.
    """
    file, machine = io.BytesIO(data), _Machine()
    for _ in range(_STEPS):
        code = file.read(1)
        if not code:
            raise ValueError("a pickle that is cut off")
        opcode = _CODES.get(code[0])
        if opcode is None:
            raise ValueError(f"no opcode {code!r}")
        if opcode.name == "STOP":
            return machine.stack.pop()
        if opcode.name == "STRING":  # Python 2's, whose escapes may stand for any byte
            text = pickletools.read_stringnl(file, decode=False)
            machine.stack.append(codecs.escape_decode(text)[0].decode("latin1"))
        else:
            machine.step(opcode.name, opcode.arg.reader(file) if opcode.arg else None)
    raise ValueError(f"a pickle of more than {_STEPS:,} steps")


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _PLAIN:
            stack.append(bytes(argument) if isinstance(argument, bytearray) else argument)
        elif name in _PUTS:
            self.memo[argument] = stack[-1]
        elif name in _GETS:
            stack.append(self.memo[argument])
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _TUPLES:
            self._tuple(_TUPLES[name])
        elif name == "GLOBAL":
            stack.append(Global(*argument.split(" ", 1)))
        else:
            action = _ACTIONS.get(name)
            if action is None:
                raise NotAllowed(f"opcode {name}")
            action(self)

    def _tuple(self, count: int) -> None:
        items = self.stack[len(self.stack) - count :]
        if len(items) != count or any(item is _MARK for item in items):
            raise ValueError("too little on the stack")
        del self.stack[len(self.stack) - count :]
        self.stack.append(tuple(items))

    def marked(self) -> list[Any]:
        """Take what is on the stack since the last mark."""
        items: list[Any] = []
        while (item := self.stack.pop()) is not _MARK:
            items.append(item)
        return items[::-1]

    def extend(self, items: list[Any]) -> None:
        self._top(list).extend(items)

    def set_items(self, items: list[Any]) -> None:
        target = self._top(dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str):  # others may be made to collide
                raise NotAllowed(f"a {type(key).__name__} as a key")
            target[key] = value

    def build(self) -> None:
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, PickledArray | PickledType):
            raise NotAllowed(f"a state of a {type(target).__name__}")
        target.set_state(state)

    def reduce(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, Global) or function.name not in _MADE:
            raise NotAllowed(getattr(function, "name", type(function).__name__))
        self.stack.append(_MADE[function.name](*arguments))

    def memoize(self) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def name_from_stack(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.stack.append(Global(str(module)[:80], str(name)[:80]))

    def _top(self, kind: type) -> Any:
        if not isinstance(self.stack[-1], kind):
            raise ValueError(f"no {kind.__name__} on the stack")
        return self.stack[-1]


def _bytes_of(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise NotAllowed(f"encoding {encoding!r:.40}")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


def _items(items: Any = ()) -> list[Any]:
    if not isinstance(items, list | tuple):
        raise NotAllowed(f"a set of a {type(items).__name__}")
    return list(items)


def _from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> PickledArray:
    return PickledArray(shape, dtype, order == "F", data)


_MADE: dict[str, Callable[..., Any]] = {
    # A set is a list of what is in it: nothing here compares.
    "builtins.set": _items,
    "builtins.frozenset": _items,
    # Old protocols encode bytes as text, and empty bytes as a call of `bytes`.
    "_codecs.encode": _bytes_of,
    "builtins.bytes": _no_bytes,
    "numpy.dtype": lambda code, *_: PickledType(code),
    "numpy.core.multiarray._reconstruct": lambda *_: PickledArray(),
    "numpy.core.multiarray.scalar": lambda dtype, data: PickledArray((), dtype, False, data),
    "numpy.core.numeric._frombuffer": _from_buffer,
}

_ACTIONS: dict[str, Callable[[_Machine], Any]] = {
    "PROTO": lambda m: None,
    "FRAME": lambda m: None,
    "MARK": lambda m: m.stack.append(_MARK),
    "POP": lambda m: m.stack.pop(),
    "POP_MARK": lambda m: m.marked(),
    "DUP": lambda m: m.stack.append(m.stack[-1]),
    "MEMOIZE": _Machine.memoize,
    "EMPTY_LIST": lambda m: m.stack.append([]),
    "EMPTY_DICT": lambda m: m.stack.append({}),
    "EMPTY_SET": lambda m: m.stack.append([]),
    "LIST": lambda m: m.stack.append(m.marked()),
    "TUPLE": lambda m: m.stack.append(tuple(m.marked())),
    "FROZENSET": lambda m: m.stack.append(m.marked()),
    "DICT": lambda m: _dict(m, m.marked()),
    "APPEND": lambda m: m.extend([m.stack.pop()]),
    "APPENDS": lambda m: m.extend(m.marked()),
    "ADDITEMS": lambda m: m.extend(m.marked()),
    "SETITEM": lambda m: m.set_items([m.stack.pop(), m.stack.pop()][::-1]),
    "SETITEMS": lambda m: m.set_items(m.marked()),
    "STACK_GLOBAL": _Machine.name_from_stack,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}


def _dict(machine: _Machine, items: list[Any]) -> None:
    machine.stack.append({})
    machine.set_items(items)
