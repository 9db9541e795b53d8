"""Types, domains, triggers, rules, policies, sequences and statistics: parse-tree nodes come in, operations go out."""

from safecol.expressions import Expression
from safecol.frontends.postgresql.clauses import part_from
from safecol.frontends.postgresql.expressions import convert_expression
from safecol.frontends.postgresql.queries import read, use_of
from safecol.frontends.postgresql.tables import clause_spans, convert_column, convert_constraint
from safecol.frontends.postgresql.types import (
    Node,
    Site,
    constant_text,
    convert_type,
    listed_name,
    object_name,
    option_pairs,
    relation_name,
    role_name,
    texts,
    word,
)
from safecol.operations import (
    ColumnDefinition,
    ConstraintDefinition,
    Name,
    Operation,
    QueryUse,
    TriggerDefinition,
    TypeDefinition,
)

_EVENTS = ((4, "insert"), (8, "delete"), (16, "update"), (32, "truncate"))


def create_enum(node: Node, site: Site) -> list[Operation]:
    definition = TypeDefinition("enum", labels=texts(node.get("vals")))
    return [
        Operation("create-enum", site.span, listed_name(node.get("typeName")), object="type", definition=definition)
    ]


def alter_enum(node: Node, site: Site) -> list[Operation]:
    name = listed_name(node.get("typeName"))
    if "oldVal" in node:
        return [
            Operation(
                "rename-enum-value",
                site.span,
                name,
                object="type",
                value=node["oldVal"],
                new_name=node.get("newVal", ""),
            )
        ]
    flags = {"if-not-exists"} if node.get("skipIfNewValExists") else set()
    options: tuple[tuple[str, str], ...] = ()
    if "newValNeighbor" in node:
        options = (("after" if node.get("newValIsAfter") else "before", node["newValNeighbor"]),)
    return [
        Operation(
            "add-enum-value",
            site.span,
            name,
            object="type",
            value=node.get("newVal", ""),
            flags=frozenset(flags),
            options=options,
        )
    ]


def create_domain(node: Node, site: Site) -> list[Operation]:
    constraints: list[ConstraintDefinition] = []
    default: Expression | None = None
    nullable = True
    clauses = [item["Constraint"] for item in node.get("constraints", ())]
    for content, span in zip(clauses, clause_spans(clauses, site.span, site), strict=True):
        if content.get("contype") == "CONSTR_DEFAULT":
            default = convert_expression(content.get("raw_expr"))
            continue
        nullable = nullable and content.get("contype") != "CONSTR_NOTNULL"
        constraint = convert_constraint(content, span)
        if constraint is not None:
            constraints.append(constraint)
    base = convert_type(node["typeName"])
    collation = texts(node.get("collClause", {}).get("collname"))
    return [
        Operation(
            "create-domain",
            site.span,
            listed_name(node.get("domainname")),
            object="domain",
            type=base,
            definition=TypeDefinition(
                "domain", base=base, constraints=tuple(constraints), default=default, nullable=nullable
            ),
            options=(("collation", ".".join(collation)),) if collation else (),
        )
    ]


def alter_domain(node: Node, site: Site) -> list[Operation]:
    flags = set()
    if node.get("missing_ok"):
        flags.add("if-exists")
    if node.get("behavior") == "DROP_CASCADE":
        flags.add("cascade")
    base = Operation("", site.span, listed_name(node.get("typeName")), object="domain", flags=frozenset(flags))
    subtype = node.get("subtype")
    if subtype == "T":
        default = convert_expression(node["def"]) if "def" in node else None
        return [base._replace(kind="domain-set-default", expression=default)]
    if subtype == "N":
        return [base._replace(kind="domain-drop-not-null")]
    if subtype == "O":
        return [base._replace(kind="domain-set-not-null")]
    if subtype == "X":
        return [base._replace(kind="domain-drop-constraint", value=node.get("name"))]
    if subtype == "V":
        return [base._replace(kind="domain-validate-constraint", value=node.get("name"))]
    content = node.get("def", {}).get("Constraint", {})
    start = site.at(content)
    constraint = convert_constraint(content, part_from(site.text, start, site.span.end))
    if subtype != "C" or constraint is None:
        site.missed(f"ALTER DOMAIN with {subtype} {content.get('contype', '')}".rstrip())
        return []
    return [base._replace(kind="domain-add-constraint", definition=constraint, value=constraint.name)]


