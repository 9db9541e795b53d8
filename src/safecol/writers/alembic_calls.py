"""A statement of a stage and the user's own call come in; calls of `op.*` that may send that statement go out.

Candidates are only offered: the reader of version files says of each whether it sends the statement or not.
"""

import re
from collections.abc import Iterator
from functools import partial

from libcst import Arg, Call

from safecol.operations import ColumnDefinition, ConstraintDefinition, IndexDefinition, Operation
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.writers import cst
from safecol.writers.layout import literal, long_literal

_TABLE_AT = {
    "add_column": 0, "drop_column": 0, "alter_column": 0, "create_index": 1, "create_foreign_key": 1,
    "create_unique_constraint": 1, "create_primary_key": 1, "create_check_constraint": 1, "drop_constraint": 1,
    "create_exclude_constraint": 1, "drop_index": 1,
}  # fmt: skip
# What each change of alter_column() is asked for with.
_ASPECTS = {
    "change-type": ("type_", "postgresql_using"),
    "set-not-null": ("nullable",),
    "drop-not-null": ("nullable",),
    "set-default": ("server_default",),
    "drop-default": ("server_default",),
    "comment": ("comment",),
    "rename-column": ("new_column_name", "name"),
}
# What calls can be turned into; those of other names are tried as they are.
_KINDS = {
    "create_index": ("create-index",), "drop_index": ("drop-index",), "create_foreign_key": ("add-constraint",),
    "create_check_constraint": ("add-constraint",), "create_exclude_constraint": ("add-constraint",),
    "create_unique_constraint": ("create-index",), "create_primary_key": ("create-index",),
    "add_column": ("add-column", "add-constraint", "create-index"), "drop_column": ("drop-column",),
    "alter_column": tuple(_ASPECTS), "drop_constraint": ("drop-constraint",), "create_table": ("create-table",),
    "drop_table": ("drop-table",), "rename_table": ("rename-table",),
}  # fmt: skip
_EVERY = tuple(dict.fromkeys(word for words in _ASPECTS.values() for word in words))
_OWN = ("ForeignKey", "CheckConstraint")
_FILLED = ("Identity", "Computed", "Sequence")
_PARAMETER = lazy(r"(?<![:\w\\]):(?=\w+(?!:))")
_CHECK = lazy(r"\bCHECK\s*\((?P<condition>.*)\)\s*(?:NOT\s+VALID)?\s*$", re.DOTALL | re.IGNORECASE)
_DEFAULT = lazy(r"\bSET\s+DEFAULT\s+(?P<value>.*?)\s*$", re.DOTALL | re.IGNORECASE)


class Style(NamedTuple):
    """How a file writes: what it calls Alembic's operations and the toolkit, and its quotes."""

    op: str = "op"
    toolkit: str = "sa"
    quote: str = '"'


def expanded(call: Call, batch: Call | None, op: str) -> Call:
    """The call as one of `op`; one of a batch gets the table, and its schema, that the batch is for."""
    if batch is None:
        return call
    word = cst.name(call)
    made = cst.on(call, op)
    table = cst.written(batch, 0, "table_name")
    if word == "drop_index":
        made = cst.with_keyword(made, "table_name", table)
    elif word in _TABLE_AT:
        made = cst.with_argument(made, _TABLE_AT[word], table)
    schema = cst.written(batch, 1, "schema")
    if schema and schema != "None":
        made = cst.with_keyword(made, "source_schema" if word == "create_foreign_key" else "schema", schema)
    return made


def candidates(operation: Operation, sql: str, call: Call | None, style: Style) -> Iterator[Call]:
    """Calls that may send a statement of one operation, those made of the user's own first."""
    seen: set[str] = set()
    for attempt in _of_call(operation, call, style) if call is not None and _may(operation, call) else ():
        code = cst.source(attempt)
        if code not in seen:
            seen.add(code)
            yield attempt
    made = _plain(operation, sql, style)
    if made:
        found = cst.parse(made)
        if found is not None:
            yield found


def _may(operation: Operation, call: Call) -> bool:
    """Whether a call of this name can be turned into one that does the operation."""
    kinds = _KINDS.get(cst.name(call))
    return kinds is None or operation.kind in kinds


def _of_call(operation: Operation, call: Call, style: Style) -> Iterator[Call]:
    word = cst.name(call)
    definition = operation.definition
    if word in ("create_index", "drop_index"):
        made = cst.without_keywords(call, ("if_not_exists",))
        if "concurrently" in operation.flags:
            made = cst.with_keyword(made, "postgresql_concurrently", "True")
        yield made
        if word == "create_index" and operation.kind == "create-index" and isinstance(definition, IndexDefinition):
            yield from _renamed(made, definition.name, style)
    elif isinstance(definition, ConstraintDefinition) and word in ("create_foreign_key", "create_check_constraint"):
        made = call if definition.validated else cst.with_keyword(call, "postgresql_not_valid", "True")
        yield made
        yield from _renamed(made, definition.name, style)
    elif word in ("create_unique_constraint", "create_primary_key") and isinstance(definition, IndexDefinition):
        yield from _as_index(operation, definition, call, style)
    elif word == "add_column":
        yield from _of_column(operation, call, style)
    elif word == "alter_column":
        yield restricted(call, (operation.kind,))
    yield call


