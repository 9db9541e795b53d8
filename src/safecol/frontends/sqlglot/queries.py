"""What queries read: trees of SELECT and DML come in; relations, columns, calls and literals go out."""

from collections.abc import Iterator

from safecol.frontends.sqlglot.style import Node, Style
from safecol.operations import Name, QueryUse
from safecol.records import NamedTuple

_MOST_LITERALS = 50
_SCOPES = frozenset({"select", "union", "except", "intersect", "insert", "update", "delete", "merge"})
_WORDS = frozenset({"and", "or", "xor", "not", "exists", "case", "cast", "trycast"})
_PLAIN = frozenset({"identifier", "null", "boolean", "datatype", "var", "tablealias"})


class Reading(NamedTuple):
    """Everything that a query mentions, in the order met."""

    relations: dict[Name, None]
    columns: dict[tuple[str | None, str], None]
    calls: dict[str, None]
    literals: list[str]
    stars: list[bool]


class Scope(NamedTuple):
    """Names of FROM items (None: a subquery or common table expression), the CTEs, and the outer scope."""

    items: dict[str, Name | None]
    tables: set[str]
    outer: "Scope | None"


def relation_name(node: Node, style: Style) -> Name:
    """The name of a Table node."""
    this, schema = node.this, node.args.get("db")
    name = style.table(getattr(this, "name", "") or str(this or ""))
    return Name(name, style.table(schema.name) if schema else None)


def read(node: Node, style: Style) -> Reading:
    """Walk a statement or an expression."""
    reading = Reading({}, {}, {}, [], [])
    _visit(node, Scope({}, set(), None), reading, style)
    return reading


def query_use(node: Node, style: Style) -> QueryUse:
    """The QueryUse of a query."""
    try:
        reading = read(node, style)
    except RecursionError:
        return QueryUse(star=True)
    return use_of(reading, outputs(node, style))


def use_of(reading: Reading, names: tuple[str | None, ...] = ()) -> QueryUse:
    """The QueryUse of a reading."""
    return QueryUse(tuple(reading.relations), tuple(reading.columns), bool(reading.stars), names)


def outputs(node: Node, style: Style) -> tuple[str | None, ...]:
    """The names of a query's columns: `*` for a star, None where the server makes one up."""
    while node is not None and node.key in ("subquery", "union", "except", "intersect"):
        node = node.this
    if node is not None and node.key == "values" and node.expressions:
        first = node.expressions[0]
        return (None,) * (len(first.expressions) if first.key == "tuple" else 1)
    if node is None or node.key != "select":
        return ()
    return tuple(_output(item, style) for item in node.expressions)


def _output(node: Node, style: Style) -> str | None:
    if node.key == "star" or (node.key == "column" and node.this.key == "star"):
        return "*"
    if node.key == "alias":
        return style.column(node.alias)
    return style.column(node.name) if node.key == "column" else None


def _visit(node: Node, scope: Scope, reading: Reading, style: Style) -> None:
    pending: list[Node] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, list):
            pending.extend(reversed(current))
            continue
        key = getattr(current, "key", None)
        if key is None or key in _PLAIN:
            continue
        if key in _SCOPES:
            _enter(current, scope, reading, style)
        elif key == "column":
            _column(current, scope, reading, style)
        elif key == "star":
            reading.stars.append(True)
        elif key == "table":
            _relation(current, scope, reading, style)
            pending.extend(reversed(current.args.get("joins") or ()))
            if getattr(current.this, "key", "identifier") not in ("identifier", "parameter"):  # a function
                pending.append(current.this)
        elif key == "literal":
            if current.is_string and len(reading.literals) < _MOST_LITERALS:
                reading.literals.append(str(current.this))
        elif key == "count" and getattr(current.this, "key", "") == "star":
            reading.calls["count"] = None
        else:
            if key == "anonymous":
                reading.calls[str(current.this).lower()] = None
            elif key not in _WORDS and hasattr(current, "sql_names") and current.sql_names():
                reading.calls[current.sql_names()[0].lower()] = None
            elif key == "join":
                for item in current.args.get("using") or ():
                    reading.columns[(None, style.column(item.name))] = None
            pending.extend(reversed(list(current.args.values())))


