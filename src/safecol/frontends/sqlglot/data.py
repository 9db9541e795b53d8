"""Reading and changing rows: trees of SELECT and DML come in, operations go out."""

from safecol.expressions import Expression
from safecol.frontends.sqlglot.expressions import convert_expression, is_always_true
from safecol.frontends.sqlglot.queries import Reading, outputs, read, relation_name, use_of
from safecol.frontends.sqlglot.style import Node, Style
from safecol.operations import Name, Operation, QueryUse
from safecol.source import Span

Pairs = tuple[tuple[str, str], ...]
KEYS = frozenset(
    {"select", "union", "except", "intersect", "subquery", "values", "insert", "update", "delete", "merge"}
)


def convert_data(tree: Node, span: Span, style: Style) -> list[Operation]:
    """The operations of a query or of DML; an empty list for another statement."""
    handler = _HANDLERS.get(tree.key)
    return handler(tree, read(tree, style), span, style) if handler is not None else []


def _pairs(reading: Reading, *more: tuple[str, str]) -> Pairs:
    calls = tuple(("calls", name) for name in reading.calls)
    return (*more, *calls, *(("literal", value) for value in reading.literals))


def _others(reading: Reading, target: Name | None) -> tuple[Name, ...]:
    return tuple(name for name in reading.relations if name != target)


def _use(reading: Reading, target: Name | None, names: tuple[str | None, ...] = ()) -> QueryUse:
    return use_of(reading, names)._replace(relations=_others(reading, target))


def condition_of(node: Node, style: Style) -> tuple[Expression | None, set[str]]:
    """The WHERE of a node, and the flags that it gives."""
    where = node.args.get("where")
    if where is None:
        return None, set()
    condition = convert_expression(where.this, style)
    return condition, {"where", "always-true"} if is_always_true(condition) else {"where"}


def _filter(source: Node, style: Style) -> set[str]:
    """What is said of the WHERE of a SELECT: of a UNION that each part has one, and that none is always true."""
    if source.key in ("union", "except", "intersect"):
        left, right = _filter(source.this, style), _filter(source.expression, style)
        return (left & right & {"where"}) | ((left | right) & {"always-true"})
    if source.key == "subquery":
        return _filter(source.this, style)
    return condition_of(source, style)[1]


def _select(tree: Node, reading: Reading, span: Span, style: Style) -> list[Operation]:
    flags: set[str] = set()
    if tree.args.get("locks"):
        flags.add("for-update")
    flags |= _filter(tree, style)
    if tree.args.get("limit") is not None:
        flags.add("limit")
    query = use_of(reading, outputs(tree, style))
    into = tree.args.get("into")
    target = getattr(into, "this", None)
    if target is not None and target.key == "table" and getattr(target.this, "key", "") == "identifier":
        if into.args.get("temporary"):
            flags.add("temporary")
        name = relation_name(target, style)
        return [
            Operation(
                "create-table-as",
                span,
                name,
                query=query,
                reads=query.relations,
                flags=frozenset(flags),
                options=_pairs(reading),
            )
        ]
    return [
        Operation(
            "select",
            span,
            object="query",
            query=query,
            reads=query.relations,
            flags=frozenset(flags),
            options=_pairs(reading),
        )
    ]


def _insert(tree: Node, reading: Reading, span: Span, style: Style) -> list[Operation]:
    table = tree.this
    columns: tuple[str, ...] = ()
    flags: set[str] = set()
    if table.key == "schema":
        columns = tuple(style.column(item.name) for item in table.expressions)
        table = table.this
        flags.add("column-list")
    target = relation_name(table, style)
    source = tree.args.get("expression")
    if source is None or source.key == "values" or _is_values(source):
        flags.add("values-source")
    else:
        flags |= {"select-source"} | _filter(source, style)
        if source.args.get("limit") is not None:
            flags.add("limit")
    alternative = str(tree.args.get("alternative") or "").upper()
    if tree.args.get("conflict") is not None:
        flags.add("on-conflict")
    if tree.args.get("ignore") or alternative == "IGNORE":
        flags |= {"ignore", "on-conflict"}
    if alternative == "REPLACE" or tree.args.get("overwrite"):
        flags |= {"replace", "on-conflict"}
    return [
        Operation(
            "insert",
            span,
            target,
            query=_use(reading, target, outputs(source, style) if source is not None else ()),
            reads=_others(reading, target),
            flags=frozenset(flags),
            options=_pairs(reading, *(("column", name) for name in columns)),
        )
    ]


