"""ALTER TABLE and its kin: a parse-tree node comes in, one operation for each clause goes out."""

from collections.abc import Callable

from safecol.frontends.postgresql.clauses import after_name, part_from, split
from safecol.frontends.postgresql.expressions import convert_expression
from safecol.frontends.postgresql.tables import convert_bound, convert_column, convert_constraint
from safecol.frontends.postgresql.types import (
    Node,
    Site,
    constant_text,
    convert_type,
    option_pairs,
    relation_name,
    role_name,
    texts,
    word,
)
from safecol.operations import ConstraintDefinition, Name, Operation
from safecol.records import NamedTuple
from safecol.source import Span

Handler = Callable[["Clause"], list[Operation]]


class Clause(NamedTuple):
    """One subcommand: its node, the operation that holds what all clauses share, and the statement's site."""

    node: Node
    base: Operation
    site: Site

    @property
    def definition(self) -> Node:
        """The content of the subcommand's definition node; empty without one."""
        node: Node = next(iter(self.node.get("def", {"": {}}).values()))
        return node


def alter_table(node: Node, site: Site) -> list[Operation]:
    commands = node.get("cmds", ())
    relation = node["relation"]
    kind = word(node.get("objtype", "OBJECT_TABLE"))
    flags = set()
    if node.get("missing_ok"):
        flags.add("if-exists")
    if not relation.get("inh") and kind != "type":
        flags.add("only")
    start = after_name(site.text, site.at(relation), site.span.end)
    end = site.span.end
    commented = site.text.find("--", start, end) >= 0 or site.text.find("/*", start, end) >= 0
    single = len(commands) == 1 and not commented
    spans = [Span(start, end)] if single else list(split(site.text, start, end))
    if len(spans) != len(commands) or start >= site.span.end:
        spans = [site.span] * len(commands)
    operations: list[Operation] = []
    name = relation_name(relation)
    shared = frozenset(flags)
    special = _SPECIAL.get(kind, {})
    for command, span in zip(commands, spans, strict=True):
        content = command["AlterTableCmd"]
        subtype = content.get("subtype", "")
        handler = special.get(subtype) or _HANDLERS.get(subtype)
        if handler is None:
            site.missed(f"ALTER {kind.upper()} with {subtype}")
            continue
        clause_flags = shared | {"cascade"} if content.get("behavior") == "DROP_CASCADE" else shared
        base = Operation("", span, name, kind, column=content.get("name"), flags=clause_flags)
        operations += handler(Clause(content, base, site))
    return operations


def _with(flags: frozenset[str], *more: str) -> frozenset[str]:
    return flags | frozenset(more)


def _add_column(clause: Clause) -> list[Operation]:
    node, base = clause.definition, clause.base
    column, constraints = convert_column(node, clause.site)
    flags = _with(base.flags, "if-not-exists") if clause.node.get("missing_ok") else base.flags
    if column.default is not None:
        flags = _with(flags, "default-value")
    operations = [
        base._replace(kind="add-column", column=column.name, type=column.type, definition=column, flags=flags)
    ]
    for constraint in constraints:
        inline = _with(base.flags, "inline")
        if clause.node.get("missing_ok"):
            inline = _with(inline, "if-not-exists")
        if constraint.kind == "foreign-key" and column.default is not None:
            inline = _with(inline, "default-value")
        place = base._replace(column=column.name, flags=inline, span=constraint.span)
        operations.append(_constraint(place, constraint))
    return operations


def _constraint(base: Operation, constraint: ConstraintDefinition) -> Operation:
    flags = base.flags
    if constraint.index:
        flags = _with(flags, "using-index")
    if constraint.name:
        flags = _with(flags, "explicit-name")
    return base._replace(
        kind="add-constraint",
        definition=constraint,
        target=constraint.referenced,
        reads=(constraint.referenced,) if constraint.referenced else (),
        value=constraint.name,
        flags=flags,
    )


