"""Queries of MySQL and MariaDB: tokens come in; relations, columns, calls, literals and conditions go out.

sqlglot reads what this does not; it takes longer to import than a small file may take in all.
"""

from safecol.expressions import Call, ColumnReference, Expression, Literal, walk
from safecol.frontends.mysql.expressions import expression
from safecol.frontends.mysql.tokens import MOST_LITERALS, RESERVED, Stream
from safecol.frontends.sqlglot.expressions import is_always_true
from safecol.operations import Name, QueryUse

STARTS = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})
_OPTIONS = frozenset(
    {
        "ALL", "DISTINCT", "DISTINCTROW", "HIGH_PRIORITY", "STRAIGHT_JOIN", "SQL_SMALL_RESULT", "SQL_BIG_RESULT",
        "SQL_BUFFER_RESULT", "SQL_NO_CACHE", "SQL_CACHE", "SQL_CALC_FOUND_ROWS",
    }
)  # fmt: skip
_NO_ALIAS = RESERVED | {
    "EXCEPT", "INTERSECT", "WINDOW", "PARTITION", "OFFSET", "STRAIGHT_JOIN", "LATERAL", "MINUS", "SEPARATOR",
}  # fmt: skip
_JOINS = ("INNER", "CROSS", "LEFT", "RIGHT", "NATURAL", "JOIN", "STRAIGHT_JOIN", "OUTER")


class Block:
    """One SELECT, UPDATE or DELETE: what its names may mean. `items` are None for what is no table."""

    __slots__ = ("aliases", "columns", "items", "outer", "tables")

    def __init__(self, outer: "Block | None") -> None:
        self.outer = outer
        self.items: dict[str, Name | None] = {}
        self.tables: set[str] = set(outer.tables) if outer is not None else set()
        self.columns: list[tuple[str, ...]] = []
        self.aliases: set[str] = set()


