"""Expressions of a Python source come in; their values as far as constants tell go out. Nothing is imported or run."""

import ast
from collections.abc import Callable
from typing import Protocol

from safecol.frontends.python import operators, strings
from safecol.frontends.python.positions import NOWHERE, Elsewhere, Positions
from safecol.frontends.python.values import (
    Bound,
    Class,
    External,
    Function,
    Imported,
    Made,
    Member,
    Namespace,
    Scope,
    Text,
    Unknown,
    Value,
    is_known,
    joined,
    path_of,
    plain,
    weight,
    written,
)
from safecol.source import Span

TOO_LONG = "the file goes on for too long to be followed"
_MOST_WORK = 400_000
_HEAVIEST = 400_000
_MOST_ITEMS = 20_000
_BUILTINS = frozenset(
    {
        "str", "int", "float", "bool", "len", "list", "tuple", "dict", "set", "frozenset", "range", "enumerate", "zip",
        "sorted", "reversed", "print", "isinstance", "hasattr", "getattr", "globals", "min", "max", "any", "all",
        "repr", "map", "filter", "sum", "type", "super", "open", "next", "iter", "bytes", "id", "Exception",
        "ValueError", "RuntimeError", "NotImplementedError", "abs", "round", "exit", "quit", "object", "vars", "locals",
    }
)  # fmt: skip


class Host(Protocol):
    """What a front end answers while a source is followed."""

    def made(self, call: Made) -> Value:
        """The value of a call of something external; NotImplemented to keep it as it is."""

    def attribute(self, base: Value, name: str) -> Value:
        """The value of an attribute of something external; NotImplemented to keep it as it is."""