def _add_constraint(clause: Clause) -> list[Operation]:
    node, base = clause.definition, clause.base
    start = clause.site.at(node)
    constraint = convert_constraint(node, part_from(clause.site.text, start, clause.base.span.end))
    if constraint is None:
        clause.site.missed(f"ADD CONSTRAINT with {node.get('contype')}")
        return []
    return [_constraint(base, constraint)]


def _change_type(clause: Clause) -> list[Operation]:
    node, base = clause.definition, clause.base
    collation = texts(node.get("collClause", {}).get("collname"))
    using = convert_expression(node["raw_default"]) if "raw_default" in node else None
    return [
        base._replace(
            kind="change-type",
            type=convert_type(node["typeName"]),
            expression=using,
            flags=_with(base.flags, "using-clause") if using is not None else base.flags,
            options=(("collation", ".".join(collation)),) if collation else (),
        )
    ]


def _default(clause: Clause) -> list[Operation]:
    if "def" not in clause.node:
        return [clause.base._replace(kind="drop-default")]
    return [clause.base._replace(kind="set-default", expression=convert_expression(clause.node["def"]))]


def _expression(clause: Clause) -> list[Operation]:
    return [clause.base._replace(kind="set-expression", expression=convert_expression(clause.node["def"]))]


def _missing_ok(kind: str) -> Handler:
    def handler(clause: Clause) -> list[Operation]:
        base = clause.base
        flags = _with(base.flags, "if-exists") if clause.node.get("missing_ok") else base.flags
        return [base._replace(kind=kind, flags=flags)]

    return handler


def _plain(kind: str, *flags: str) -> Handler:
    """A subcommand that its kind says all about."""

    def handler(clause: Clause) -> list[Operation]:
        return [clause.base._replace(kind=kind, flags=_with(clause.base.flags, *flags))]

    return handler


def _named(kind: str, *flags: str) -> Handler:
    """A subcommand whose name is not a column's: a constraint, trigger, rule or index."""

    def handler(clause: Clause) -> list[Operation]:
        base = clause.base
        more = flags + (("if-exists",) if clause.node.get("missing_ok") else ())
        return [base._replace(kind=kind, column=None, value=base.column, flags=_with(base.flags, *more))]

    return handler


def _every_trigger(value: str, flag: str) -> Handler:
    def handler(clause: Clause) -> list[Operation]:
        return [clause.base._replace(kind="toggle-trigger", value=value, flags=_with(clause.base.flags, flag))]

    return handler


def _setting(kind: str) -> Handler:
    """A subcommand with one value: STATISTICS, STORAGE, COMPRESSION."""

    def handler(clause: Clause) -> list[Operation]:
        base = clause.base
        if base.column is None and "num" in clause.node:  # ALTER INDEX … ALTER COLUMN 1
            base = base._replace(column=str(clause.node["num"]))
        return [base._replace(kind=kind, value=constant_text(clause.node.get("def")) or "default")]

    return handler


def _options(kind: str, *flags: str) -> Handler:
    def handler(clause: Clause) -> list[Operation]:
        pairs = option_pairs(clause.definition.get("items"))
        return [clause.base._replace(kind=kind, options=pairs, flags=_with(clause.base.flags, *flags))]

    return handler


def _alter_constraint(clause: Clause) -> list[Operation]:
    node = clause.definition
    options = []
    if node.get("alterEnforceability"):
        options.append(("enforced", "true" if node.get("is_enforced") else "false"))
    if node.get("alterDeferrability"):
        options.append(("deferrable", "true" if node.get("deferrable") else "false"))
        options.append(("initially-deferred", "true" if node.get("initdeferred") else "false"))
    if node.get("alterInheritability"):
        options.append(("inherit", "false" if node.get("noinherit") else "true"))
    name = node.get("conname")
    return [clause.base._replace(kind="alter-constraint", column=None, value=name, options=tuple(options))]


