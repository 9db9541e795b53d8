"""A Python file and names that are gone come in; where its models (SQLAlchemy, Django, Peewee) declare them, out."""

import ast
import os
from collections.abc import Iterator, Sequence

from safecol.code.gone import Gone
from safecol.code.sql import Place, same
from safecol.patterns import lazy
from safecol.records import NamedTuple

_MAPPED = lazy(r"__tablename__|\bTable\(|db_table|table_name|\bmodels\.|\bfields\.")
_COLUMNS = ("Column", "mapped_column", "deferred", "Field", "ForeignKey", "OneToOneField", "column_property")
_KEYS = ("ForeignKey", "OneToOneField", "ForeignKeyField")
_BASES = ("Model", "Base", "SQLModel", "BaseModel", "Entity", "db.Model", "ModelBase")


class _Model(NamedTuple):
    """`table` is None where the model doesn't say one."""

    node: ast.ClassDef
    table: str | None
    schema: str | None
    at: ast.AST


def places(path: str, source: str, gone: Sequence[Gone]) -> Iterator[Place]:
    """The declarations of tables and columns that are gone; nothing of a file that Python can't read."""
    if _MAPPED.search(source) is None:
        return
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return
    starts = _starts(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _of_class(path, node, source, starts, gone)
        elif isinstance(node, ast.Call) and _called(node) == "Table" and len(node.args) >= 2:
            yield from _of_table(node, source, starts, gone)


def _starts(source: str) -> list[int]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _place(gone: Gone, node: ast.AST, source: str, starts: list[int], word: str) -> Place:
    line = starts[getattr(node, "lineno", 1) - 1]
    end = starts[min(getattr(node, "end_lineno", 1) or 1, len(starts) - 1)]
    found = source.find(word, line, end)
    start = found if found >= 0 else line
    return Place(gone, start, start + len(word))


def _of_class(path: str, node: ast.ClassDef, source: str, starts: list[int], gone: Sequence[Gone]) -> Iterator[Place]:
    model = _model(node)
    if model is None:
        return
    for each in gone:
        if not _names(model, each, path):
            continue
        if each.kind == "relation":
            yield _place(each, model.at, source, starts, each.name if model.table else node.name)
        elif each.kind == "column":
            for item in node.body:
                word = _declares(item, each.column or "")
                if word:
                    yield _place(each, item, source, starts, word)
                    break


def _model(node: ast.ClassDef) -> _Model | None:
    """What a class says of its table; None for one that is no model."""
    table = schema = None
    at: ast.AST = node
    abstract = managed = False
    for item in node.body:
        for name, value in _assigned(item):
            if name == "__tablename__" and (text := _text(value)):
                table, at = text, item
            elif name == "__table_args__" and isinstance(value, (ast.Dict, ast.Tuple)):
                schema = _schema(value) or schema
            elif name == "__abstract__":
                abstract = True
        if isinstance(item, ast.ClassDef) and item.name == "Meta":
            for inner in item.body:
                for name, value in _assigned(inner):
                    if name in ("db_table", "table_name") and (text := _text(value)):
                        table, at = text, inner
                    elif name == "abstract":
                        abstract = True
    fields = any(_is_field(value) for item in node.body for _, value in _assigned(item))
    managed = table is not None or (fields and any(_base(base) for base in node.bases))
    if abstract or not managed:
        return None
    return _Model(node, table, schema, at)


def _names(model: _Model, gone: Gone, path: str) -> bool:
    if model.table is not None:
        schema, _, name = model.table.rpartition(".")
        written = schema.strip('"') or model.schema
        return same(name.strip('"'), gone.name) and (written is None or same(written, gone.schema or "public"))
    if gone.schema is not None:
        return False
    # Django's own name: the application's folder, then the model's.
    folder = os.path.dirname(path)
    if os.path.basename(folder) == "models":
        folder = os.path.dirname(folder)
    label = os.path.basename(folder)
    return gone.name == f"{label}_{model.node.name}".lower() and _is_django(model.node)


def _is_django(node: ast.ClassDef) -> bool:
    return any(
        isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and isinstance(value.func.value, ast.Name)
        and value.func.value.id in ("models", "fields") for item in node.body for _, value in _assigned(item)
    )  # fmt: skip


def _base(base: ast.expr) -> bool:
    text = ast.unparse(base)
    return text in _BASES or text.rpartition(".")[2] in _BASES or text.endswith(("Model", "Base", "Mixin"))


def _assigned(item: ast.stmt) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(item, ast.Assign):
        for target in item.targets:
            if isinstance(target, ast.Name):
                yield target.id, item.value
    elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
        yield item.target.id, item.value


def _declares(item: ast.stmt, column: str) -> str:
    """The word by which a statement of a model declares this column; empty when it doesn't."""
    for name, value in _assigned(item):
        if isinstance(item, ast.AnnAssign) and value is None:
            return name if name == column and "Mapped" in ast.unparse(item.annotation) else ""
        if not isinstance(value, ast.Call) or not _is_field(value):
            return ""
        for inner in [value, *value.args]:  # deferred(Column("a"))
            if isinstance(inner, ast.Call) and (given := _given(inner)):
                return given if given == column else ""
        key = _called(value) in _KEYS and not _called(value).startswith("Many") and f"{name}_id" == column
        return name if name == column or key else ""
    return ""


def _given(call: ast.Call) -> str:
    """The column's name where a declaration says one of its own."""
    for word in call.keywords:
        if word.arg in ("db_column", "column_name", "name") and (text := _text(word.value)):
            return text
    if _called(call) in ("Column", "mapped_column") and call.args:
        return _text(call.args[0])
    return ""


def _is_field(value: ast.expr | None) -> bool:
    if not isinstance(value, ast.Call):
        return False
    name = _called(value)
    return (name in _COLUMNS or name.endswith(("Field", "Column"))) and name not in ("ManyToManyField", "field")


def _called(call: ast.Call) -> str:
    function = call.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def _text(value: ast.AST | None) -> str:
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _schema(value: ast.Dict | ast.Tuple) -> str | None:
    if isinstance(value, ast.Tuple):
        last = value.elts[-1] if value.elts else None
        return _schema(last) if isinstance(last, ast.Dict) else None
    for key, item in zip(value.keys, value.values, strict=True):
        if _text(key) == "schema":
            return _text(item) or None
    return None


def _of_table(node: ast.Call, source: str, starts: list[int], gone: Sequence[Gone]) -> Iterator[Place]:
    """`Table("users", metadata, Column("phone", …))`."""
    schema, _, name = _text(node.args[0]).rpartition(".")
    schema = schema or next((_text(word.value) for word in node.keywords if word.arg == "schema"), "")
    for each in gone:
        if not same(name, each.name) or (schema and not same(schema, each.schema or "public")):
            continue
        if each.kind == "relation":
            yield _place(each, node.args[0], source, starts, each.name)
        elif each.kind == "column":
            for item in node.args[1:]:
                if (
                    isinstance(item, ast.Call)
                    and _called(item) == "Column"
                    and item.args
                    and _text(item.args[0]) == each.column
                ):
                    yield _place(each, item, source, starts, each.column)
