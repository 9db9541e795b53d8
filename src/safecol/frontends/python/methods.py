"""Calls of built-in functions and of methods of constants come in; their values go out, as far as they are followed."""

from typing import TYPE_CHECKING

from safecol.frontends.python import strings
from safecol.frontends.python.values import Bound, Member, Text, Unknown, Value, is_known, joined, plain
from safecol.source import Span

if TYPE_CHECKING:
    from safecol.frontends.python.evaluator import Evaluator

_SAME = frozenset({"list", "tuple", "sorted", "reversed", "set", "frozenset"})
_MOST_PARTS = 20_000


def of_constant(
    evaluator: "Evaluator", function: Member, arguments: tuple[Value, ...], keywords: dict[str, Value], span: Span
) -> Value:
    """The value of a method call on a string, list or dict; NotImplemented for any other."""
    base, name = function.base, function.name
    if isinstance(base, Text):
        return _of_text(evaluator, base, name, arguments, keywords, span)
    if isinstance(base, list):
        return _of_list(evaluator, base, name, arguments)
    if isinstance(base, dict):
        return _of_dict(base, name, arguments, keywords)
    if type(base) in (tuple, set) and name in ("index", "count", "copy"):
        return base if name == "copy" else Unknown(name, "it is not followed")
    return NotImplemented


def _of_text(
    evaluator: "Evaluator", base: Text, name: str, arguments: tuple[Value, ...], keywords: dict[str, Value], span: Span
) -> Value:
    if name == "format":
        return strings.format_(base, arguments, keywords, span)
    if name in ("strip", "lstrip", "rstrip") and len(arguments) < 2:
        characters = arguments[0] if arguments else None
        if characters is None or isinstance(characters, Text):
            return base.stripped(name != "rstrip", name != "lstrip", str(characters) if arguments else None)
    if (
        name in ("upper", "lower", "title", "capitalize")
        and not base.holes
        and len(getattr(str(base), name)()) == len(base)
    ):
        return Text(getattr(str(base), name)(), base.origins)
    if name == "join" and arguments:
        items = evaluator.items(arguments[0])
        if items is None:
            return strings.hole("join", span)
        parts: list[Text] = []
        for item in items:
            source = item.source if isinstance(item, Unknown) else "item"
            parts += [base, item if isinstance(item, Text) else strings.hole(source, span)]
        return joined(parts[1:]) if parts else plain("", span)
    if not is_known(base) or not all(map(is_known, arguments)):
        if name == "replace":
            return strings.hole("replace", span)
        return Unknown(name, "it is called on something that is not known")
    given = [str(one) if isinstance(one, Text) else one for one in arguments]
    if name in ("startswith", "endswith", "isdigit", "count", "find"):
        try:
            return getattr(str(base), name)(*given)
        except (TypeError, ValueError):
            return Unknown(f"{name}()", "Python refuses the call")
    if name == "replace" and len(given) >= 2 and all(isinstance(one, str) for one in given[:2]):
        parts, at = [], 0
        if given[0] and str(base).count(given[0]) > _MOST_PARTS:
            return strings.hole("replace", span)
        while given[0] and (found := str(base).find(given[0], at)) >= 0:
            parts += [base.part(at, found), plain(given[1], Span(base.origins[found], base.origins[found]))]
            at = found + len(given[0])
        return joined([*parts, base.part(at, len(base))])
    if name in ("split", "splitlines", "partition", "rpartition"):
        try:
            return [plain(part, span) for part in getattr(str(base), name)(*given)]  # at most its characters
        except (TypeError, ValueError):
            return Unknown(f"{name}()", "Python refuses the call")
    return Unknown(f"{name}()", f"`str.{name}` is not followed")


def _of_list(evaluator: "Evaluator", base: list[Value], name: str, arguments: tuple[Value, ...]) -> Value:
    if name == "append" and arguments:
        base.append(arguments[0])
    elif name == "extend" and arguments:
        items = evaluator.items(arguments[0])
        base += items if items is not None else [Unknown("extend", "its items are not known")]
    elif name == "insert" and len(arguments) == 2 and isinstance(arguments[0], int):
        base.insert(arguments[0], arguments[1])
    elif name == "copy":
        return list(base)
    elif name == "pop" and base and not arguments:
        return base.pop()
    elif name not in ("sort", "reverse", "clear", "remove"):
        return Unknown(name, f"`list.{name}` is not followed")
    return None


def _of_dict(base: dict[Value, Value], name: str, arguments: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
    if name == "items":
        return list(base.items())
    if name == "keys":
        return list(base)
    if name == "values":
        return list(base.values())
    if name in ("get", "pop", "setdefault") and arguments and is_known(arguments[0]):
        return base.get(arguments[0], arguments[1] if len(arguments) > 1 else None)
    if name == "update":
        if arguments and isinstance(arguments[0], dict):
            base.update(arguments[0])
        base.update(keywords)
        return None
    return dict(base) if name == "copy" else Unknown(name, f"`dict.{name}` is not followed")


def of_library(evaluator: "Evaluator", path: str, arguments: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
    """The value of a call of a built-in function or `textwrap.dedent`; NotImplemented for any other."""
    module, _, name = path.rpartition(".")
    if path == "functools.partial" and arguments:
        return Bound(arguments[0], arguments[1:], keywords)
    if path in ("textwrap.dedent", "inspect.cleandoc") and arguments and isinstance(arguments[0], Text):
        return strings.dedented(arguments[0])
    if path == "json.dumps" and len(arguments) == 1 and not keywords and is_known(arguments[0]):
        import json

        try:
            return plain(json.dumps(arguments[0]), Span(0, 0))
        except (TypeError, ValueError):
            return NotImplemented
    if module != "builtins":
        return NotImplemented
    if name == "dict":
        first = arguments[0] if arguments else {}
        return {**first, **keywords} if isinstance(first, dict) else Unknown("dict()", "its items are not known")
    if name == "range" and arguments and all(isinstance(one, int) for one in arguments):
        numbers = range(*arguments)
        return list(numbers[:_MOST_PARTS]) if not numbers[_MOST_PARTS:] else Unknown("range()", "it is too long")
    first = arguments[0] if arguments else None
    if name == "getattr" and len(arguments) == 2 and isinstance(arguments[1], Text) and not arguments[1].holes:
        return evaluator.member(first, str(arguments[1]))
    if name in ("str", "repr") and isinstance(first, (Text, int, float)):
        return first if isinstance(first, Text) and name == "str" else plain(str(first), Span(0, 0))
    if name in ("int", "float", "bool", "abs") and isinstance(first, (int, float)):
        return (
            abs(first)
            if name == "abs"
            else int(first)
            if name == "int"
            else float(first)
            if name == "float"
            else bool(first)
        )
    items = evaluator.items(first) if arguments else []
    if items is None:
        return NotImplemented
    if name in _SAME and not keywords:
        if name == "sorted" and all(map(is_known, items)):
            try:
                return sorted(items)
            except TypeError:
                return items
        return tuple(items) if name == "tuple" else items[::-1] if name == "reversed" else items
    if name == "len":
        return len(items)
    if name == "enumerate":
        start = keywords.get("start", arguments[1] if len(arguments) > 1 else 0)
        return list(enumerate(items, start if isinstance(start, int) else 0))
    if name == "zip":
        lists = [evaluator.items(one) for one in arguments]
        return NotImplemented if None in lists else list(zip(*(one or [] for one in lists), strict=False))
    return NotImplemented