class Evaluator:
    """Evaluates expressions of one file; `call` runs a function of the file."""

    def __init__(
        self, positions: Positions, host: Host, call: Callable[..., Value], within: Callable[[str, str, str], Value]
    ) -> None:
        """`within` gives what a module of the project has by a name: of its dotted path, file and the name."""
        self.positions = positions
        self.text = positions.text
        self.host = host
        self.run = call
        self.within = within
        self.work = 0

    @property
    def is_tired(self) -> bool:
        """Whether the file has been followed for so long that it has to end."""
        return self.work > _MOST_WORK

    def use(self, positions: Positions) -> None:
        """What is evaluated next stands where these say."""
        self.positions = positions
        self.text = positions.text

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression."""
        self.work += 1
        if self.is_tired:
            return Unknown("a value", TOO_LONG)
        handler = _HANDLERS.get(type(node))
        if handler is None:
            return self.unknown(node, "an expression that is not a constant")
        value = handler(self, node, scope)
        return self.weighed(value) if type(node) in _MAKING else value

    def weighed(self, value: Value) -> Value:
        """A value that was made; something unknown instead of what is too large to be gone through."""
        if isinstance(value, Text):
            self.work += len(value) // 16
            return value
        found = weight(value, _HEAVIEST)
        self.work += found // 16
        return value if found <= _HEAVIEST else Unknown("a value", "it is too large to be followed")

    def unknown(self, node: ast.expr, reason: str) -> Unknown:
        """What an expression gives that was not understood."""
        source = written(node)
        return Unknown(source if len(source) <= 80 else source[:79] + "…", reason)

    def constant(self, node: ast.Constant, _scope: Scope) -> Value:
        if isinstance(node.value, str):
            if isinstance(self.positions, Elsewhere):
                return plain(node.value, NOWHERE)
            return strings.constant(node, self.text, self.positions.span(node))
        return node.value

    def formatted(self, node: ast.JoinedStr, scope: Scope) -> Value:
        span = NOWHERE if isinstance(self.positions, Elsewhere) else self.positions.span(node)
        return strings.formatted(node, self.text, span, lambda part: self.evaluate(part, scope))

    def name(self, node: ast.Name, scope: Scope) -> Value:
        found, value = scope.find(node.id)
        if found:
            return self.within(value.path, value.file, value.name) if isinstance(value, Imported) else value
        if node.id in _BUILTINS:
            return External(f"builtins.{node.id}")
        return Unknown(node.id, f"`{node.id}` is not defined in this file")

    def sequence(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Value:
        items: list[Value] = []
        for item in node.elts:
            if isinstance(item, ast.Starred):
                inner = self.items(self.evaluate(item.value, scope))
                if inner is None:
                    return self.unknown(node, "it unpacks something that is not known")
                items += inner
            else:
                items.append(self.evaluate(item, scope))
        return tuple(items) if isinstance(node, ast.Tuple) else items

    def dictionary(self, node: ast.Dict, scope: Scope) -> Value:
        found: dict[Value, Value] = {}
        for key, item in zip(node.keys, node.values, strict=True):
            value = self.evaluate(item, scope)
            if key is None:
                if not isinstance(value, dict):
                    return self.unknown(node, "it unpacks something that is not known")
                found.update(value)
                continue
            name = self.evaluate(key, scope)
            if isinstance(name, (list, dict)) or not _hashable(name):
                return self.unknown(node, "a key is not known")
            found[name] = value
        return found

    def attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        return self.member(self.evaluate(node.value, scope), node.attr)

    def member(self, base: Value, name: str) -> Value:
        """The value of `base.name`."""
        answer = self.host.attribute(base, name)
        if answer is not NotImplemented:
            return answer
        if isinstance(base, External):
            return External(f"{base.path}.{name}")
        if isinstance(base, Namespace):
            return self.within(base.path, base.file, name)
        if isinstance(base, Class):
            if name in base.names:
                found = base.names[name]
                return Bound(found, (base,), {}) if isinstance(found, Function) and found.of_class else found
            if name == "__name__":
                return plain(base.name, Span(0, 0))
        if isinstance(base, Unknown):
            return Unknown(f"{base.source}.{name}", base.reason)
        return Member(base, name)

    def subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        base = self.evaluate(node.value, scope)
        if isinstance(node.slice, ast.Slice):
            bounds = [
                None if part is None else self.evaluate(part, scope)
                for part in (node.slice.lower, node.slice.upper, node.slice.step)
            ]
            if type(base) in (list, tuple, Text) and all(part is None or isinstance(part, int) for part in bounds):
                return base[slice(*bounds)] if bounds[2] != 0 else self.unknown(node, "Python refuses the step 0")
            if isinstance(base, Made):  # a part of what a query gives
                return Made("operator [:]", (base, *bounds), {}, self.positions.span(node), base)
            return self.unknown(node, "a part of something that is not known")
        key = self.evaluate(node.slice, scope)
        if isinstance(base, dict) and _hashable(key) and key in base:
            return base[key]
        if type(base) in (list, tuple, Text) and isinstance(key, int) and -len(base) <= key < len(base):
            return base[key]
        if path_of(base) == "builtins.globals()" and isinstance(key, Text):
            found, value = _outermost(scope).find(str(key))
            if found:
                return value
        if isinstance(base, (Made, External, Member)) and isinstance(key, Text):
            return Made("operator []", (base, key), {}, self.positions.span(node), base)
        return self.unknown(node, "a part of something that is not known")

    def binary(self, node: ast.BinOp, scope: Scope) -> Value:
        left, right = self.evaluate(node.left, scope), self.evaluate(node.right, scope)
        span = self.positions.span(node)
        if isinstance(left, Text):
            if isinstance(node.op, ast.Mod):
                return strings.percent(left, right, self.positions.span(node.right), written(node.right))
            if isinstance(node.op, ast.Add) and isinstance(right, (Text, Unknown, Made, Member, External)):
                other = right if isinstance(right, Text) else self._hole(right, node.right)
                return joined((left, other))
            if isinstance(node.op, ast.Mult) and isinstance(right, int) and len(left) * right < 10_000:
                return joined([left] * right)
        if isinstance(right, Text) and isinstance(node.op, ast.Add) and isinstance(left, Unknown):
            return joined((strings.hole(left.source, self.positions.span(node.left)), right))
        if isinstance(node.op, ast.Add) and type(left) in (list, tuple) and type(right) is type(left):
            return [*left, *right] if isinstance(left, list) else (*left, *right)
        if isinstance(left, (int, float)) and isinstance(right, (int, float)):
            return (
                operators.arithmetic(node.op, left, right)
                if operators.is_small(left, right)
                else self.unknown(node, "a large number")
            )
        if isinstance(node.op, ast.BitOr) and isinstance(left, dict) and isinstance(right, dict):
            return {**left, **right}
        return self.operator(node.op, (left, right), span, node)

    def _hole(self, value: Value, node: ast.expr) -> Text:
        return strings.shown(value, written(node), self.positions.span(node))

    def operator(self, kind: ast.AST, operands: tuple[Value, ...], span: Span, node: ast.expr) -> Value:
        """An operator on something external: a condition or an expression of the database."""
        name = operators.SIGNS.get(type(kind))
        if name and any(isinstance(one, (Made, External, Member)) for one in operands):
            return Made(f"operator {name}", operands, {}, span)
        return self.unknown(node, "it is computed from something that is not known")

    def unary(self, node: ast.UnaryOp, scope: Scope) -> Value:
        value = self.evaluate(node.operand, scope)
        if isinstance(node.op, ast.Not):
            known = self.truth(value)
            return self.unknown(node, "a condition that is not known") if known is None else not known
        if isinstance(node.op, ast.USub) and isinstance(value, (int, float)):
            return -value
        return self.operator(node.op, (value,), self.positions.span(node), node)

    def boolean(self, node: ast.BoolOp, scope: Scope) -> Value:
        stops = isinstance(node.op, ast.Or)
        value: Value = None
        unsure = False
        for part in node.values:
            value = self._perhaps(part, scope) if unsure else self.evaluate(part, scope)
            known = self.truth(value)
            if known is stops:
                # `x and False` is False whatever x is; `x or "y"` may be x.
                return value if not unsure or not stops else self.unknown(node, "a condition that is not known")
            unsure = unsure or known is None
        return self.unknown(node, "a condition that is not known") if unsure else value

    def compare(self, node: ast.Compare, scope: Scope) -> Value:
        left = self.evaluate(node.left, scope)
        result: Value = True
        for kind, part in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(part, scope)
            result = self._compared(kind, left, right, node)
            if result is not True:
                return result
            left = right
        return result

    def _compared(self, kind: ast.cmpop, left: Value, right: Value, node: ast.Compare) -> Value:
        if isinstance(kind, (ast.Is, ast.IsNot)) and right is None and not isinstance(left, (Unknown, Made, Member)):
            return (left is None) is isinstance(kind, ast.Is)
        if is_known(left) and is_known(right):
            try:
                return operators.COMPARISONS[type(kind)](left, right)
            except (TypeError, KeyError):
                return self.unknown(node, "a comparison that is not known")
        return self.operator(kind, (left, right), self.positions.span(node), node)

    def choice(self, node: ast.IfExp, scope: Scope) -> Value:
        known = self.truth(self.evaluate(node.test, scope))
        if known is None:
            self._perhaps(node.body, scope)  # either may send something
            self._perhaps(node.orelse, scope)
            return self.unknown(node, "it depends on a condition that is not known")
        return self.evaluate(node.body if known else node.orelse, scope)

    def _perhaps(self, node: ast.expr, scope: Scope) -> Value:
        """The value of an expression that may or may not be evaluated."""
        guarded = getattr(self.host, "guarded", None)  # for hosts that follow statements
        if guarded is None:
            return self.evaluate(node, scope)
        before = guarded(True)
        try:
            return self.evaluate(node, scope)
        finally:
            guarded(before)

    def named(self, node: ast.NamedExpr, scope: Scope) -> Value:
        """`name := value`, in parentheses."""
        value = self.evaluate(node.value, scope)
        self.bind(node.target, value, scope)
        return value

    def truth(self, value: Value) -> bool | None:
        """Whether a value is true; None when it is not known."""
        if isinstance(value, (Unknown, Made, External, Member)) or (isinstance(value, Text) and value.holes):
            return None
        if isinstance(value, (Function, Class)):
            return True
        return bool(value)

    def function(self, node: ast.Lambda, scope: Scope) -> Value:
        return Function(node, scope)

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, scope: Scope) -> Value:
        found: list[Value] = []
        if not self._each(node.generators, Scope(scope), lambda inner: found.append(self.evaluate(node.elt, inner))):
            return self.unknown(node, "it goes through something that is not known")
        return found

    def dictionary_comprehension(self, node: ast.DictComp, scope: Scope) -> Value:
        found: dict[Value, Value] = {}

        def add(inner: Scope) -> None:
            key = self.evaluate(node.key, inner)
            if _hashable(key):
                found[key] = self.evaluate(node.value, inner)

        if not self._each(node.generators, Scope(scope), add):
            return self.unknown(node, "it goes through something that is not known")
        return found

    def _each(self, generators: list[ast.comprehension], scope: Scope, body: Callable[[Scope], object]) -> bool:
        if not generators:
            body(scope)
            return True
        first = generators[0]
        items = self.items(self.evaluate(first.iter, scope))
        if items is None:
            return False
        for item in items:
            if self.is_tired:
                return False
            self.bind(first.target, item, scope)
            wanted = [self.truth(self.evaluate(condition, scope)) for condition in first.ifs]
            if None in wanted:
                return False
            if all(wanted) and not self._each(generators[1:], scope, body):
                return False
        return True

    def items(self, value: Value) -> list[Value] | None:
        """What going through a value gives; None when it is not known."""
        if type(value) in (list, tuple, set, frozenset):
            return list(value) if len(value) <= _MOST_ITEMS else None
        if isinstance(value, dict):
            return list(value) if len(value) <= _MOST_ITEMS else None
        if isinstance(value, Text) and not value.holes and len(value) <= _MOST_ITEMS:
            return [value.part(at, at + 1) for at in range(len(value))]
        if isinstance(value, Class) and any(path_of(base).startswith("enum.") for base in value.bases):
            return [Member(value, name) for name in value.names if not name.startswith("_")]
        return None

    def bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Assign a value to a name, to names in a tuple, or to an item of a dict."""
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value, scope)
        elif isinstance(target, (ast.Tuple, ast.List)):
            items = self.items(value)
            exact = items is not None and len(items) == len(target.elts)
            if any(isinstance(part, ast.Starred) for part in target.elts):
                exact = False
            for at, part in enumerate(target.elts):
                self.bind(part, items[at] if exact and items else Unknown(written(part), _why(value)), scope)
        elif isinstance(target, ast.Subscript):
            base, key = self.evaluate(target.value, scope), self.evaluate(target.slice, scope)
            if isinstance(base, dict) and _hashable(key):
                base[key] = self.weighed(value)
        elif isinstance(target, ast.Attribute):
            assigned = getattr(self.host, "assigned", None)  # for hosts whose values can be changed
            if assigned is not None:
                assigned(self.evaluate(target.value, scope), target.attr, value)

    def called(self, node: ast.Call, scope: Scope) -> Value:
        function = self.evaluate(node.func, scope)
        arguments, keywords = self.arguments(node, scope)
        return self.apply(function, arguments, keywords, self.positions.span(node), node)

    def arguments(self, node: ast.Call, scope: Scope) -> tuple[tuple[Value, ...], dict[str, Value]]:
        """The arguments and keywords of a call."""
        arguments: list[Value] = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                inner = self.items(self.evaluate(argument.value, scope))
                arguments += inner if inner is not None else [self.unknown(argument, "its items are not known")]
            else:
                arguments.append(self.weighed(self.evaluate(argument, scope)))
        keywords: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.weighed(self.evaluate(keyword.value, scope))
            if keyword.arg is not None:
                keywords[keyword.arg] = value
            elif isinstance(value, dict):
                keywords.update({str(name): item for name, item in value.items() if isinstance(name, str)})
            else:
                keywords["**"] = self.unknown(keyword.value, "its items are not known")
        return tuple(arguments), keywords

    def apply(
        self, function: Value, arguments: tuple[Value, ...], keywords: dict[str, Value], span: Span, node: ast.Call
    ) -> Value:
        """The value of a call."""
        if isinstance(function, Bound):
            more = {**function.keywords, **keywords}
            return self.apply(function.function, (*function.arguments, *arguments), more, span, node)
        if isinstance(function, Function):
            return self.run(function, arguments, keywords, span)
        if isinstance(function, Unknown):
            made = Made(f"?{function.source}", arguments, keywords, span, function)
        elif isinstance(function, Class):
            made = Made(f".{function.name}", arguments, keywords, span, function)
        elif isinstance(function, Made):  # what is called was made by a call: a class that a function gave
            made = Made(f"{function.path}()", arguments, keywords, span, function)
        elif isinstance(function, Member):
            from safecol.frontends.python import methods

            try:
                answer = methods.of_constant(self, function, arguments, keywords, span)
            except (OverflowError, ValueError):
                return self.unknown(node, "Python refuses the call")
            if answer is not NotImplemented:
                return answer
            path = path_of(function) or f"?{written(node.func)}"
            made = Made(path, arguments, keywords, span, function.base)
        elif isinstance(function, External):
            from safecol.frontends.python import methods

            try:
                answer = methods.of_library(self, function.path, arguments, keywords)
            except (OverflowError, ValueError):
                return self.unknown(node, "Python refuses the call")
            if answer is not NotImplemented:
                return answer
            made = Made(function.path, arguments, keywords, span, External(function.path.rpartition(".")[0]))
        else:
            return self.unknown(node, "it calls something that is no function")
        answer = self.host.made(made)
        return made if answer is NotImplemented else answer