def _attach(clause: Clause) -> list[Operation]:
    node, base = clause.definition, clause.base
    if "bound" not in node:
        return [base._replace(kind="attach-index", target=relation_name(node["name"]))]
    return [
        base._replace(
            kind="attach-partition", target=relation_name(node["name"]), definition=convert_bound(node["bound"])
        )
    ]


def _detach(clause: Clause) -> list[Operation]:
    node, base = clause.definition, clause.base
    flags = _with(base.flags, "concurrently") if node.get("concurrent") else base.flags
    return [base._replace(kind="detach-partition", target=relation_name(node["name"]), flags=flags)]


def _finalize(clause: Clause) -> list[Operation]:
    return [clause.base._replace(kind="finalize-detach", target=relation_name(clause.definition["name"]))]


def _inheritance(kind: str) -> Handler:
    def handler(clause: Clause) -> list[Operation]:
        return [clause.base._replace(kind=kind, target=relation_name(clause.definition))]

    return handler


def _of_type(clause: Clause) -> list[Operation]:
    return [clause.base._replace(kind="of-type", type=convert_type(clause.definition))]


_IDENTITIES = {"d": "default", "f": "full", "n": "nothing", "i": "index"}


def _replica_identity(clause: Clause) -> list[Operation]:
    node, base = clause.definition, clause.base
    index = node.get("name")
    return [
        base._replace(
            kind="set-replica-identity",
            value=_IDENTITIES.get(node.get("identity_type", ""), ""),
            target=Name(index) if index else None,
            flags=_with(base.flags, "using-index") if index else base.flags,
        )
    ]


def _owner(clause: Clause) -> list[Operation]:
    return [clause.base._replace(kind="change-owner", value=role_name(clause.node.get("newowner")))]


def _add_identity(clause: Clause) -> list[Operation]:
    node = clause.definition
    value = "always" if node.get("generated_when") == "a" else "by default"
    return [clause.base._replace(kind="add-identity", value=value, options=option_pairs(node.get("options")))]


_GENERATED = {"97": "always", "100": "by default"}  # the options' `generated` is a character code


def _change_identity(clause: Clause) -> list[Operation]:
    pairs = option_pairs(clause.definition.get("items"))
    options = tuple((key, _GENERATED.get(value, value) if key == "generated" else value) for key, value in pairs)
    return [clause.base._replace(kind="change-identity", options=options)]


def _access_method(clause: Clause) -> list[Operation]:
    return [clause.base._replace(kind="set-access-method", column=None, value=clause.base.column or "default")]


def _attribute(kind: str) -> Handler:
    """ALTER TYPE's attributes are told as columns of a composite type."""

    def handler(clause: Clause) -> list[Operation]:
        node, base = clause.definition, clause.base
        flags = _with(base.flags, "if-exists") if clause.node.get("missing_ok") else base.flags
        type_name = convert_type(node["typeName"]) if "typeName" in node else None
        return [base._replace(kind=kind, column=base.column or node.get("colname"), type=type_name, flags=flags)]

    return handler


def _view_default(clause: Clause) -> list[Operation]:
    return [operation._replace(kind="alter-view") for operation in _default(clause)]


_TYPE_HANDLERS: dict[str, Handler] = {
    "AT_AddColumn": _attribute("add-type-attribute"),
    "AT_DropColumn": _attribute("drop-type-attribute"),
    "AT_AlterColumnType": _attribute("alter-type-attribute"),
}

_VIEW_HANDLERS: dict[str, Handler] = {
    "AT_ColumnDefault": _view_default,
    "AT_SetRelOptions": _options("alter-view"),
    "AT_ResetRelOptions": _options("alter-view", "disable"),
}

_INDEX_HANDLERS: dict[str, Handler] = {
    "AT_SetStatistics": _setting("set-index-statistics"),
    "AT_SetRelOptions": _options("set-index-options"),
    "AT_ResetRelOptions": _options("set-index-options", "disable"),
}