def _relation(node: Node, scope: Scope, reading: Reading, style: Style) -> None:
    name = relation_name(node, style)
    if not name.name or (name.schema is None and (_is_common(name.name, scope) or name.name.lower() == "dual")):
        return
    if getattr(node.this, "key", "") in ("identifier", ""):
        reading.relations[name] = None


def _is_common(name: str, scope: Scope | None) -> bool:
    while scope is not None:
        if name in scope.tables:
            return True
        scope = scope.outer
    return False


def _column(node: Node, scope: Scope, reading: Reading, style: Style) -> None:
    if node.this.key == "star":
        reading.stars.append(True)
        return
    column, table = style.column(node.name), node.args.get("table")
    if table is None:
        names = set(scope.items.values())
        certain = len(names) == 1 and (scope.outer is None or not scope.outer.items)
        name = next(iter(names)) if certain else None
        if not certain or name is not None:
            reading.columns[(str(name) if name is not None else None, column)] = None
        return
    qualifier = style.table(table.name)
    current: Scope | None = scope
    while current is not None:
        if qualifier in current.items:
            found = current.items[qualifier]
            if found is not None:
                reading.columns[(str(found), column)] = None
            return
        current = current.outer
    reading.columns[(None, column)] = None


def sources(node: Node) -> Iterator[Node]:
    """The items of FROM, USING and joins of a query or of DML."""
    pending: list[Node] = []
    for key in ("from_", "from", "using", "joins", "this"):
        value = node.args.get(key)
        if key == "this" and node.key not in ("update", "delete", "insert", "merge"):
            continue
        pending += value if isinstance(value, list) else [value]
    while pending:
        item = pending.pop(0)
        kind = getattr(item, "key", None)
        if kind in ("from", "join", "schema", "paren"):
            pending.append(item.this)
        elif kind is not None:
            yield item
            pending += item.args.get("joins") or ()


def _enter(node: Node, outer: Scope, reading: Reading, style: Style) -> None:
    scope = Scope({}, set(), outer)
    clause = node.args.get("with_") or node.args.get("with")
    if clause is not None:
        for entry in clause.expressions:
            if clause.args.get("recursive"):
                scope.tables.add(style.table(entry.alias))
            _visit(entry.this, Scope({}, scope.tables, outer), reading, style)
            scope.tables.add(style.table(entry.alias))
    for item in sources(node):
        alias = item.alias_or_name if item.key in ("table", "subquery") else getattr(item, "alias", "")
        plain = item.key == "table" and getattr(item.this, "key", "") == "identifier"
        name = relation_name(item, style) if plain else None
        if name is not None and name.schema is None and _is_common(name.name, scope):
            name = None
        scope.items[style.table(alias)] = name
    aliases = {item.alias for item in node.expressions if item.key == "alias"} if node.key == "select" else set()
    for key, value in node.args.items():
        if key in ("with", "with_", "into", "tables"):
            continue
        if node.key == "insert" and key == "this" and getattr(value, "key", "") == "schema":
            _visit(value.this, scope, reading, style)
        elif (node.key == "insert" and key == "expression") or (
            node.key in ("union", "except", "intersect") and key in ("this", "expression")
        ):  # it does not see the table that is filled
            _visit(value, Scope({}, scope.tables, outer), reading, style)
        elif key in ("order", "group", "having") and aliases and hasattr(value, "key"):
            items = [item for item in (value.expressions or [value]) if not _is_alias(item, aliases)]
            _visit(items, scope, reading, style)
        elif key == "expressions" and node.key == "update":  # what is assigned is not read
            _visit([item.expression if item.key == "eq" else item for item in value], scope, reading, style)
        else:
            _visit(value, scope, reading, style)


def _is_alias(item: Node, aliases: set[str]) -> bool:
    node = item.this if item.key == "ordered" else item
    return bool(node.key == "column" and node.name in aliases and not node.args.get("table"))
