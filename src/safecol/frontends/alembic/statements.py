"""What is handed to `execute` comes in as a value; the SQL that it stands for goes out."""

from collections.abc import Iterator

from safecol.frontends.alembic.expressions import partly
from safecol.frontends.alembic.names import NotKnown, Target, dotted, known, qualified, quoted, why
from safecol.frontends.python.emitted import Piece
from safecol.frontends.python.values import Class, External, Made, Member, Text, Unknown, Value, path_of

_DML = frozenset({"update", "insert", "delete"})
_READS = frozenset({"select", "exists", "query", "union", "union_all"})
_MOST_ROWS = 50


def text_of(value: Value) -> Text | None:
    """The SQL of a string, `sa.text(…)` or `sa.DDL(…)`; None for other values."""
    while isinstance(value, Made):
        name = value.path.rpartition(".")[2]
        if name in ("text", "DDL", "TextClause") and value.arguments:
            value = value.arguments[0]
        elif name in ("bindparams", "execution_options", "columns"):
            value = value.base
        else:
            return None
    return _unescaped(value) if isinstance(value, Text) else None


def _unescaped(text: Text) -> Text:
    r"""The text with `\:` as the toolkit sends it: a colon that begins no parameter."""
    from safecol.frontends.python.values import joined

    if "\\:" not in str(text):
        return text
    parts, at = [], 0
    plain = str(text)
    while (found := plain.find("\\:", at)) >= 0:
        parts.append(text.part(at, found))
        at = found + 1
    return joined([*parts, text.part(at, len(text))])


def is_read(value: Value) -> bool:
    """Whether a Core statement only reads."""
    root, _ = _chain(value)
    return root is not None and root.path.rpartition(".")[2] in _READS


def of_core(to: Target, value: Value) -> Iterator[list[Piece]]:
    """The SQL of a statement of the toolkit's expression language. Errors: NotKnown."""
    root, calls = _chain(value)
    if root is None:
        raise NotKnown(why(value, "the SQL"))
    name = root.path.rpartition(".")[2]
    if name in ("CreateSequence", "DropSequence") and root.arguments and isinstance(root.arguments[0], Made):
        made = root.arguments[0]
        word = "CREATE" if name.startswith("Create") else "DROP"
        sequence = qualified(to, made.argument(0, "name"), made.keywords.get("schema"), "the sequence")
        yield [Piece(f"{word} SEQUENCE {sequence}")]
        return
    if name not in _DML:
        raise NotKnown(why(value, "the SQL"))
    method = isinstance(root.base, (Made, Member)) or path_of(root.base).startswith(("tables.", "?"))
    subject = root.base if method else (root.arguments[0] if root.arguments else root.keywords.get("table"))
    table = table_name(to, subject)
    where = [
        one
        for call in calls
        if call.path.endswith((".where", ".filter", ".filter_by"))
        for one in (call.arguments or (None,))
    ]
    where += [root.arguments[0]] if method and root.arguments and name != "insert" else []
    where += [root.keywords["whereclause"]] if "whereclause" in root.keywords else []
    written = " AND ".join(partly(to, one, "a condition") for one in where)
    tail = f" WHERE {written}" if where else ""
    if name == "delete":
        yield [Piece(f"DELETE FROM {table}{tail}")]
        return
    if name == "insert":
        select = next((call for call in calls if call.path.endswith(".from_select")), None)
        if select is not None:
            yield [Piece(f"INSERT INTO {table}{_listed(to, select.argument(0, 'names'))} SELECT * FROM ${{select}}")]
            return
        yield from insertion(to, subject, _values(root, calls))
        return
    values = _values(root, calls)
    pairs = values.items() if isinstance(values, dict) else [(Unknown("column", ""), Unknown("value", ""))]
    sets = ", ".join(f"{_column(to, key)} = {partly(to, item, 'a value')}" for key, item in pairs)
    yield [Piece(f"UPDATE {table} SET {sets}{tail}")]


