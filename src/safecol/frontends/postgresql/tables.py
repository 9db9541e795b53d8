"""Tables, their columns, constraints, indexes and partitions: parse-tree nodes come in, definitions go out."""

from safecol.expressions import Expression, TypeName, Unknown
from safecol.frontends.postgresql.clauses import part_from
from safecol.frontends.postgresql.expressions import convert_expression
from safecol.frontends.postgresql.types import (
    Node,
    Site,
    convert_type,
    is_serial,
    option_pairs,
    relation_name,
    texts,
)
from safecol.operations import (
    ColumnDefinition,
    ConstraintDefinition,
    IndexDefinition,
    IndexElement,
    Name,
    Operation,
    PartitionBound,
    PartitionKey,
    TableDefinition,
)
from safecol.source import Span

CONSTRAINTS = {
    "CONSTR_CHECK": "check",
    "CONSTR_NOTNULL": "not-null",
    "CONSTR_UNIQUE": "unique",
    "CONSTR_PRIMARY": "primary-key",
    "CONSTR_FOREIGN": "foreign-key",
    "CONSTR_EXCLUSION": "exclusion",
}
_ACTIONS = {"r": "restrict", "c": "cascade", "n": "set null", "d": "set default"}
_PERSISTENCE = {"t": "temporary", "u": "unlogged"}
_STRATEGIES = {"r": "range", "l": "list", "h": "hash"}
_NULLS = {"SORTBY_NULLS_FIRST": "first", "SORTBY_NULLS_LAST": "last"}
_ATTRIBUTES = frozenset(
    {
        "CONSTR_ATTR_DEFERRABLE",
        "CONSTR_ATTR_NOT_DEFERRABLE",
        "CONSTR_ATTR_DEFERRED",
        "CONSTR_ATTR_IMMEDIATE",
        "CONSTR_ATTR_ENFORCED",
        "CONSTR_ATTR_NOT_ENFORCED",
    }
)


def persistence(relation: Node) -> str:
    return _PERSISTENCE.get(relation.get("relpersistence", "p"), "permanent")


def convert_constraint(node: Node, span: Span, column: str | None = None) -> ConstraintDefinition | None:
    """The definition of a Constraint node; None for what is not a constraint (DEFAULT, NULL, identity, …)."""
    kind = CONSTRAINTS.get(node.get("contype", ""))
    if kind is None:
        return None
    columns = texts(node.get("fk_attrs") or node.get("keys"))
    condition = node.get("raw_expr") or node.get("where_clause")
    expression = convert_expression(condition) if condition else None
    options = set()
    if node.get("nulls_not_distinct"):
        options.add("nulls-not-distinct")
    if node.get("without_overlaps"):
        options.add("without-overlaps")
    if node.get("fk_with_period"):
        options.add("period")
    if node.get("fk_del_set_cols"):
        options.add("set-null-columns")
    if "exclusions" in node:
        elements = [item["List"]["items"][0]["IndexElem"] for item in node["exclusions"]]
        columns = tuple(element["name"] for element in elements if "name" in element)
    return ConstraintDefinition(
        kind,
        node.get("conname"),
        columns or ((column,) if column else ()),
        span,
        expression,
        relation_name(node["pktable"]) if "pktable" in node else None,
        texts(node.get("pk_attrs")),
        node.get("indexname"),
        not node.get("skip_validation", False),
        kind not in ("check", "foreign-key") or bool(node.get("is_enforced")),
        bool(node.get("deferrable")),
        bool(node.get("initdeferred")),
        bool(node.get("is_no_inherit")),
        texts(node.get("including")),
        _ACTIONS.get(node.get("fk_del_action", "")),
        node.get("access_method"),
        frozenset(options),
    )


