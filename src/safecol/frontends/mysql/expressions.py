"""Expressions of MySQL and MariaDB: a stream of tokens comes in, the shared expression values go out."""

from collections.abc import Callable

from safecol.expressions import (
    BooleanTest,
    Call,
    Case,
    Cast,
    Collection,
    ColumnReference,
    Expression,
    Junction,
    Literal,
    NullTest,
    Operator,
    Subquery,
    TypeName,
    Unknown,
)
from safecol.frontends.mysql.tokens import RESERVED, Stream
from safecol.source import Span

# Calls without parentheses. LOCALTIME and the like are other words for CURRENT_TIMESTAMP.
_CONSTANTS = frozenset(
    {
        "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_USER", "CURRENT_ROLE", "LOCALTIME",
        "LOCALTIMESTAMP", "UTC_TIMESTAMP", "UTC_DATE", "UTC_TIME",
    }
)  # fmt: skip
# Words that are reserved as names and are functions before a parenthesis.
_FUNCTIONS = frozenset(
    {
        "IF", "REPLACE", "REPEAT", "LEFT", "RIGHT", "MOD", "INSERT", "DATABASE", "SCHEMA", "CONVERT", "VALUES", "CHAR",
        "CHARACTER", "INTERVAL", "MATCH", "EXISTS", "DEFAULT", "USER", "TRUNCATE", "GROUPING", "LIKE",
    }
)  # fmt: skip
_UNITS = frozenset(
    {
        "MICROSECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "SECOND_MICROSECOND",
        "MINUTE_MICROSECOND", "MINUTE_SECOND", "HOUR_MICROSECOND", "HOUR_SECOND", "HOUR_MINUTE", "DAY_MICROSECOND",
        "DAY_SECOND", "DAY_MINUTE", "DAY_HOUR", "YEAR_MONTH",
    }
)  # fmt: skip
_WITH_UNITS = frozenset({"timestampdiff", "timestampadd", "extract"})
_QUERIES = frozenset({"SELECT", "WITH", "TABLE"})
_BINARY = {
    "=": 7, "<=>": 7, ">=": 7, ">": 7, "<=": 7, "<": 7, "<>": 7, "!=": 7, "|": 8, "&": 9, "<<": 10, ">>": 10, "+": 11,
    "-": 11, "*": 12, "/": 12, "%": 12, "DIV": 12, "MOD": 12, "^": 13, "->": 15, "->>": 15, ":=": 1,
}  # fmt: skip
_DEEPEST = 200
_TIGHTEST = 17  # no operator: COLLATE after a DEFAULT is the column's


def expression(
    stream: Stream, power: int = 0, *, scalar: bool = False, nested: Callable[[], tuple[str, ...]] | None = None
) -> Expression:
    """Read an expression; operators that bind weaker than `power` are left.

    With `scalar` a subquery stands for its first output, as far as that is an expression. `nested` reads a subquery
    after its parenthesis, and says which relations it reads.
    """
    return _Reader(stream, scalar, nested).read(power)


def bounded(stream: Stream) -> Expression:
    """Read what may stand as a DEFAULT: a literal, a call, or any expression in parentheses."""
    return _Reader(stream).read(_TIGHTEST)


