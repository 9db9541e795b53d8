"""Reading and changing rows: parse-tree nodes of DML, COPY, cursors and EXPLAIN come in, operations go out."""

from collections.abc import Callable

from safecol.expressions import Expression, Literal
from safecol.frontends.postgresql.expressions import convert_expression, is_always_true
from safecol.frontends.postgresql.queries import DATA_STATEMENTS, Reading, outputs, read, use_of
from safecol.frontends.postgresql.types import Node, Site, constant_text, option_pairs, relation_name, texts
from safecol.operations import NO_FLAGS, Name, Operation, QueryUse

Pairs = tuple[tuple[str, str], ...]
Handler = Callable[[Node, Site], list[Operation]]


def convert_query(query: Node, site: Site) -> list[Operation]:
    """Operations of a wrapped query node (`{"SelectStmt": …}`), those of its WITH clauses before its own."""
    kind, node = next(iter(query.items()))
    handler = HANDLERS.get(kind)
    if handler is None:
        site.missed(f"{kind} is not understood here")
        return []
    return handler(node, site)


def _common(reading: Reading, site: Site) -> list[Operation]:
    """Changes inside WITH clauses, and settings made by calls."""
    operations: list[Operation] = []
    for change in reading.changes:
        kind, node = next(iter(change.items()))
        operations += _HANDLERS[kind](node, read(change), site)
    return operations


def _pairs(reading: Reading, *more: tuple[str, str]) -> Pairs:
    return (
        *more,
        *(("calls", name) for name in reading.calls),
        *(("literal", value) for value in reading.literals),
    )


def _others(reading: Reading, target: Name | None) -> tuple[Name, ...]:
    return tuple(name for name in reading.relations if name != target)


def _use(reading: Reading, target: Name | None, names: tuple[str | None, ...] = ()) -> QueryUse:
    return use_of(reading, names)._replace(relations=_others(reading, target))


def _condition(node: Node, key: str = "whereClause") -> tuple[Expression | None, set[str]]:
    if key not in node:
        return None, set()
    condition = convert_expression(node[key])
    return condition, {"where", "always-true"} if is_always_true(condition) else {"where"}


def _filter(source: Node) -> set[str]:
    """What is said of the WHERE of a SELECT: of a UNION that each part has one, and that none is always true."""
    if "larg" not in source:
        return _condition(source)[1]
    left, right = _filter(source["larg"]), _filter(source["rarg"])
    return (left & right & {"where"}) | ((left | right) & {"always-true"})


def _assigned(targets: list[Node] | None) -> Pairs:
    return tuple(("column", target["ResTarget"].get("name", "")) for target in targets or () if "ResTarget" in target)


def _select(node: Node, reading: Reading, site: Site) -> list[Operation]:
    flags = set()
    if any(
        clause.get("LockingClause", {}).get("strength", "").startswith("LCS_FOR")
        for clause in node.get("lockingClause", ())
    ):
        flags.add("for-update")
    _, where = _condition(node)
    flags |= where
    if "limitCount" in node:
        flags.add("limit")
    query = use_of(reading, outputs(node))
    into = node.get("intoClause")
    if into:
        relation = into["rel"]
        if relation.get("relpersistence") == "t":
            flags.add("temporary")
        elif relation.get("relpersistence") == "u":
            flags.add("unlogged")
        return [
            Operation(
                "create-table-as",
                site.span,
                relation_name(relation),
                query=query,
                reads=query.relations,
                flags=frozenset(flags),
                options=_pairs(reading),
            )
        ]
    operation = Operation(
        "select",
        site.span,
        object="query",
        query=query,
        reads=query.relations,
        flags=frozenset(flags),
        options=_pairs(reading),
    )
    return [operation, *_settings(node, site)]


def _settings(node: Node, site: Site) -> list[Operation]:
    """`set_config('name', 'value', is_local)` in the select list sets as SET does."""
    operations = []
    for target in node.get("targetList", ()):
        call = target.get("ResTarget", {}).get("val", {}).get("FuncCall")
        if call is None or texts(call.get("funcname"))[-1] != "set_config":
            continue
        arguments = [convert_expression(item) for item in call.get("args", ())]
        name = constant_text(call["args"][0]) if arguments else None
        if name is None or len(arguments) < 3:
            continue
        local = arguments[2] != Literal("boolean", "false")
        operations.append(
            Operation(
                "set",
                site.span,
                object="setting",
                new_name=name.lower(),
                value=constant_text(call["args"][1]),
                flags=frozenset({"local"}) if local else NO_FLAGS,
            )
        )
    return operations


def _insert(node: Node, reading: Reading, site: Site) -> list[Operation]:
    target = relation_name(node["relation"])
    flags = set()
    source = node.get("selectStmt", {}).get("SelectStmt")
    if source is None or "valuesLists" in source:
        flags.add("values-source")
    else:
        flags.add("select-source")
        flags |= _filter(source)
        if "limitCount" in source:
            flags.add("limit")
    if "onConflictClause" in node:
        flags.add("on-conflict")
    if "cols" in node:
        flags.add("column-list")
    return [
        Operation(
            "insert",
            site.span,
            target,
            query=_use(reading, target, outputs(source) if source else ()),
            reads=_others(reading, target),
            flags=frozenset(flags),
            options=_pairs(reading, *_assigned(node.get("cols"))),
        )
    ]


