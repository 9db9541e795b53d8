"""The fields of a class come in, a class of named tuples goes out: `typing.NamedTuple`, at a fifth of its cost.

Making a hundred of its classes takes as long as linting a small file; most make few values in such a run. So a class
of these gets its constructor when it has made some.
"""

import collections
import sys

TYPE_CHECKING = False  # as `typing` has it, which this module is there to do without
# From 3.14 on annotations are no part of a class's namespace; other Pythons lack what `collections` makes fields with.
if TYPE_CHECKING or sys.version_info >= (3, 14) or not hasattr(collections, "_tuplegetter"):
    from typing import NamedTuple as NamedTuple  # noqa: PLC0414 - exported
else:
    _tuplegetter = collections._tuplegetter  # noqa: SLF001 - what named tuples of the library are made with

    _FEW = 4
    """Values that are made in the slow way before a class gets a constructor."""

    _made = {}

    class _Record(tuple):
        __slots__ = ()

        def __new__(cls, *given, **named):
            made = _made[cls] = _made.get(cls, 0) + 1
            fields = cls._fields
            if made > _FEW or len(given) > len(fields):
                cls.__new__ = new = _constructor(cls)
                return new(cls, *given, **named)
            values = list(given)
            defaults = cls._field_defaults
            for field in fields[len(given) :]:
                if field in named:
                    values.append(named[field])
                elif field in defaults:
                    values.append(defaults[field])
            if len(values) == len(fields) and named.keys() <= set(fields[len(given) :]):
                return tuple.__new__(cls, values)
            return _constructor(cls)(cls, *given, **named)  # it knows what to say

        @classmethod
        def _make(cls, values):
            return tuple.__new__(cls, values)

        def _replace(self, /, **named):
            made = tuple.__new__(self.__class__, map(named.pop, self._fields, self))
            if named:
                raise ValueError(f"Got unexpected field names: {list(named)!r}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            fields = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
            return f"{self.__class__.__name__}({fields})"

        def __getnewargs__(self):
            return tuple(self)

    class _Fields(type):
        def __new__(cls, name, bases, namespace):
            fields = tuple(namespace.get("__annotations__", ()))
            namespace["_field_defaults"] = {field: namespace[field] for field in fields if field in namespace}
            namespace["_fields"] = namespace["__match_args__"] = fields
            namespace["__slots__"] = ()
            for number, field in enumerate(fields):
                namespace[field] = _tuplegetter(number, "")
            return type(name, (_Record,), namespace)

    def _constructor(made):
        """A function with the fields for its parameters: calling one is how Python checks and orders arguments best."""
        fields = ", ".join(made._fields)
        source = f"lambda _cls, {fields}: _new(_cls, ({fields}{',' if len(made._fields) == 1 else ''}))"
        function = eval(source, {"_new": tuple.__new__, "__builtins__": {}})  # noqa: S307 - the names of fields
        function.__name__ = "__new__"
        function.__qualname__ = f"{made.__qualname__}.__new__"
        function.__defaults__ = tuple(made._field_defaults.values())
        return function

    NamedTuple = type.__new__(_Fields, "NamedTuple", (), {})
