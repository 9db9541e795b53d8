"""Statements of any dialect that sqlglot knows: a tree comes in, the operations it stands for go out.

Only what the rules of all dialects need is told; a statement of which any part is not understood says so.
"""

from collections.abc import Callable

from safecol.expressions import Literal
from safecol.frontends.sqlglot import definitions
from safecol.frontends.sqlglot.data import KEYS, condition_of, convert_data
from safecol.frontends.sqlglot.expressions import convert_expression, convert_type
from safecol.frontends.sqlglot.queries import query_use, relation_name
from safecol.frontends.sqlglot.style import Node, Style
from safecol.frontends.sqlglot.trees import Problem
from safecol.operations import ConstraintDefinition, IndexDefinition, IndexElement, Name, Operation
from safecol.source import Span

Handler = Callable[[Node, Span, Style], list[Operation]]


def convert(tree: Node, span: Span, style: Style) -> list[Operation]:
    """The operations of a statement. A Problem for one of which something is not understood."""
    if tree.key in KEYS:
        return convert_data(tree, span, style)
    handler = _HANDLERS.get(tree.key)
    if handler is None:
        raise Problem(f"{tree.key.upper()} is not understood", syntax=False)
    return handler(tree, span, style)


def _missed(what: str) -> Problem:
    return Problem(f"{what} is not understood", syntax=False)


def _kind(node: Node) -> str:
    return str(node.args.get("kind") or "").upper()


def _create(tree: Node, span: Span, style: Style) -> list[Operation]:
    kind = _kind(tree)
    flags: set[str] = set()
    if tree.args.get("exists"):
        flags.add("if-not-exists")
    if tree.args.get("replace"):
        flags.add("or-replace")
    if kind == "TABLE":
        return [_create_table(tree, span, style, flags)]
    if kind == "INDEX":
        return [_create_index(tree, span, style, flags)]
    if kind in ("VIEW", "MATERIALIZED VIEW"):
        query = query_use(tree.expression, style) if tree.expression is not None else None
        this = tree.this.this if tree.this.key == "schema" else tree.this
        return [
            Operation(
                "create-view",
                span,
                relation_name(this, style),
                object="view",
                query=query,
                reads=query.relations if query is not None else (),
                flags=frozenset(flags),
            )
        ]
    made = _OBJECTS.get(kind)
    if made is None:
        raise _missed(f"CREATE {kind}")
    return [
        Operation(f"create-{made[0]}", span, _object_name(tree.this, style), object=made[1], flags=frozenset(flags))
    ]


_OBJECTS = {
    "SCHEMA": ("schema", "schema"),
    "DATABASE": ("schema", "schema"),
    "SEQUENCE": ("sequence", "sequence"),
    "FUNCTION": ("routine", "function"),
    "PROCEDURE": ("routine", "procedure"),
    "TYPE": ("type", "type"),
}


def _object_name(node: Node, style: Style) -> Name:
    while node.key in ("schema", "userdefinedfunction"):
        node = node.this
    if node.key != "table":
        return Name(style.table(node.name))
    found = relation_name(node, style)
    return found if found.name else Name(found.schema or "")


def _create_table(tree: Node, span: Span, style: Style, flags: set[str]) -> Operation:
    name, definition = definitions.table(tree, span, style)
    if definition.persistence == "temporary":
        flags.add("temporary")
    query = query_use(tree.expression, style) if tree.expression is not None else None
    referenced = tuple(dict.fromkeys(item.referenced for item in definition.constraints if item.referenced))
    return Operation(
        "create-table" if query is None else "create-table-as",
        span,
        name,
        definition=definition,
        query=query,
        reads=query.relations if query is not None else referenced,
        flags=frozenset(flags),
    )


def _create_index(tree: Node, span: Span, style: Style, flags: set[str]) -> Operation:
    index = tree.this
    table = index.args.get("table")
    if table is None:
        raise _missed("CREATE INDEX without a table")
    parameters = index.args.get("params")
    columns = (parameters.args.get("columns") if parameters is not None else None) or ()
    elements = tuple(_element(item, style) for item in columns)
    name = style.column(index.name) or None
    definition = IndexDefinition(name, elements, bool(tree.args.get("unique")))
    return Operation(
        "create-index",
        span,
        relation_name(table, style),
        object="index",
        definition=definition,
        flags=frozenset(flags | ({"explicit-name"} if name else set())),
    )