def of_query(to: Target, call: Made) -> Iterator[list[Piece]]:
    """UPDATE or DELETE of `session.query(Model).filter(…).update({…})`. Errors: NotKnown."""
    where: list[str] = []
    value: Value = call.base
    while isinstance(value, Made) and value.path.rpartition(".")[2] != "query":
        if value.path.endswith((".filter", ".where", ".filter_by")):
            where += [partly(to, one, "a condition") for one in value.arguments]
            where += [f"{quoted(to, key)} = {partly(to, one, 'a value')}" for key, one in value.keywords.items()]
        value = value.base
    if not isinstance(value, Made) or not value.arguments:
        raise NotKnown("the rows that a session writes are not known")
    table = table_name(to, value.arguments[0])
    tail = f" WHERE {' AND '.join(reversed(where))}" if where else ""
    if call.path.endswith(".delete"):
        yield [Piece(f"DELETE FROM {table}{tail}")]
        return
    values = call.argument(0, "values")
    pairs = values.items() if isinstance(values, dict) else [(Unknown("column", ""), Unknown("value", ""))]
    sets = ", ".join(f"{_column(to, key)} = {partly(to, item, 'a value')}" for key, item in pairs)
    yield [Piece(f"UPDATE {table} SET {sets}{tail}")]


def _listed(to: Target, names: Value) -> str:
    if type(names) not in (list, tuple) or not all(isinstance(one, Text) for one in names):
        return ""
    return f" ({', '.join(quoted(to, str(one)) for one in names)})"


def _chain(value: Value) -> tuple[Made | None, list[Made]]:
    """The call that begins a statement, and the method calls on it."""
    calls: list[Made] = []
    while isinstance(value, Made):
        name = value.path.rpartition(".")[2]
        if name in _DML or name in _READS or name in ("CreateSequence", "DropSequence"):
            return value, calls
        calls.append(value)
        base = value.base
        if not isinstance(base, Made):
            return (value, calls) if not isinstance(base, Made) and "(" not in value.path else (None, calls)
        value = base
    return None, calls


def _values(root: Made, calls: list[Made]) -> Value:
    found: dict[Value, Value] = {}
    for call in (root, *calls):
        if call is root or call.path.endswith(".values"):
            first = call.keywords.get("values") if call is root else (call.arguments[0] if call.arguments else None)
            if isinstance(first, dict):
                found.update(first)
            elif first is not None:
                return first
            if call is not root:
                found.update(call.keywords)
    return found or Unknown("values", "they are not known")


def _column(to: Target, key: Value) -> str:
    if isinstance(key, str):
        return quoted(to, str(key))
    if isinstance(key, Member) and isinstance(key.base, Class):
        return quoted(to, key.name)
    path = path_of(key)
    if path and not path.endswith(")"):
        return quoted(to, path.rpartition(".")[2])
    return "${column}"


def insertion(to: Target, subject: Value, rows: Value) -> Iterator[list[Piece]]:
    """INSERT with the rows that are known. Errors: NotKnown."""
    table = table_name(to, subject)
    if isinstance(rows, dict):
        rows = [rows]
    known_rows = [row for row in rows if isinstance(row, dict)] if type(rows) in (list, tuple) else []
    if type(rows) in (list, tuple) and not rows:
        return
    if not known_rows or not all(isinstance(key, str) for key in known_rows[0]):
        yield [Piece(f"INSERT INTO {table} SELECT * FROM ${{rows}}")]
        return
    columns = list(known_rows[0])
    lines = ", ".join(
        "(" + ", ".join(_value(to, row.get(column)) for column in columns) + ")" for row in known_rows[:_MOST_ROWS]
    )
    yield [Piece(f"INSERT INTO {table} ({', '.join(quoted(to, str(one)) for one in columns)}) VALUES {lines}")]


def _value(to: Target, value: Value) -> str:
    return partly(to, value, "a value")


def table_name(to: Target, value: Value) -> str:
    """The qualified name of a table that the file describes. Errors: NotKnown."""
    if isinstance(value, Made):
        name = value.path.rpartition(".")[2]
        if name in ("table", "Table", "create_table", "table_", "TableClause") and value.arguments:
            return qualified(to, value.arguments[0], value.keywords.get("schema"))
        if name == "alias" and value.base is not None:
            return table_name(to, value.base)
    if isinstance(value, Member) and value.name == "__table__":
        return table_name(to, value.base)
    if isinstance(value, Class) and isinstance(value.names.get("__tablename__"), Text):
        return dotted(to, known(value.names["__tablename__"], "the table"))
    if isinstance(value, Class) and "__table__" in value.names:
        return table_name(to, value.names["__table__"])
    if isinstance(value, External) and value.path.startswith("tables."):
        return quoted(to, value.path.rpartition(".")[2])
    raise NotKnown(why(value, "the table"))