def convert_column(node: Node, site: Site) -> tuple[ColumnDefinition, list[ConstraintDefinition]]:
    """A ColumnDef node's definition, and its inline constraints other than NOT NULL."""
    name = node.get("colname", "")
    limit = part_from(site.text, site.at(node), site.span.end)
    clauses = [item["Constraint"] for item in node.get("constraints", ())]
    spans = clause_spans(clauses, limit, site)
    type_node = node.get("typeName", {})
    integer = is_serial(type_node)
    type_name = TypeName(integer) if integer else convert_type(type_node) if type_node else TypeName("")
    nullable, default, identity, generated, expression = integer is None, None, None, None, None
    constraints: list[ConstraintDefinition] = []
    for clause, span in zip(clauses, spans, strict=True):
        contype = clause.get("contype")
        if contype == "CONSTR_NOTNULL":
            nullable = False
        elif contype == "CONSTR_DEFAULT":
            default = convert_expression(clause.get("raw_expr"))
        elif contype == "CONSTR_IDENTITY":
            identity = "always" if clause.get("generated_when") == "a" else "by default"
            nullable = False
        elif contype == "CONSTR_GENERATED":
            generated = "virtual" if clause.get("generated_kind") == "v" else "stored"
            expression = convert_expression(clause.get("raw_expr"))
        elif contype in _ATTRIBUTES and constraints:
            constraints[-1] = _with_attribute(constraints[-1], contype, span)
        else:
            nullable = nullable and contype != "CONSTR_PRIMARY"
            constraint = convert_constraint(clause, span, name)
            if constraint is not None:
                constraints.append(constraint)
    collation = node.get("collClause", {}).get("collname")
    return (
        ColumnDefinition(
            name,
            type_name,
            limit,
            nullable,
            default,
            identity,
            generated,
            expression,
            integer is not None,
            ".".join(texts(collation)) if collation else None,
        ),
        constraints,
    )


def clause_spans(clauses: list[Node], limit: Span, site: Site) -> list[Span]:
    """The spans of clauses that stand one behind the other: each ends where the next begins, the last at the limit."""
    starts = [site.at(clause) for clause in clauses]
    ends = [*starts[1:], limit.end] if starts else []
    return [
        Span(start, start + len(site.text[start:end].rstrip()) if end > start else limit.end)
        for start, end in zip(starts, ends, strict=True)
    ]


def _with_attribute(constraint: ConstraintDefinition, attribute: str, span: Span) -> ConstraintDefinition:
    """DEFERRABLE, NOT ENFORCED and the like stand behind their constraint as clauses of their own."""
    wider = constraint._replace(span=Span(constraint.span.start, span.end))
    if attribute == "CONSTR_ATTR_DEFERRABLE":
        return wider._replace(deferrable=True)
    if attribute == "CONSTR_ATTR_DEFERRED":
        return wider._replace(deferrable=True, initially_deferred=True)
    if attribute == "CONSTR_ATTR_NOT_ENFORCED":
        return wider._replace(enforced=False, validated=False)
    return wider


def convert_elements(nodes: list[Node] | None) -> tuple[IndexElement, ...]:
    """The elements of an index, a partition key or an exclusion constraint."""
    return tuple(_element(next(iter(node.values()))) for node in nodes or ())


def _element(node: Node) -> IndexElement:
    classes, collation = texts(node.get("opclass")), texts(node.get("collation"))
    return IndexElement(
        node.get("name"),
        convert_expression(node["expr"]) if "expr" in node else None,
        node.get("ordering") == "SORTBY_DESC",
        _NULLS.get(node.get("nulls_ordering", "")),
        ".".join(classes) if classes else None,
        ".".join(collation) if collation else None,
    )


def convert_bound(node: Node) -> PartitionBound:
    """A PartitionBoundSpec's bound; MINVALUE and MAXVALUE are unknowns of these names."""
    if node.get("is_default"):
        return PartitionBound("default")
    kind = _STRATEGIES.get(node.get("strategy", ""), "hash")
    if kind == "hash":
        numbers = ({"ival": {"ival": node.get("modulus", 0)}}, {"ival": {"ival": node.get("remainder", 0)}})
        return PartitionBound(kind, values=tuple(convert_expression({"A_Const": number}) for number in numbers))
    lower, upper, values = (
        tuple(_datum(item) for item in node.get(key, ())) for key in ("lowerdatums", "upperdatums", "listdatums")
    )
    return PartitionBound(kind, lower, upper, values)


def _datum(node: Node) -> Expression:
    fields = texts(node.get("ColumnRef", {}).get("fields"))
    if len(fields) == 1 and fields[0] in ("minvalue", "maxvalue"):
        return Unknown(fields[0])
    return convert_expression(node)