class Query:
    """Reads one statement from a stream; `use` says what it read."""

    __slots__ = ("blocks", "calls", "flags", "literals", "outputs", "relations", "star", "stream", "where")

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.blocks: list[Block] = []
        self.relations: dict[Name, None] = {}
        self.calls: dict[str, None] = {}
        self.literals: list[str] = []
        self.star = False
        self.flags: set[str] = set()
        self.where: Expression | None = None
        self.outputs: tuple[str | None, ...] = ()

    # What it was

    def use(self, but: Name | None = None) -> QueryUse:
        """What was read, without one of its relations."""
        columns: dict[tuple[str | None, str], None] = {}
        for block in self.blocks:
            for parts in block.columns:
                found = _resolved(parts, block)
                if found is not None:
                    columns[found] = None
        return QueryUse(self.others(but), tuple(columns), self.star, self.outputs)

    def others(self, but: Name | None) -> tuple[Name, ...]:
        return tuple(name for name in self.relations if name != but)

    def pairs(self, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        """Options of the operation: calls and literals."""
        return (*more, *(("calls", name) for name in self.calls), *(("literal", value) for value in self.literals))

    # Blocks and expressions

    def block(self, outer: Block | None) -> Block:
        made = Block(outer)
        self.blocks.append(made)
        return made

    def expression(self, block: Block, power: int = 0) -> Expression:
        """Read an expression, whose names are the block's."""
        value = expression(self.stream, power, nested=lambda: self._nested(block))
        self.add(value, block)
        return value

    def add(self, value: Expression, block: Block) -> None:
        """Note what an expression mentions."""
        counted = False
        for part in walk(value):
            if isinstance(part, ColumnReference):
                if part.parts[-1] == "*":
                    self.star = self.star or not counted
                elif not part.parts[-1].startswith("@"):
                    block.columns.append(part.parts)
            elif isinstance(part, Call):
                self.calls[part.name] = None
                counted = part.name == "count"
            elif isinstance(part, Literal) and part.kind == "string":
                self.literal(part.value)

    def literal(self, text: str) -> None:
        if len(self.literals) < MOST_LITERALS:
            self.literals.append(text)

    def _nested(self, outer: Block) -> tuple[str, ...]:
        """Read a subquery after its parenthesis; the relations that it reads."""
        before = dict(self.relations)
        self.relations = {}
        flags, where, outputs = self.flags, self.where, self.outputs
        self.flags = set()
        self.query(outer)
        own = tuple(str(name) for name in self.relations)
        self.flags, self.where, self.outputs = flags, where, outputs
        self.relations = {**before, **self.relations}
        return own

    # Queries

    def query(self, outer: Block | None) -> None:
        """Read a query up to what can't be part of it."""
        stream = self.stream
        around = Block(outer)
        if stream.accept("WITH"):
            self._with(around)
        self._term(around)
        parts = [frozenset(self.flags)]
        outputs = self.outputs
        while stream.any_of("UNION", "EXCEPT", "INTERSECT", "MINUS"):
            stream.any_of("ALL", "DISTINCT")
            self.flags = set()
            self._term(around)
            parts.append(frozenset(self.flags))
        if len(parts) > 1:
            every = frozenset.intersection(*parts) & {"where"}
            self.flags = {*every, *(frozenset.union(*parts) - {"where"})}
            self.outputs, self.where = outputs, None
        self._tail(around)

    def _with(self, around: Block) -> None:
        stream = self.stream
        recursive = stream.any_of("RECURSIVE")
        while True:
            name = stream.identifier()
            if stream.ahead("("):
                stream.columns()
            stream.expect("AS", "(")
            if recursive:
                around.tables.add(name)
            self.query(around)
            stream.expect(")")
            around.tables.add(name)
            if not stream.accept(","):
                break
        self.flags = set()

    def _term(self, outer: Block) -> None:
        stream = self.stream
        if stream.accept("("):
            self.query(outer)
            stream.expect(")")
        elif stream.accept("TABLE"):
            block = self.block(outer)
            self._table(block)
            self.star = True
        elif stream.accept("VALUES"):
            block = self.block(outer)
            while True:
                stream.accept("ROW")
                self.expression(block)
                if not stream.accept(","):
                    break
        else:
            self._select(outer)

    def _select(self, outer: Block) -> None:
        stream = self.stream
        stream.expect("SELECT")
        while stream.any_of(*_OPTIONS):
            pass
        block = self.block(outer)
        outputs = [self._output(block)]
        while stream.accept(","):
            outputs.append(self._output(block))
        self.where = None
        self._into()
        if stream.accept("FROM") and not stream.accept("DUAL"):
            self.references(block)
        self.condition(block)
        self._tail(block)
        self.outputs = tuple(outputs)

    def condition(self, block: Block) -> None:
        """WHERE, where it is next."""
        if self.stream.accept("WHERE"):
            self.where = self.expression(block)
            self.flags |= {"where", "always-true"} if is_always_true(self.where) else {"where"}

    def _output(self, block: Block) -> str | None:
        value = self.expression(block)
        alias = self.alias()
        if alias is not None:
            block.aliases.add(alias.lower())
            return alias.lower()
        return value.parts[-1] if isinstance(value, ColumnReference) else None

    def alias(self) -> str | None:
        """[AS] name, where it is next."""
        stream = self.stream
        written = stream.accept("AS")
        token = stream.token
        if token.kind == "string":
            return stream.string()
        if written or token.kind == "quoted" or (token.kind == "word" and token.text not in _NO_ALIAS):
            return stream.identifier()
        return None

    def _into(self) -> None:
        """INTO variables or a file: no table is made."""
        stream = self.stream
        if not stream.accept("INTO"):
            return
        if stream.any_of("OUTFILE", "DUMPFILE"):
            stream.string()
            while stream.peek() in ("FIELDS", "COLUMNS", "LINES", "CHARACTER"):
                while not stream.done and stream.peek() not in ("FROM", "FOR"):
                    stream.next()
            return
        while True:
            stream.next()
            if not stream.accept(","):
                return

    def _tail(self, block: Block) -> None:
        stream = self.stream
        if stream.accept("GROUP", "BY"):
            self._list(block)
            stream.accept("WITH", "ROLLUP")
        if stream.accept("HAVING"):
            self._sorted(block)
        if stream.accept("WINDOW"):
            while True:
                stream.identifier()
                stream.expect("AS")
                stream.group()
                if not stream.accept(","):
                    break
        self.ordered(block)
        if stream.accept("FOR"):
            if not stream.any_of("UPDATE", "SHARE"):
                raise stream.problem()
            self.flags.add("for-update")
            if stream.accept("OF"):
                stream.relation()
            stream.any_of("NOWAIT", "WAIT")
            if stream.token.kind == "number":
                stream.next()
            stream.accept("SKIP", "LOCKED")
        elif stream.accept("LOCK", "IN", "SHARE", "MODE"):
            self.flags.add("for-update")
        self._into()

    def ordered(self, block: Block) -> None:
        """ORDER BY and LIMIT, where they are next."""
        stream = self.stream
        if stream.accept("ORDER", "BY"):
            self._list(block)
        if stream.accept("LIMIT"):
            self.flags.add("limit")
            expression(stream)
            if stream.any_of(",", "OFFSET"):
                expression(stream)

    def _list(self, block: Block) -> None:
        while True:
            self._sorted(block)
            self.stream.any_of("ASC", "DESC")
            if not self.stream.accept(","):
                return

    def _sorted(self, block: Block) -> None:
        """An expression that may name an output instead of a column."""
        before = len(block.columns)
        self.expression(block)
        kept = [parts for parts in block.columns[before:] if len(parts) > 1 or parts[0] not in block.aliases]
        block.columns[before:] = kept

    # Tables

    def references(self, block: Block) -> None:
        """Table references with their joins, up to what is none."""
        stream = self.stream
        while True:
            self._table(block)
            while stream.peek() in _JOINS:
                while stream.any_of(*_JOINS):
                    pass
                self._table(block)
                if stream.accept("ON"):
                    self.expression(block)
                elif stream.accept("USING"):
                    block.columns += [("", name) for name in stream.columns()]
            if not stream.accept(","):
                return

    def _table(self, block: Block) -> None:
        stream = self.stream
        stream.accept("LATERAL")
        if stream.accept("("):
            inner = stream.peek()
            if inner in STARTS or (inner == "(" and stream.peek(1) in STARTS):
                flags, where, outputs = self.flags, self.where, self.outputs
                self.flags = set()
                self.query(block.outer)
                self.flags, self.where, self.outputs = flags, where, outputs
                stream.expect(")")
                block.items[self.alias() or ""] = None
                if stream.ahead("("):
                    stream.columns()
                return
            self.references(block)
            stream.expect(")")
            return
        if stream.peek() == "JSON_TABLE" and stream.peek(1) == "(":
            stream.next()
            stream.group()
            block.items[self.alias() or ""] = None
            return
        name = stream.relation()
        if stream.accept("PARTITION"):
            stream.group()
        if stream.accept("FOR", "SYSTEM_TIME"):
            raise stream.problem()
        if stream.dialect == "mariadb" and stream.accept("FOR", "PORTION", "OF"):
            stream.column()
            stream.expect("FROM")
            self.expression(block)
            stream.expect("TO")
            self.expression(block)
            self.flags.add("where")
        common = name.schema is None and name.name in block.tables
        block.items[self.alias() or name.name] = None if common else name
        if not common:
            self.relations[name] = None
        while stream.peek() in ("USE", "FORCE", "IGNORE") and stream.peek(1) in ("INDEX", "KEY"):
            stream.at += 2
            if stream.accept("FOR"):
                while not stream.ahead("("):
                    stream.next()
            stream.group()


def _resolved(parts: tuple[str, ...], block: Block) -> tuple[str | None, str] | None:
    """The relation and the column that a name means; None for one of a subquery or common table expression."""
    column = parts[-1]
    if len(parts) == 1:
        names = set(block.items.values())
        certain = len(names) == 1 and not _sees_outer(block)
        name = next(iter(names)) if certain else None
        return None if certain and name is None else (str(name) if name is not None else None, column)
    if not parts[0]:  # USING
        return None, column
    current: Block | None = block
    while current is not None:
        if parts[-2] in current.items:
            found = current.items[parts[-2]]
            return (str(found), column) if found is not None else None
        current = current.outer
    return None, column


def _sees_outer(block: Block) -> bool:
    outer = block.outer
    while outer is not None:
        if outer.items:
            return True
        outer = outer.outer
    return False