def _is_values(source: Node) -> bool:
    """`SELECT 1, 2` without FROM gives one row, as VALUES does."""
    return source.key == "select" and source.args.get("from_") is None and source.args.get("from") is None


def _update(tree: Node, reading: Reading, span: Span, style: Style) -> list[Operation]:
    """An UPDATE of each table that it assigns to: with joins it may be several."""
    base = _change("update", tree, span, style)
    names = _visible(tree, style)
    first = next(iter(names.values()), Name(""))
    assigned: dict[Name, list[tuple[str, str]]] = {}
    for item in tree.expressions:
        left = item.this if item.key in ("eq", "propertyeq") else None
        if left is None or left.key != "column":
            continue
        table = left.args.get("table")
        target = names.get(style.table(table.name), first) if table is not None else first
        assigned.setdefault(target, []).append(("column", style.column(left.name)))
    return [
        base._replace(
            relation=target,
            query=_use(reading, target),
            reads=_others(reading, target),
            options=_pairs(reading, *columns),
        )
        for target, columns in (assigned or {first: []}).items()
    ]


def _delete(tree: Node, reading: Reading, span: Span, style: Style) -> list[Operation]:
    base = _change("delete", tree, span, style)
    names = _visible(tree, style)
    targets = [names.get(style.table(item.name), relation_name(item, style)) for item in tree.args.get("tables") or ()]
    targets = targets or [next(iter(names.values()), Name(""))]
    return [
        base._replace(
            relation=target,
            query=_use(reading, target),
            reads=_others(reading, target),
            options=_pairs(reading),
        )
        for target in targets
    ]


def _visible(tree: Node, style: Style) -> dict[str, Name]:
    """The tables of UPDATE or DELETE by the name under which they are seen, the first one first."""
    from safecol.frontends.sqlglot.queries import sources

    found: dict[str, Name] = {}
    items = [item for item in sources(tree) if item.key == "table"]
    own = tree.this
    meant = next((item for item in items if item is not own and item.alias and item.alias == own.alias_or_name), None)
    if meant is not None:  # UPDATE o … FROM orders o
        items = [item for item in items if item is not own]
        own = meant
    for item in sorted(items, key=lambda item: item is not own):
        found.setdefault(style.table(item.alias_or_name), relation_name(item, style))
    return found


def _change(kind: str, tree: Node, span: Span, style: Style) -> Operation:
    condition, flags = condition_of(tree, style)
    if condition is None and style.dialect == "tsql":
        condition = _joined(tree, style)
        flags |= {"where"} if condition is not None else set()
    if tree.args.get("limit") is not None:
        flags.add("limit")
    if tree.args.get("ignore"):
        flags.add("ignore")
    return Operation(kind, span, expression=condition, flags=frozenset(flags))


def _joined(tree: Node, style: Style) -> Expression | None:
    """What an inner join asks of the rows: UPDATE … FROM a JOIN b ON … changes those alone that have a match."""
    source = tree.args.get("from_") or tree.args.get("from")
    for join in (source.this.args.get("joins") if source is not None else None) or ():
        if join.args.get("on") is not None and not join.args.get("side"):
            return convert_expression(join.args["on"], style)
    return None


def _merge(tree: Node, reading: Reading, span: Span, style: Style) -> list[Operation]:
    target = relation_name(tree.this, style)
    assigned: list[tuple[str, str]] = []
    whens = tree.args.get("whens")
    for clause in whens.expressions if whens is not None else ():
        then = clause.args.get("then")
        action = then.key if hasattr(then, "key") else "nothing"
        assigned.append(("action", str(then.name).lower() if action == "var" else action))
        if action == "update":
            assigned += [("column", style.column(item.this.name)) for item in then.expressions if item.key == "eq"]
    on = tree.args.get("on")
    return [
        Operation(
            "merge",
            span,
            target,
            expression=convert_expression(on, style) if on is not None else None,
            query=_use(reading, target),
            reads=_others(reading, target),
            options=_pairs(reading, *dict.fromkeys(assigned)),
        )
    ]


_HANDLERS = {
    "select": _select,
    "union": _select,
    "except": _select,
    "intersect": _select,
    "subquery": _select,
    "values": _select,
    "insert": _insert,
    "update": _update,
    "delete": _delete,
    "merge": _merge,
}