def create_composite(node: Node, site: Site) -> list[Operation]:
    attributes: tuple[ColumnDefinition, ...] = tuple(
        convert_column(item["ColumnDef"], site)[0] for item in node.get("coldeflist", ())
    )
    definition = TypeDefinition("composite", attributes=attributes)
    return [Operation("create-type", site.span, relation_name(node["typevar"]), object="type", definition=definition)]


def create_range(node: Node, site: Site) -> list[Operation]:
    options = option_pairs(node.get("params"))
    name = listed_name(node.get("typeName"))
    definition = TypeDefinition("range")
    return [Operation("create-type", site.span, name, object="type", definition=definition, options=options)]


def define(node: Node, site: Site) -> list[Operation]:
    """CREATE TYPE (base and shell), AGGREGATE, OPERATOR, COLLATION and TEXT SEARCH objects."""
    kind = word(node.get("kind", ""))
    flags = set()
    if node.get("if_not_exists"):
        flags.add("if-not-exists")
    if node.get("replace"):
        flags.add("or-replace")
    base = Operation(
        "create-object",
        site.span,
        listed_name(node.get("defnames")),
        object=kind,
        flags=frozenset(flags),
        options=option_pairs(node.get("definition")),
    )
    if kind == "type":
        return [base._replace(kind="create-type", definition=TypeDefinition("base"))]
    return [base]


def create_trigger(node: Node, site: Site) -> list[Operation]:
    events = node.get("events", 0)
    timing = {2: "before", 64: "instead-of"}.get(node.get("timing", 0), "after")
    options = [("timing", timing), ("level", "row" if node.get("row") else "statement")]
    if node.get("isconstraint"):
        options.append(("constraint", "true"))
    if node.get("deferrable"):
        options.append(("deferrable", "true"))
    return [
        Operation(
            "create-trigger",
            site.span,
            relation_name(node["relation"]),
            object="trigger",
            target=relation_name(node["constrrel"]) if "constrrel" in node else None,
            definition=TriggerDefinition(
                listed_name(node.get("funcname")),
                texts(node.get("columns")),
                convert_expression(node["whenClause"]) if "whenClause" in node else None,
                tuple(name for bit, name in _EVENTS if events & bit),
            ),
            value=node.get("trigname"),
            flags=frozenset({"or-replace"} if node.get("replace") else ()),
            options=tuple(options),
        )
    ]


def create_rule(node: Node, site: Site) -> list[Operation]:
    reading = read([node.get("actions"), node.get("whereClause")])
    target = relation_name(node["relation"])
    columns = tuple((None if name in ("new", "old") else name, column) for name, column in reading.columns)
    query = QueryUse(tuple(reading.relations), columns, bool(reading.stars))
    event = node.get("event", "").removeprefix("CMD_").lower()
    options = (("event", event), ("instead", "true" if node.get("instead") else "false"))
    return [
        Operation(
            "create-rule",
            site.span,
            target,
            object="rule",
            expression=convert_expression(node["whereClause"]) if "whereClause" in node else None,
            query=query,
            reads=tuple(name for name in query.relations if name != target),
            value=node.get("rulename"),
            flags=frozenset({"or-replace"} if node.get("replace") else ()),
            options=options,
        )
    ]