_SPECIAL = {"type": _TYPE_HANDLERS, "view": _VIEW_HANDLERS, "index": _INDEX_HANDLERS}

_HANDLERS: dict[str, Handler] = {
    "AT_AddColumn": _add_column,
    "AT_ColumnDefault": _default,
    "AT_DropNotNull": _plain("drop-not-null"),
    "AT_SetNotNull": _plain("set-not-null"),
    "AT_SetExpression": _expression,
    "AT_DropExpression": _missing_ok("drop-expression"),
    "AT_SetStatistics": _setting("set-statistics"),
    "AT_SetOptions": _options("set-column-options"),
    "AT_ResetOptions": _options("set-column-options", "disable"),
    "AT_SetStorage": _setting("set-column-storage"),
    "AT_SetCompression": _setting("set-compression"),
    "AT_DropColumn": _missing_ok("drop-column"),
    "AT_AddConstraint": _add_constraint,
    "AT_AlterConstraint": _alter_constraint,
    "AT_ValidateConstraint": _named("validate-constraint"),
    "AT_DropConstraint": _named("drop-constraint"),
    "AT_AlterColumnType": _change_type,
    "AT_AlterColumnGenericOptions": _options("set-foreign-options"),
    "AT_ChangeOwner": _owner,
    "AT_ClusterOn": _named("set-cluster-index"),
    "AT_DropCluster": _plain("set-cluster-index", "disable"),
    "AT_SetLogged": _plain("set-logged"),
    "AT_SetUnLogged": _plain("set-unlogged"),
    "AT_DropOids": _plain("set-table-options"),
    "AT_SetAccessMethod": _access_method,
    "AT_SetTableSpace": _named("set-tablespace"),
    "AT_SetRelOptions": _options("set-table-options"),
    "AT_ResetRelOptions": _options("set-table-options", "disable"),
    "AT_EnableTrig": _named("toggle-trigger", "enable"),
    "AT_EnableAlwaysTrig": _named("toggle-trigger", "enable"),
    "AT_EnableReplicaTrig": _named("toggle-trigger", "enable"),
    "AT_DisableTrig": _named("toggle-trigger", "disable"),
    "AT_EnableTrigAll": _every_trigger("ALL", "enable"),
    "AT_DisableTrigAll": _every_trigger("ALL", "disable"),
    "AT_EnableTrigUser": _every_trigger("USER", "enable"),
    "AT_DisableTrigUser": _every_trigger("USER", "disable"),
    "AT_EnableRule": _named("toggle-rule", "enable"),
    "AT_EnableAlwaysRule": _named("toggle-rule", "enable"),
    "AT_EnableReplicaRule": _named("toggle-rule", "enable"),
    "AT_DisableRule": _named("toggle-rule", "disable"),
    "AT_AddInherit": _inheritance("add-inheritance"),
    "AT_DropInherit": _inheritance("drop-inheritance"),
    "AT_AddOf": _of_type,
    "AT_DropOf": _plain("of-type", "disable"),
    "AT_ReplicaIdentity": _replica_identity,
    "AT_EnableRowSecurity": _plain("change-row-security", "enable"),
    "AT_DisableRowSecurity": _plain("change-row-security", "disable"),
    "AT_ForceRowSecurity": _plain("change-row-security", "force"),
    "AT_NoForceRowSecurity": _plain("change-row-security", "no-force"),
    "AT_GenericOptions": _options("set-foreign-options"),
    "AT_AttachPartition": _attach,
    "AT_DetachPartition": _detach,
    "AT_DetachPartitionFinalize": _finalize,
    "AT_AddIdentity": _add_identity,
    "AT_SetIdentity": _change_identity,
    "AT_DropIdentity": _missing_ok("drop-identity"),
}

HANDLERS = {"AlterTableStmt": alter_table}