def _renamed(call: Call, name: str | None, style: Style) -> Iterator[Call]:
    if name and call.args and cst.written(call, 0, "constraint_name", "index_name", "name") == "None":
        yield cst.with_value(call, call.args[0], cst.expression(literal(name, style.quote)))


def _as_index(operation: Operation, definition: IndexDefinition, call: Call, style: Style) -> Iterator[Call]:
    """An index with the name, table and columns as the constraint's own call has them."""
    name = cst.written(call, 0, "constraint_name")
    table, columns = cst.written(call, 1, "table_name"), cst.written(call, 2, "columns", "cols")
    if not (table and columns):
        return
    if name in ("", "None"):
        name = literal(definition.name or "", style.quote)
    words = [name, table, columns, *(["unique=True"] if definition.unique else [])]
    schema = cst.written(call, -1, "schema")
    words += [f"schema={schema}"] if schema else []
    words += ["postgresql_concurrently=True"] if "concurrently" in operation.flags else []
    for option in ("postgresql_nulls_not_distinct", "postgresql_include"):
        value = cst.written(call, -1, option)
        words += [f"{option}={value}"] if value else []
    found = cst.parse(f"{style.op}.create_index({', '.join(words)})")
    if found is not None:
        yield found


def _of_column(operation: Operation, call: Call, style: Style) -> Iterator[Call]:
    definition = operation.definition
    column = cst.argument(call, 1, "column")
    if not isinstance(column, Call):
        return
    if isinstance(definition, ColumnDefinition):
        yield from columns_of(call)
        return
    table, name = cst.written(call, 0, "table_name"), cst.written(column, 0, "name")
    schema = cst.written(call, -1, "schema")
    if isinstance(definition, IndexDefinition) and definition.name:
        words = [f"{style.op}.f({literal(definition.name, style.quote)})", table, f"[{name}]"]
        words += [f"schema={schema}"] if schema else []
        words += ["unique=True"] if definition.unique else []
        words += ["postgresql_concurrently=True"] if "concurrently" in operation.flags else []
        found = cst.parse(f"{style.op}.create_index({', '.join(words)})")
        if found is not None:
            yield found
    if isinstance(definition, ConstraintDefinition) and definition.kind == "foreign-key":
        reference = next((arg.value for arg in column.args if _is(arg, ("ForeignKey",))), None)
        made = _plain(operation._replace(definition=definition._replace(validated=True)), "", style)
        found = cst.parse(made) if made else None
        if found is None or not isinstance(reference, Call):
            return
        for arg in reference.args:
            word = cst.keyword(arg)
            if word in ("onupdate", "ondelete", "deferrable", "initially", "match"):
                found = cst.with_keyword(found, word, cst.source(arg.value))
        yield found if definition.validated else cst.with_keyword(found, "postgresql_not_valid", "True")


def columns_of(call: Call) -> Iterator[Call]:
    """The call of add_column() with less and less of what its column brings along."""
    column = cst.argument(call, 1, "column")
    if not isinstance(column, Call):
        return
    alone = cst.without_keywords(cst.without(column, lambda arg: _is(arg, _OWN)), ("unique", "index"))
    steps = [column]
    steps += [cst.without_keywords(column, words) for words in (("index",), ("unique",), ("unique", "index"))]
    steps.append(cst.without(column, lambda arg: _is(arg, _OWN)))
    steps += [cst.without_keywords(cst.without(column, partial(_is, names=(own,))), ("index",)) for own in _OWN]
    steps.append(alone)
    steps += [
        cst.without_keywords(alone, words)
        for words in (("nullable",), ("server_default",), ("nullable", "server_default"))
    ]
    plain = cst.without_keywords(
        cst.without(alone, lambda arg: _is(arg, _FILLED)),
        ("nullable", "server_default", "primary_key", "autoincrement", "comment"),
    )
    steps += [plain, cst.with_keyword(plain, "nullable", "True")]
    holder = next(arg for arg in call.args if arg.value is column)
    for step in steps:
        yield cst.with_value(call, holder, step)


def restricted(call: Call, kinds: tuple[str, ...]) -> Call:
    """The call of alter_column() with only what these kinds of changes are asked for with."""
    wanted = {word for kind in kinds for word in _ASPECTS.get(kind, ())}
    return cst.without_keywords(call, (word for word in _EVERY if word not in wanted))