def policy(node: Node, site: Site) -> list[Operation]:
    """CREATE and ALTER POLICY: `expression` is USING; `query` covers WITH CHECK too."""
    table = relation_name(node["table"])
    conditions = [node[key] for key in ("qual", "with_check") if key in node]
    reading = read(conditions, (node["table"],))
    creating = "cmd_name" in node
    options = []
    if creating:
        options += [("command", node["cmd_name"]), ("permissive", "true" if node.get("permissive") else "false")]
    options += [("role", role_name(item)) for item in node.get("roles", ())]
    if "with_check" in node:
        options.append(("with-check", "true"))
    options += [("calls", name) for name in reading.calls]
    return [
        Operation(
            "create-policy" if creating else "alter-policy",
            site.span,
            table,
            object="policy",
            expression=convert_expression(node["qual"]) if "qual" in node else None,
            query=use_of(reading),
            reads=tuple(name for name in reading.relations if name != table),
            value=node.get("policy_name"),
            options=tuple(options),
        )
    ]


def create_sequence(node: Node, site: Site) -> list[Operation]:
    return [_sequence("create-sequence", node, site)]


def alter_sequence(node: Node, site: Site) -> list[Operation]:
    return [_sequence("alter-sequence", node, site)]


def _sequence(kind: str, node: Node, site: Site) -> Operation:
    relation = node["sequence"]
    flags = set()
    if node.get("if_not_exists"):
        flags.add("if-not-exists")
    if node.get("missing_ok"):
        flags.add("if-exists")
    if relation.get("relpersistence") in ("t", "u"):
        flags.add("temporary" if relation["relpersistence"] == "t" else "unlogged")
    options = option_pairs(node.get("options"))
    owner = next((value for name, value in options if name == "owned_by"), "none")
    table = owner.split(".")[:-1]
    return Operation(
        kind,
        site.span,
        relation_name(relation),
        object="sequence",
        target=Name(table[-1], table[-2] if len(table) > 1 else None) if table else None,
        flags=frozenset(flags),
        options=options,
    )


def create_statistics(node: Node, site: Site) -> list[Operation]:
    """`value` is the name without its schema, as DROP STATISTICS tells it; an expression is an option too."""
    relations = [item["RangeVar"] for item in node.get("relations", ()) if "RangeVar" in item]
    elements = [item["StatsElem"] for item in node.get("exprs", ())]
    expressions = [item["expr"] for item in elements if "expr" in item]
    reading = read(expressions, tuple(relations))
    table = relation_name(relations[0]) if relations else None
    names = [item["name"] for item in elements if "name" in item]
    options = [("kind", kind) for kind in texts(node.get("stat_types"))]
    options += [("column", name) for name in names]
    if expressions:
        options.append(("expression", "true"))
    return [
        Operation(
            "create-statistics",
            site.span,
            table,
            object="statistics",
            expression=convert_expression(expressions[0]) if expressions else None,
            query=QueryUse((table,) if table else (), (*((str(table), name) for name in names), *reading.columns)),
            value=listed_name(node["defnames"]).name if "defnames" in node else None,
            flags=frozenset({"if-not-exists"} if node.get("if_not_exists") else ()),
            options=tuple(options),
        )
    ]


def alter_statistics(node: Node, site: Site) -> list[Operation]:
    return [
        Operation(
            "alter-statistics",
            site.span,
            listed_name(node.get("defnames")),
            object="statistics",
            flags=frozenset({"if-exists"} if node.get("missing_ok") else ()),
            options=(("target", constant_text(node.get("stxstattarget")) or "default"),),
        )
    ]


def alter_type(node: Node, site: Site) -> list[Operation]:
    name = object_name({"List": {"items": node.get("typeName", [])}})
    return [Operation("alter-object", site.span, name, object="type", options=option_pairs(node.get("options")))]


HANDLERS = {
    "CreateEnumStmt": create_enum,
    "AlterEnumStmt": alter_enum,
    "CreateDomainStmt": create_domain,
    "AlterDomainStmt": alter_domain,
    "CompositeTypeStmt": create_composite,
    "CreateRangeStmt": create_range,
    "DefineStmt": define,
    "AlterTypeStmt": alter_type,
    "CreateTrigStmt": create_trigger,
    "RuleStmt": create_rule,
    "CreatePolicyStmt": policy,
    "AlterPolicyStmt": policy,
    "CreateSeqStmt": create_sequence,
    "AlterSeqStmt": alter_sequence,
    "CreateStatsStmt": create_statistics,
    "AlterStatsStmt": alter_statistics,
}