def _element(node: Node, style: Style) -> IndexElement:
    inner = node.this if node.key == "ordered" else node
    descending = node.key == "ordered" and bool(node.args.get("desc"))
    if inner.key in ("column", "identifier"):
        return IndexElement(style.column(inner.name), None, descending)
    return IndexElement(None, convert_expression(inner, style), descending)


_DROPS = {
    "TABLE": ("drop-table", "table"),
    "VIEW": ("drop-view", "view"),
    "MATERIALIZED VIEW": ("drop-view", "materialized-view"),
    "INDEX": ("drop-index", "index"),
    "SCHEMA": ("drop-schema", "schema"),
    "DATABASE": ("drop-schema", "schema"),
    "SEQUENCE": ("drop-sequence", "sequence"),
    "FUNCTION": ("drop-routine", "function"),
    "PROCEDURE": ("drop-routine", "procedure"),
    "TYPE": ("drop-type", "type"),
    "TRIGGER": ("drop-trigger", "trigger"),
}


def _drop(tree: Node, span: Span, style: Style) -> list[Operation]:
    kind = _kind(tree)
    made = _DROPS.get(kind)
    if made is None:
        raise _missed(f"DROP {kind}")
    flags: set[str] = set()
    if tree.args.get("exists"):
        flags.add("if-exists")
    if tree.args.get("cascade"):
        flags.add("cascade")
    nodes = tree.args.get("tables") or ([tree.this] if tree.this is not None else [])
    operations = []
    for node in nodes:
        if getattr(node.this, "args", {}).get("temporary"):  # #name of SQL Server: no one else's
            operations.append(Operation("drop-object", span, object="temporary table", flags=frozenset(flags)))
            continue
        operation = Operation(made[0], span, _object_name(node, style), object=made[1], flags=frozenset(flags))
        cluster = tree.args.get("cluster")
        table = cluster.this if kind == "INDEX" and cluster is not None else None
        if table is not None and table.key == "table":  # DROP INDEX i ON t
            operation = operation._replace(relation=relation_name(table, style), value=style.column(node.name))
        elif kind == "TRIGGER":
            operation = operation._replace(relation=None, value=node.name)
        operations.append(operation)
    return operations


def _alter(tree: Node, span: Span, style: Style) -> list[Operation]:
    kind = _kind(tree)
    if kind not in ("TABLE", "VIEW", "INDEX"):
        raise _missed(f"ALTER {kind}")
    flags = frozenset({"if-exists"} if tree.args.get("exists") else ())
    base = Operation("", span, relation_name(tree.this, style), object=kind.lower(), flags=flags)
    operations: list[Operation] = []
    for action in tree.args.get("actions") or ():
        operations += _action(action, base, style)
    if not operations:
        raise _missed(f"this ALTER {kind}")
    return operations


def _action(node: Node, base: Operation, style: Style) -> list[Operation]:
    key = node.key
    if key == "schema":
        return [made for item in node.expressions for made in _action(item, base, style)]
    if key == "columndef":
        return _added(node, base, style)
    if key == "drop":
        return _dropped(node, base, style)
    if key == "renamecolumn":
        old, new = style.column(node.this.name), style.column(node.args["to"].name)
        return [base._replace(kind="rename-column", column=old, new_name=new)]
    if key == "alterrename":
        target = relation_name(node.this, style)
        kind = "rename-view" if base.object == "view" else "rename-table"
        return [base._replace(kind=kind, new_name=target.name, flags=base.flags | {"through-alter-table"})]
    if key == "altercolumn":
        return _changed(node, base, style)
    if key in ("addconstraint", "constraint", "primarykey", "foreignkey"):
        found = [_constraint(base, item) for item in definitions.constraints(node, base.span, style)]
        if found:
            return found
    if key in ("delete", "update"):  # ClickHouse's ALTER TABLE … DELETE WHERE
        condition, flags = condition_of(node, style)
        return [base._replace(kind=key, expression=condition, flags=frozenset(flags))]
    raise _missed(f"ALTER TABLE with {str(getattr(node, 'name', '') or key).upper()}")


def _added(node: Node, base: Operation, style: Style) -> list[Operation]:
    definition, constraints = definitions.column(node, base.span, style)
    flags = base.flags | {"if-not-exists"} if node.args.get("exists") else base.flags
    if definition.default is not None and definition.default != Literal("null", "null"):
        flags |= {"default-value"}
    added = base._replace(
        kind="add-column", column=definition.name, type=definition.type, definition=definition, flags=flags
    )
    inline = base._replace(column=definition.name, flags=base.flags | {"inline"})
    return [added, *(_constraint(inline, item) for item in constraints)]


