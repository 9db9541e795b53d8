"""Columns and constraints of sqlglot's trees come in, definitions without dialect words go out."""

from safecol.expressions import TypeName
from safecol.frontends.sqlglot.expressions import convert_expression, convert_type
from safecol.frontends.sqlglot.queries import relation_name
from safecol.frontends.sqlglot.style import Node, Style
from safecol.operations import ColumnDefinition, ConstraintDefinition, Name, TableDefinition
from safecol.source import Span

_KEYS = {"primarykeycolumnconstraint": "primary-key", "uniquecolumnconstraint": "unique"}


def column(node: Node, span: Span, style: Style) -> tuple[ColumnDefinition, list[ConstraintDefinition]]:
    """A ColumnDef's definition, and its inline constraints other than NOT NULL."""
    name = style.column(node.name)
    kind = node.args.get("kind")
    known = kind is not None and kind.key == "datatype"
    made = ColumnDefinition(name, convert_type(kind, style) if known else TypeName(""), span)
    constraints: list[ConstraintDefinition] = []
    for item in node.args.get("constraints") or ():
        inner = item.args.get("kind")
        key = getattr(inner, "key", "")
        if key == "notnullcolumnconstraint":
            made = made._replace(nullable=bool(inner.args.get("allow_null")))
        elif key == "defaultcolumnconstraint":
            made = made._replace(default=convert_expression(inner.this, style))
        elif key in ("generatedasidentitycolumnconstraint", "autoincrementcolumnconstraint"):
            made = made._replace(identity="by default", nullable=False)
        elif key == "computedcolumnconstraint":
            made = made._replace(generated="stored", expression=convert_expression(inner.this, style))
        elif key in _KEYS:
            nullable = made.nullable and key != "primarykeycolumnconstraint"
            made = made._replace(nullable=nullable)
            constraints.append(ConstraintDefinition(_KEYS[key], _name(item, style), (name,), span))
        elif key == "reference":
            constraints.append(_reference(inner, _name(item, style), (name,), span, style))
        elif key == "checkcolumnconstraint":
            condition = convert_expression(inner.this, style)
            constraints.append(ConstraintDefinition("check", _name(item, style), (name,), span, condition))
    return made, constraints


def _name(node: Node, style: Style) -> str | None:
    this = node.args.get("this")
    return style.column(this.name) if this is not None and this.key == "identifier" else None


def _reference(
    node: Node, name: str | None, columns: tuple[str, ...], span: Span, style: Style
) -> ConstraintDefinition:
    table = node.this
    referenced: tuple[str, ...] = ()
    if table.key == "schema":
        referenced = tuple(style.column(item.name) for item in table.expressions)
        table = table.this
    return ConstraintDefinition(
        "foreign-key",
        name,
        columns,
        span,
        referenced=relation_name(table, style),
        referenced_columns=referenced,
    )


def constraints(node: Node, span: Span, style: Style, name: str | None = None) -> list[ConstraintDefinition]:
    """What a table's constraint says; empty for what is none (an index, a projection)."""
    if node.key in ("constraint", "addconstraint"):
        own = _name(node, style) or name
        return [made for item in node.expressions for made in constraints(item, span, style, own)]
    if node.key == "foreignkey":
        columns = tuple(style.column(item.name) for item in node.expressions)
        return [_reference(node.args["reference"], name, columns, span, style)]
    if node.key in ("primarykey", "uniquecolumnconstraint"):
        items = node.expressions or getattr(node.this, "expressions", None) or ()
        columns = tuple(style.column(item.name) for item in items)
        kind = "primary-key" if node.key == "primarykey" else "unique"
        return [ConstraintDefinition(kind, name, columns, span)]
    if node.key == "checkcolumnconstraint":
        return [ConstraintDefinition("check", name, (), span, convert_expression(node.this, style))]
    return []


def table(node: Node, span: Span, style: Style) -> tuple[Name, TableDefinition]:
    """The name and definition of what CREATE TABLE makes."""
    this = node.this
    persistence = "permanent"
    properties = node.args.get("properties")
    if properties is not None and any(item.key == "temporaryproperty" for item in properties.expressions):
        persistence = "temporary"
    if this.key != "schema":
        return relation_name(this, style), TableDefinition(persistence=persistence)
    columns: list[ColumnDefinition] = []
    found: list[ConstraintDefinition] = []
    for item in this.expressions:
        if item.key == "columndef":
            made, inline = column(item, span, style)
            columns.append(made)
            found += inline
        else:
            found += constraints(item, span, style)
    keys = {name for item in found if item.kind == "primary-key" for name in item.columns}
    definition = TableDefinition(
        tuple(item._replace(nullable=item.nullable and item.name not in keys) for item in columns),
        tuple(found),
        persistence,
    )
    return relation_name(this.this, style), definition