class _Reader:
    __slots__ = ("depth", "nested", "scalar", "stream")

    def __init__(
        self, stream: Stream, scalar: bool = False, nested: Callable[[], tuple[str, ...]] | None = None
    ) -> None:
        self.stream = stream
        self.scalar = scalar
        self.nested = nested
        self.depth = 0

    def read(self, power: int = 0) -> Expression:
        self.depth += 1
        if self.depth > _DEEPEST:
            from safecol.frontends.sqlglot.trees import Problem

            raise Problem("nested too deeply to be analyzed", self.stream.start, syntax=False)
        left = self._prefix()
        while True:
            found = self._infix(left, power)
            if found is None:
                self.depth -= 1
                return left
            left = found

    def _infix(self, left: Expression, power: int) -> Expression | None:
        stream = self.stream
        word = stream.peek()
        if not word:
            return None
        binding = _BINARY.get(word)
        if binding is not None:
            if binding < power:
                return None
            stream.at += 1
            if word in ("=", "<>", ">", "<", ">=", "<=") and stream.any_of("ANY", "ALL", "SOME"):
                return Operator(word, (left, Operator("any", (self._prefix(),))))
            right = self.read(binding + 1)
            if word == "<=>":
                return Junction("not", (Operator("is distinct from", (left, right)),))
            return Operator({"!=": "<>"}.get(word, word.lower()), (left, right))
        if word in ("OR", "||") and power <= 2:
            stream.at += 1
            return Junction("or", (left, self.read(3)))
        if word == "XOR" and power <= 3:
            stream.at += 1
            return Operator("xor", (left, self.read(4)))
        if word in ("AND", "&&") and power <= 4:
            stream.at += 1
            return Junction("and", (left, self.read(5)))
        if word == "COLLATE" and power <= 16:
            stream.at += 1
            return Operator("collate", (left, Literal("string", stream.value())))
        return self._test(left) if power <= 7 else None

    def _test(self, left: Expression) -> Expression | None:
        stream = self.stream
        if stream.accept("IS"):
            negated = stream.accept("NOT")
            if stream.accept("NULL"):
                return NullTest(left, negated)
            word = stream.any_of("TRUE", "FALSE", "UNKNOWN")
            if not word:
                raise stream.problem()
            return BooleanTest(left, ("not " if negated else "") + word.lower())
        negated = stream.peek() == "NOT" and stream.peek(1) in ("IN", "LIKE", "BETWEEN", "REGEXP", "RLIKE")
        if negated:
            stream.at += 1
        word = stream.any_of("IN", "LIKE", "BETWEEN", "REGEXP", "RLIKE", "SOUNDS", "MEMBER")
        if not word:
            return None
        if word == "IN":
            found: Expression = Operator("in", (left, self._list()))
        elif word == "BETWEEN":
            low = self.read(8)
            stream.expect("AND")
            found = Operator("between", (left, low, self.read(8)))
        elif word in ("SOUNDS", "MEMBER"):
            stream.any_of("LIKE", "OF")
            found = Operator(word.lower(), (left, self.read(8)))
        else:
            found = Operator("like" if word == "LIKE" else "regexp", (left, self.read(8)))
            if stream.accept("ESCAPE"):
                self.read(8)
        return Junction("not", (found,)) if negated else found

    def _list(self) -> Expression:
        stream = self.stream
        if stream.peek(1) in _QUERIES or stream.ahead("(", "("):
            return self._prefix()
        stream.expect("(")
        items = self._items()
        return Collection("list", items)

    def _items(self) -> tuple[Expression, ...]:
        """Expressions up to the closing parenthesis, gone past."""
        stream = self.stream
        if stream.accept(")"):
            return ()
        items = [self.read()]
        while stream.accept(","):
            items.append(self.read())
        stream.expect(")")
        return tuple(items)

    def _prefix(self) -> Expression:
        stream = self.stream
        token = stream.token
        if token.kind == "string":
            return Literal("string", stream.string())
        if token.kind == "number":
            stream.at += 1
            return Literal("number", token.text)
        if token.kind == "bits":
            stream.at += 1
            return Literal("bits", token.text)
        if token.kind == "variable":
            stream.at += 1
            return ColumnReference((token.text.lower(),))
        if token.kind == "quoted":
            return self._name()
        if token.kind == "symbol":
            return self._symbol(token.text)
        if token.kind == "word":
            return self._word(token.text)
        raise stream.problem()

    def _symbol(self, symbol: str) -> Expression:
        stream = self.stream
        if symbol in ("-", "+"):
            stream.at += 1
            inner = self.read(14)
            if isinstance(inner, Literal) and inner.kind == "number":
                return inner if symbol == "+" else Literal("number", f"-{inner.value}")
            return inner if symbol == "+" else Operator("-", (inner,))
        if symbol in ("!", "~"):
            stream.at += 1
            inner = self.read(14)
            return Junction("not", (inner,)) if symbol == "!" else Operator("~", (inner,))
        if symbol == "?":
            stream.at += 1
            return Unknown("parameter")
        if symbol == "*":
            stream.at += 1
            return ColumnReference(("*",))
        if symbol != "(":
            raise stream.problem()
        if stream.peek(1) in _QUERIES:
            return self._subquery()
        stream.at += 1
        items = self._items()
        return items[0] if len(items) == 1 else Collection("row", items)

    def _subquery(self) -> Expression:
        stream = self.stream
        if self.nested is not None:
            stream.expect("(")
            relations = self.nested()
            stream.expect(")")
            return Subquery(relations)
        began = stream.at
        inside = stream.group()
        if self.scalar and stream.tokens[began + 1].text == "SELECT":
            after = stream.at
            stream.at = began + 2
            try:
                found = self.read()
            except Exception as error:
                if type(error).__name__ != "Problem":
                    raise
                found = Unknown("subquery")
            stream.at = after
            return found
        return Subquery(relations_of(stream, inside))

    def _word(self, word: str) -> Expression:
        stream = self.stream
        following = stream.peek(1)
        if word in ("NEXT", "PREVIOUS") and following == "VALUE" and stream.peek(2) == "FOR":  # MariaDB's sequences
            stream.at += 3
            return Call("nextval" if word == "NEXT" else "lastval", (Literal("string", str(stream.relation())),))
        if word in ("NULL", "TRUE", "FALSE"):
            stream.at += 1
            return Literal("null", "null") if word == "NULL" else Literal("boolean", word.lower())
        if word == "NOT":
            stream.at += 1
            inner = self.read(5)
            return (
                NullTest(inner.argument, not inner.negated)
                if isinstance(inner, NullTest)
                else Junction("not", (inner,))
            )
        if word == "CASE":
            return self._case()
        if word in ("CAST", "CONVERT") and following == "(":
            return self._cast()
        if word in ("BINARY", "ROW") and following not in (")", ","):
            stream.at += 1
            return self._prefix()
        if word == "EXISTS" and following == "(":
            stream.at += 1
            return Operator("exists", (self._prefix(),))
        if word == "INTERVAL" and following != "(":
            return self._interval()
        if word == "DEFAULT":
            stream.at += 1
            if stream.ahead("("):
                stream.group()
            return Unknown("default")
        if word in ("DATE", "TIME", "TIMESTAMP") and stream.tokens[stream.at + 1].kind == "string":
            stream.at += 1
            return Cast(Literal("string", stream.string()), TypeName(word.lower()))
        if (word[0] == "_" or word == "N") and stream.tokens[stream.at + 1].kind in ("string", "bits"):
            stream.at += 1  # an introducer: _utf8mb4'…'
            return self._prefix()
        if word in _CONSTANTS and following != "(":
            stream.at += 1
            return Call(word.lower())
        if following == "(" and (word in _FUNCTIONS or word not in RESERVED or word in _CONSTANTS):
            stream.at += 1
            return self._call(word.lower(), None)
        return self._name()

    def _name(self) -> Expression:
        stream = self.stream
        parts = [stream.identifier()]
        while stream.accept("."):
            parts.append("*" if stream.accept("*") else stream.after_dot())
        if len(parts) == 2 and stream.ahead("("):
            return self._call(parts[1].lower(), parts[0])
        if len(parts) == 1 and stream.ahead("("):
            return self._call(parts[0].lower(), None)
        return ColumnReference((*parts[:-1], parts[-1].lower()))

    def _call(self, name: str, schema: str | None) -> Expression:
        stream = self.stream
        stream.expect("(")
        stream.any_of("DISTINCT", "ALL")
        arguments: list[Expression] = []
        if name == "trim":
            stream.any_of("BOTH", "LEADING", "TRAILING")
        while not stream.accept(")"):
            if stream.done:
                raise stream.problem()
            if stream.any_of(",", "FROM", "USING", "AS", "IN", "SEPARATOR"):
                continue
            if stream.accept("ORDER", "BY"):
                continue
            if stream.any_of("ASC", "DESC"):
                continue
            if name in _WITH_UNITS and stream.peek() in _UNITS and not arguments:
                stream.at += 1
                continue
            arguments.append(self.read(8 if name in ("position", "locate") else 0))
        if name == "match" and stream.accept("AGAINST"):
            stream.group()
        if stream.accept("OVER"):
            if stream.ahead("("):
                stream.group()
            else:
                stream.identifier()
        return Call(name, tuple(arguments), schema)

    def _case(self) -> Expression:
        stream = self.stream
        stream.expect("CASE")
        subject = None if stream.ahead("WHEN") else self.read()
        branches = []
        while stream.accept("WHEN"):
            condition = self.read()
            stream.expect("THEN")
            branches.append((condition, self.read()))
        otherwise = self.read() if stream.accept("ELSE") else None
        stream.expect("END")
        return Case(subject, tuple(branches), otherwise)

    def _cast(self) -> Expression:
        stream = self.stream
        word = stream.next().text
        stream.expect("(")
        argument = self.read()
        if word == "CONVERT" and stream.accept("USING"):
            charset = stream.value()
            stream.expect(")")
            return Call("convert", (argument, Literal("string", charset)))
        stream.expect("AS" if word == "CAST" else ",")
        from safecol.frontends.mysql.types import read_type

        found = read_type(stream)
        stream.accept("ARRAY")
        stream.expect(")")
        return Cast(argument, found.type)

    def _interval(self) -> Expression:
        stream = self.stream
        stream.expect("INTERVAL")
        amount = self.read(8)
        if stream.peek() not in _UNITS:
            raise stream.problem()
        stream.at += 1
        return Cast(amount, TypeName("interval"))


def relations_of(stream: Stream, inside: Span) -> tuple[str, ...]:
    """The relations that a query reads."""
    from safecol.frontends.mysql.data import query_of
    from safecol.frontends.sqlglot.trees import Problem

    try:
        return tuple(str(name) for name in query_of(stream, inside).relations)
    except Problem:
        return ()
