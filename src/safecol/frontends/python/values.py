"""What expressions of a Python source come to: constants as themselves, and records for all that is not one."""

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self, SupportsIndex

from safecol.records import NamedTuple
from safecol.source import Span

Value = Any
"""None, bool, int, float, bytes, `Text`, list, tuple, dict, or one of the records below.

Records are tuples as well: whether a value is a tuple of the source is asked with `type(value) is tuple`.
"""


class Text(str):
    """A string that knows where its characters stand in the file.

    `origins` has the offset of each character. `holes` are (start, end) of parts that are not known: `${expression}`.
    """

    __slots__ = ("holes", "origins")
    origins: Sequence[int]
    holes: tuple[tuple[int, int], ...]

    def __new__(cls, text: str, origins: Sequence[int], holes: tuple[tuple[int, int], ...] = ()) -> Self:
        made = super().__new__(cls, text)
        made.origins = origins
        made.holes = holes
        return made

    def part(self, start: int, end: int) -> "Text":
        """The characters from `start` to `end`."""
        holes = tuple((max(a - start, 0), min(b, end) - start) for a, b in self.holes if a < end and b > start)
        return Text(str(self)[start:end], self.origins[start:end], holes)

    def stripped(self, left: bool, right: bool, characters: str | None = None) -> "Text":
        """The string without white space, or the given characters, at its ends."""
        plain = str(self)
        start = len(plain) - len(plain.lstrip(characters)) if left else 0
        return self.part(start, max(len(plain.rstrip(characters)) if right else len(plain), start))

    def __getitem__(self, key: "SupportsIndex | slice") -> str:
        if isinstance(key, slice):
            start, end, step = key.indices(len(self))
            return self.part(start, max(start, end)) if step == 1 else Text(str(self)[key], self.origins[key])
        at = range(len(self))[key.__index__()]
        return self.part(at, at + 1)

    __hash__ = str.__hash__


def plain(text: str, at: Span) -> Text:
    """A string that stands nowhere as such: all of it at one place."""
    return Text(text, [at.start] * len(text))


_LONGEST = 1_000_000
_MOST_HOLES = 2_000


def joined(parts: Iterable[Text]) -> Text:
    """The strings one after the other; a hole where that would be longer than any SQL is."""
    texts: list[str] = []
    origins: list[int] = []
    holes: list[tuple[int, int]] = []
    for part in parts:
        holes += [(a + len(origins), b + len(origins)) for a, b in part.holes]
        texts.append(str(part))
        origins += part.origins
        if len(origins) > _LONGEST or len(holes) > _MOST_HOLES:
            text = "${a string that is too long}"
            return Text(text, [origins[0]] * len(text), ((0, len(text)),))
    return Text("".join(texts), origins, tuple(holes))


def written(node: ast.AST) -> str:
    """An expression as source; a number of more digits than Python writes has no such form."""
    try:
        return ast.unparse(node)
    except ValueError:
        return "a large number"


class Unknown(NamedTuple):
    """A value that was not understood: `source` is its expression, `reason` why it is not known."""

    source: str
    reason: str


class External(NamedTuple):
    """Something of another module, by its dotted path: `sqlalchemy.Column`, `alembic.op`."""

    path: str


class Imported(NamedTuple):
    """A name of another module of the project, until it is asked for: `file` and `path` are the module's."""

    file: str
    path: str
    name: str


class Namespace(NamedTuple):
    """A module of the project: its dotted path, and its file, or its folder where it is a package without one."""

    path: str
    file: str


class Made(NamedTuple):
    """What a call of something external gives: `sa.String(50)`, and what its methods give in turn.

    `path` of `sa.text("x").bindparams()` is `sqlalchemy.text().bindparams`, and `base` the value before the last dot.
    Operators have paths of their own (`operator ==`) with their operands as `arguments`.
    """

    path: str
    arguments: tuple[Value, ...]
    keywords: dict[str, Value]
    span: Span
    base: Value = None

    def argument(self, position: int, name: str, default: Value = None) -> Value:
        """An argument by position or name."""
        if position < len(self.arguments):
            return self.arguments[position]
        return self.keywords.get(name, default)


class Member(NamedTuple):
    """An attribute of a made value or of a value's methods, before it is called."""

    base: Value
    name: str


class Scope:
    """The names of a module or function, and those around it."""

    __slots__ = ("asked", "names", "outer", "positions")

    def __init__(self, outer: "Scope | None" = None) -> None:
        self.names: dict[str, Value] = {}
        self.outer = outer
        # Where what is written here stands: the scopes of one module share it.
        self.positions: Any = outer.positions if outer is not None else None
        # Gives the names that are only followed when they are asked for.
        self.asked: Callable[[Any, str], tuple[bool, Value]] | None = None

    def find(self, name: str) -> tuple[bool, Value]:
        """Whether the name is known here or further out, and its value."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return True, scope.names[name]
            if scope.asked is not None:
                return scope.asked(scope, name)
            scope = scope.outer
        return False, None


class Function(NamedTuple):
    """A function or lambda of the same file, or of another of the project."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: Scope

    @property
    def name(self) -> str:
        """Its name; empty for a lambda."""
        return "" if isinstance(self.node, ast.Lambda) else self.node.name

    @property
    def of_class(self) -> bool:
        """Whether it is a method that gets its class."""
        decorators = () if isinstance(self.node, ast.Lambda) else self.node.decorator_list
        return any(isinstance(one, ast.Name) and one.id == "classmethod" for one in decorators)


class Bound(NamedTuple):
    """Something that can be called and has some of its arguments already: a partial, or a method of a class."""

    function: Value
    arguments: tuple[Value, ...]
    keywords: dict[str, Value]


class Class(NamedTuple):
    """A class of the same file, or of another of the project: `names` are the values in its body."""

    name: str
    bases: tuple[Value, ...]
    names: dict[str, Value]


def path_of(value: Value) -> str:
    """The dotted path of an external or made value; empty for others."""
    if isinstance(value, (External, Namespace)):
        return value.path
    if isinstance(value, Made):
        return f"{value.path}()"
    if isinstance(value, Member):
        base = path_of(value.base)
        return f"{base}.{value.name}" if base else ""
    return ""


_NESTED = frozenset({list, tuple, set, frozenset, dict, Made})


def weight(value: Value, most: int) -> int:
    """How many values are in a value, those inside others too, as far as `most`.

    What is in it twice counts twice: ten lines of a source make a list of lists with more values than memory has.
    """
    if type(value) not in _NESTED:
        return 1
    waiting = [value]
    count = 1
    while waiting and count <= most:
        one = waiting.pop()
        if type(one) is Made:
            inner: Iterable[Value] = (one.base, *one.arguments, *one.keywords.values())
            count += 1 + len(one.arguments) + len(one.keywords)
        else:
            inner = one.values() if type(one) is dict else one
            count += len(one)
        waiting += [item for item in inner if type(item) in _NESTED]
    return count


def is_known(value: Value) -> bool:
    """Whether a value is a constant through and through."""
    if isinstance(value, Text):
        return not value.holes
    if isinstance(value, (Unknown, External, Imported, Namespace, Made, Member, Function, Class, Bound)):
        return False
    if isinstance(value, (list, tuple, set)):
        return all(map(is_known, value))
    if isinstance(value, dict):
        return all(is_known(key) and is_known(item) for key, item in value.items())
    return True