def _constraint(base: Operation, constraint: ConstraintDefinition) -> Operation:
    return base._replace(
        kind="add-constraint",
        definition=constraint,
        target=constraint.referenced,
        reads=(constraint.referenced,) if constraint.referenced else (),
        value=constraint.name,
        flags=base.flags | {"explicit-name"} if constraint.name else base.flags,
    )


def _dropped(node: Node, base: Operation, style: Style) -> list[Operation]:
    kind = _kind(node)
    flags = base.flags | {"if-exists"} if node.args.get("exists") else base.flags
    if node.args.get("cascade"):
        flags |= {"cascade"}
    base = base._replace(flags=flags)
    nodes = node.args.get("tables") or ([node.this] if node.this is not None else [])
    if kind in ("COLUMN", ""):
        return [base._replace(kind="drop-column", column=style.column(item.name)) for item in nodes]
    if kind in ("CONSTRAINT", "FOREIGN KEY", "CHECK"):
        return [base._replace(kind="drop-constraint", value=style.column(item.name)) for item in nodes]
    if kind == "INDEX":
        return [base._replace(kind="drop-index", object="index", value=style.column(item.name)) for item in nodes]
    raise _missed(f"ALTER TABLE … DROP {kind}")


def _changed(node: Node, base: Operation, style: Style) -> list[Operation]:
    base = base._replace(column=style.column(node.this.name))
    arguments = node.args
    operations: list[Operation] = []
    if arguments.get("dtype") is not None:
        operations.append(base._replace(kind="change-type", type=convert_type(arguments["dtype"], style)))
    if arguments.get("allow_null") is not None:
        operations.append(base._replace(kind="drop-not-null" if arguments["allow_null"] else "set-not-null"))
    if arguments.get("default") is not None:
        default = convert_expression(arguments["default"], style)
        operations.append(base._replace(kind="set-default", expression=default))
    elif arguments.get("drop") and arguments.get("allow_null") is None:
        operations.append(base._replace(kind="drop-default"))
    if not operations:
        raise _missed("this ALTER COLUMN")
    return operations


def _truncate(tree: Node, span: Span, style: Style) -> list[Operation]:
    return [Operation("truncate", span, relation_name(item, style)) for item in tree.expressions]


def _execute(tree: Node, span: Span, style: Style) -> list[Operation]:
    """`EXEC sp_rename 'schema.table.column', 'new', 'COLUMN'` of SQL Server."""
    name = tree.this.name.lower() if tree.this is not None else ""
    given = [str(item.this) if item.key == "literal" else None for item in tree.expressions]
    if name != "sp_rename" or len(given) < 2 or given[0] is None or given[1] is None:
        raise _missed(f"EXEC {name or 'of text'}")
    parts = [part.strip('[]"') for part in given[0].split(".")]
    what = (given[2] or "").upper() if len(given) > 2 else "OBJECT"
    if what in ("COLUMN", "INDEX") and len(parts) > 1:
        relation = Name(style.table(parts[-2]), style.table(parts[-3]) if len(parts) > 2 else None)
        new, old = style.column(given[1]), style.column(parts[-1])
        if what == "INDEX":
            return [Operation("rename-index", span, relation, object="index", value=old, new_name=new)]
        return [Operation("rename-column", span, relation, column=old, new_name=new)]
    relation = Name(style.table(parts[-1]), style.table(parts[-2]) if len(parts) > 1 else None)
    return [Operation("rename-table", span, relation, new_name=style.table(given[1]))]


def _plain(kind: str, word: str) -> Handler:
    def handler(tree: Node, span: Span, style: Style) -> list[Operation]:  # noqa: ARG001 - as the others
        return [Operation(kind, span, object=word)]

    return handler


def _comment(tree: Node, span: Span, style: Style) -> list[Operation]:
    this = tree.this
    name = relation_name(this, style) if this is not None and this.key == "table" else None
    return [Operation("comment", span, name, object=_kind(tree).lower() or "table")]


_HANDLERS: dict[str, Handler] = {
    "create": _create,
    "drop": _drop,
    "alter": _alter,
    "truncatetable": _truncate,
    "execute": _execute,
    "comment": _comment,
    "transaction": _plain("begin", "transaction"),
    "commit": _plain("commit", "transaction"),
    "rollback": _plain("rollback", "transaction"),
    "set": _plain("set", "setting"),
    "use": _plain("set", "setting"),
    "grant": _plain("grant", "privilege"),
    "revoke": _plain("revoke", "privilege"),
    "describe": _plain("select", "setting"),
    "show": _plain("select", "setting"),
    "analyze": _plain("analyze", "table"),
}