def _change(kind: str, node: Node, reading: Reading, site: Site) -> list[Operation]:
    target = relation_name(node["relation"])
    condition, flags = _condition(node)
    if not node["relation"].get("inh"):
        flags.add("only")
    if "CurrentOfExpr" in node.get("whereClause", {}):
        flags.add("limit")
    assigned: Pairs = ()
    if kind == "update":
        # `from`: the columns that the new values are made of.
        made = read(node.get("targetList"), (node["relation"],))
        assigned = (*_assigned(node.get("targetList")), *(("from", name) for _, name in made.columns))
    return [
        Operation(
            kind,
            site.span,
            target,
            expression=condition,
            query=_use(reading, target),
            reads=_others(reading, target),
            flags=frozenset(flags),
            options=_pairs(reading, *assigned),
        )
    ]


def _update(node: Node, reading: Reading, site: Site) -> list[Operation]:
    return _change("update", node, reading, site)


def _delete(node: Node, reading: Reading, site: Site) -> list[Operation]:
    return _change("delete", node, reading, site)


def _merge(node: Node, reading: Reading, site: Site) -> list[Operation]:
    target = relation_name(node["relation"])
    assigned: list[tuple[str, str]] = []
    for item in node.get("mergeWhenClauses", ()):
        clause = item["MergeWhenClause"]
        assigned.append(("action", clause.get("commandType", "").removeprefix("CMD_").lower()))
        assigned += _assigned(clause.get("targetList"))
    return [
        Operation(
            "merge",
            site.span,
            target,
            expression=convert_expression(node.get("joinCondition")),
            query=_use(reading, target),
            reads=_others(reading, target),
            options=_pairs(reading, *dict.fromkeys(assigned)),
        )
    ]


_HANDLERS = {
    "SelectStmt": _select,
    "InsertStmt": _insert,
    "UpdateStmt": _update,
    "DeleteStmt": _delete,
    "MergeStmt": _merge,
}


def _statement(kind: str) -> Handler:
    handler = _HANDLERS[kind]

    def convert(node: Node, site: Site) -> list[Operation]:
        reading = read({kind: node})
        return [*_common(reading, site), *handler(node, reading, site)]

    return convert


def copy(node: Node, site: Site) -> list[Operation]:
    options = list(option_pairs(node.get("options")))
    if node.get("is_program"):
        options.append(("program", node.get("filename", "")))
    elif "filename" in node:
        options.append(("file", node["filename"]))
    options += [("column", name) for name in texts(node.get("attlist"))]
    kind = "copy-in" if node.get("is_from") else "copy-out"
    flags = {"column-list"} if "attlist" in node else set()
    condition, where = _condition(node)
    operations: list[Operation] = []
    query: QueryUse | None = None
    if "query" in node:
        reading = read(node["query"])
        query = use_of(reading, outputs(node["query"]))
        inner = next(iter(node["query"]))
        operations = _common(reading, site)
        if inner != "SelectStmt":
            operations += _HANDLERS[inner](node["query"][inner], reading, site)
    relation = relation_name(node["relation"]) if "relation" in node else None
    return [
        *operations,
        Operation(
            kind,
            site.span,
            relation,
            object="table" if relation else "query",
            expression=condition,
            query=query,
            reads=query.relations if query else (),
            flags=frozenset(flags | where),
            options=tuple(options),
        ),
    ]


def explain(node: Node, site: Site) -> list[Operation]:
    """EXPLAIN ANALYZE runs its statement: its operations follow."""
    options = option_pairs(node.get("options"))
    analyze = dict(options).get("analyze", "false").lower() in ("true", "on", "1")
    operation = Operation(
        "explain",
        site.span,
        object="query",
        flags=frozenset({"analyze"}) if analyze else NO_FLAGS,
        options=options,
        query=use_of(read(node.get("query"))),
    )
    if not analyze:
        return [operation]
    return [operation, *_any_query(node["query"], site)]


def _any_query(query: Node, site: Site) -> list[Operation]:
    from safecol.frontends.postgresql.statements import operations_of

    return operations_of(query, site)


def prepare(node: Node, site: Site) -> list[Operation]:
    """PREPARE runs nothing: what it would read is told, what it would change is not done yet."""
    query = use_of(read(node.get("query")))
    options = (("prepare", node.get("name", "")),)
    base = Operation("select", site.span, object="prepared-statement", options=options)
    return [base._replace(query=query, reads=query.relations)]


def execute(node: Node, site: Site) -> list[Operation]:
    return [Operation("select", site.span, object="prepared-statement", options=(("execute", node.get("name", "")),))]


def deallocate(node: Node, site: Site) -> list[Operation]:
    options = (("deallocate", node.get("name") or "all"),)
    return [Operation("select", site.span, object="prepared-statement", options=options)]


def cursor(node: Node, site: Site) -> list[Operation]:
    query = use_of(read(node["query"])) if "query" in node else None
    return [
        Operation(
            "cursor",
            site.span,
            object="cursor",
            value=node.get("portalname"),
            query=query,
            reads=query.relations if query else (),
        )
    ]


HANDLERS: dict[str, Handler] = {kind: _statement(kind) for kind in sorted(DATA_STATEMENTS)} | {
    "CopyStmt": copy,
    "ExplainStmt": explain,
    "PrepareStmt": prepare,
    "ExecuteStmt": execute,
    "DeallocateStmt": deallocate,
    "DeclareCursorStmt": cursor,
    "FetchStmt": cursor,
    "ClosePortalStmt": cursor,
}