def _is(arg: Arg, names: tuple[str, ...]) -> bool:
    return isinstance(arg.value, Call) and not arg.keyword and cst.name(arg.value) in names


def _plain(operation: Operation, sql: str, style: Style) -> str:
    """A call that is made of the operation alone; empty where `op` has none for it."""
    relation = operation.relation
    if relation is None:
        return ""
    op, table = style.op, _text(relation.name, style)
    schema = f", schema={_text(relation.schema, style)}" if relation.schema else ""
    column = _text(operation.column or "", style)
    definition = operation.definition
    kind = operation.kind
    if isinstance(definition, ConstraintDefinition):
        return _constraint(operation, definition, sql, style)
    if isinstance(definition, IndexDefinition):
        return _index(definition, operation, style)
    if kind in ("set-not-null", "drop-not-null"):
        return f"{op}.alter_column({table}, {column}, nullable={kind == 'drop-not-null'}{schema})"
    if kind == "drop-default":
        return f"{op}.alter_column({table}, {column}, server_default=None{schema})"
    if kind == "set-default" and (match := _DEFAULT.search(sql)):
        value = f"{style.toolkit}.text({_text(escaped(match['value']), style)})"
        return f"{op}.alter_column({table}, {column}, server_default={value}{schema})"
    if kind == "drop-column":
        return f"{op}.drop_column({table}, {column}{schema})"
    if kind == "drop-constraint" and operation.value:
        return f"{op}.drop_constraint({_text(operation.value, style)}, {table}{schema})"
    if kind == "rename-column" and operation.new_name:
        new = _text(operation.new_name, style)
        return f"{op}.alter_column({table}, {column}, new_column_name={new}{schema})"
    if kind == "rename-table" and operation.new_name:
        return f"{op}.rename_table({table}, {_text(operation.new_name, style)}{schema})"
    if kind == "drop-table":
        return f"{op}.drop_table({table}{schema})"
    if kind == "drop-index":
        words = ", postgresql_concurrently=True" * ("concurrently" in operation.flags)
        words += ", if_exists=True" * ("if-exists" in operation.flags)
        return f"{op}.drop_index({table}{schema}{words})"
    return ""


def _constraint(operation: Operation, definition: ConstraintDefinition, sql: str, style: Style) -> str:
    relation = operation.relation
    if relation is None or definition.name is None:
        return ""
    name, table = _text(definition.name, style), _text(relation.name, style)
    valid = "" if definition.validated else ", postgresql_not_valid=True"
    if definition.kind == "check" and (match := _CHECK.search(sql)):
        schema = f", schema={_text(relation.schema, style)}" if relation.schema else ""
        condition = _text(escaped(match["condition"]), style)
        return f"{style.op}.create_check_constraint({name}, {table}, {condition}{schema}{valid})"
    other = definition.referenced
    if definition.kind != "foreign-key" or other is None or not definition.referenced_columns:
        return ""
    words = [name, table, _text(other.name, style), _list(definition.columns, style)]
    words.append(_list(definition.referenced_columns, style))
    words += [f"source_schema={_text(relation.schema, style)}"] if relation.schema else []
    words += [f"referent_schema={_text(other.schema, style)}"] if other.schema else []
    return f"{style.op}.create_foreign_key({', '.join(words)}{valid})"


def _index(definition: IndexDefinition, operation: Operation, style: Style) -> str:
    columns = [element.column for element in definition.elements if element.column is not None]
    relation = operation.relation
    if len(columns) < len(definition.elements) or not definition.name or relation is None:
        return ""
    words = [_text(definition.name, style), _text(relation.name, style), _list(columns, style)]
    words += ["unique=True"] if definition.unique else []
    words += [f"schema={_text(relation.schema, style)}"] if relation.schema else []
    words += ["postgresql_concurrently=True"] if "concurrently" in operation.flags else []
    return f"{style.op}.create_index({', '.join(words)})"


def _text(text: str, style: Style) -> str:
    return literal(text, style.quote)


def _list(names: "tuple[str, ...] | list[str]", style: Style) -> str:
    return f"[{', '.join(_text(name, style) for name in names)}]"


def escaped(sql: str) -> str:
    """SQL for the toolkit's `text()`: what looks like a parameter is none."""
    text: str = _PARAMETER.sub(r"\\:", sql)
    return text


def execute(sql: str, style: Style, column: int, width: int) -> str:
    """The call that sends some SQL as it is; it will stand at a column."""
    text = escaped(sql)
    short = f"{style.op}.execute({literal(text, style.quote)})"
    if "\n" not in text and len(short) <= width:
        return short
    return f"{style.op}.execute(\n    {long_literal(text, column + 4)}\n)"