def _outermost(scope: Scope) -> Scope:
    while scope.outer is not None:
        scope = scope.outer
    return scope


def _why(value: Value) -> str:
    return value.reason if isinstance(value, Unknown) else "it is taken from something that is not known"


def _hashable(value: Value) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


# What is made anew, and so may be larger than what it is made of.
_MAKING = frozenset(
    {
        ast.BinOp, ast.JoinedStr, ast.Call, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Subscript,
        ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp,
    }
)  # fmt: skip
_HANDLERS: dict[type[ast.expr], Callable[..., Value]] = {
    ast.Constant: Evaluator.constant,
    ast.JoinedStr: Evaluator.formatted,
    ast.Name: Evaluator.name,
    ast.List: Evaluator.sequence,
    ast.Tuple: Evaluator.sequence,
    ast.Set: Evaluator.sequence,
    ast.Dict: Evaluator.dictionary,
    ast.Attribute: Evaluator.attribute,
    ast.Subscript: Evaluator.subscript,
    ast.BinOp: Evaluator.binary,
    ast.UnaryOp: Evaluator.unary,
    ast.BoolOp: Evaluator.boolean,
    ast.Compare: Evaluator.compare,
    ast.IfExp: Evaluator.choice,
    ast.NamedExpr: Evaluator.named,
    ast.Lambda: Evaluator.function,
    ast.ListComp: Evaluator.comprehension,
    ast.SetComp: Evaluator.comprehension,
    ast.GeneratorExp: Evaluator.comprehension,
    ast.DictComp: Evaluator.dictionary_comprehension,
    ast.Call: Evaluator.called,
    ast.Await: lambda evaluator, node, scope: evaluator.evaluate(node.value, scope),
}