def convert_table(node: Node, site: Site) -> TableDefinition:
    """The definition of a CreateStmt; constraints of columns stand among the table's."""
    columns: list[ColumnDefinition] = []
    constraints: list[ConstraintDefinition] = []
    like: list[Name] = []
    storage: list[tuple[str, str]] = []
    for item in node.get("tableElts", ()):
        kind, content = next(iter(item.items()))
        if kind == "ColumnDef":
            column, inline = convert_column(content, site)
            columns.append(column)
            constraints += inline
            storage += [
                (f"column:{word}", column.name)
                for word, field in (("compression", "compression"), ("storage", "storage_name"))
                if field in content
            ]
        elif kind == "Constraint":
            start = site.at(content)
            constraint = convert_constraint(content, part_from(site.text, start, site.span.end))
            if constraint is not None:
                constraints.append(constraint)
        elif kind == "TableLikeClause":
            like.append(relation_name(content["relation"]))
        else:
            site.missed(f"{kind} in CREATE TABLE")
    # A new table has no rows: the server marks its checks and foreign keys valid, whatever was written.
    constraints = [item._replace(validated=item.enforced) for item in constraints]
    parents = tuple(relation_name(item["RangeVar"]) for item in node.get("inhRelations", ()))
    bound = node.get("partbound")
    key = node.get("partspec")
    return TableDefinition(
        _without_nulls(columns, constraints),
        tuple(constraints),
        persistence(node["relation"]),
        tuple(like),
        () if bound else parents,
        convert_key(key) if key else None,
        parents[0] if bound and parents else None,
        convert_bound(bound) if bound else None,
        (*option_pairs(node.get("options")), *storage),
    )


def convert_key(node: Node) -> PartitionKey:
    strategy = node.get("strategy", "").removeprefix("PARTITION_STRATEGY_").lower()
    return PartitionKey(strategy, convert_elements(node.get("partParams")))


def _without_nulls(
    columns: list[ColumnDefinition], constraints: list[ConstraintDefinition]
) -> tuple[ColumnDefinition, ...]:
    """Primary keys and NOT NULL constraints of the table make their columns so."""
    required = {
        name
        for constraint in constraints
        if constraint.kind in ("primary-key", "not-null")
        for name in constraint.columns
    }
    if not required:
        return tuple(columns)
    return tuple(column._replace(nullable=column.nullable and column.name not in required) for column in columns)


def referenced(constraints: tuple[ConstraintDefinition, ...]) -> tuple[Name, ...]:
    """The tables that foreign keys name."""
    return tuple(dict.fromkeys(item.referenced for item in constraints if item.referenced is not None))


def create_table(node: Node, site: Site) -> list[Operation]:
    base = node.get("base", node)  # CREATE FOREIGN TABLE wraps the statement
    definition = convert_table(base, site)
    flags = {"if-not-exists"} if base.get("if_not_exists") else set()
    if definition.persistence != "permanent":
        flags.add(definition.persistence)
    operation = Operation(
        "create-foreign-table" if base is not node else "create-table",
        site.span,
        relation_name(base["relation"]),
        object="foreign-table" if base is not node else "table",
        definition=definition,
        reads=referenced(definition.constraints),
        flags=frozenset(flags),
        options=definition.options,
    )
    if "servername" in node:
        operation = operation._replace(value=node["servername"])
    if "ofTypename" in base:
        operation = operation._replace(type=convert_type(base["ofTypename"]))
    return [operation]


def create_index(node: Node, site: Site) -> list[Operation]:
    definition = IndexDefinition(
        node.get("idxname"),
        convert_elements(node.get("indexParams")),
        bool(node.get("unique")),
        node.get("accessMethod", "btree"),
        convert_expression(node["whereClause"]) if "whereClause" in node else None,
        tuple(item.column for item in convert_elements(node.get("indexIncludingParams")) if item.column),
        bool(node.get("nulls_not_distinct")),
    )
    flags = set()
    if node.get("concurrent"):
        flags.add("concurrently")
    if node.get("if_not_exists"):
        flags.add("if-not-exists")
    if not node["relation"].get("inh"):
        flags.add("only")
    if definition.name:
        flags.add("explicit-name")
    return [
        Operation(
            "create-index",
            site.span,
            relation_name(node["relation"]),
            object="index",
            definition=definition,
            flags=frozenset(flags),
            options=option_pairs(node.get("options")),
        )
    ]


HANDLERS = {"CreateStmt": create_table, "CreateForeignTableStmt": create_table, "IndexStmt": create_index}
