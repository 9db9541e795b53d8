"""A change that ALTER TABLE lacks comes in with the schema so far; the twelve steps that build the table anew go out.

https://www.sqlite.org/lang_altertable.html#making_other_kinds_of_table_schema_changes
"""

import re
from collections.abc import Callable
from itertools import pairwise

from safecol.context import Context
from safecol.dialects.sqlite.values import default_class
from safecol.frontends.sqlite.lexing import Token, tokens
from safecol.operations import ColumnDefinition, ConstraintDefinition, Operation

Texts = tuple[tuple[str, str], ...]

_CLAUSES = frozenset(
    {
        "CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED",
        "AS", "DEFERRABLE",
    }
)  # fmt: skip


def script(context: Context, operation: Operation, key: str) -> str | None:
    """The SQL that makes the change with every row, index, trigger and view kept; None where not all of it is known.

    It begins and ends with PRAGMA foreign_keys, so it has to run outside a transaction.
    """
    texts = context.schema.texts.get(f"table {key}")
    change = _CHANGES.get(operation.kind)
    if texts is None or change is None or key.startswith("temp."):
        return None
    if operation.kind == "add-column":  # of whose constraints one asks, the column is there already
        if isinstance(operation.definition, ColumnDefinition) and _is_required(operation.definition):
            return None
        texts = tuple(pair for pair in texts if pair[0] != f"column {operation.column}")
    changed = change(texts, operation)
    if changed is None or not any(name.startswith("column ") for name, _ in changed):
        return None
    return _twelve_steps(context, key, texts, changed, operation)


def once_filled(context: Context, operation: Operation, key: str) -> str | None:
    """The SQL that gives a column, which was added as nullable and filled since, the definition that was asked for."""
    texts = context.schema.texts.get(f"table {key}")
    if texts is None or key.startswith("temp."):
        return None
    asked = _add_column(tuple(pair for pair in texts if pair[0] != f"column {operation.column}"), operation)
    return _twelve_steps(context, key, asked, asked, operation) if asked is not None else None


def _twelve_steps(context: Context, key: str, texts: Texts, changed: Texts, operation: Operation) -> str | None:
    gone = operation.column if operation.kind == "drop-column" else None
    around = _around(context, key, gone)
    if around is None:
        return None
    before, after = around
    name, new = quoted(key), quoted(f"{key}_new")
    kept = [column for column in _columns(changed) if column in _columns(texts) and not _generated(texts, column)]
    listed = ", ".join(quoted(column) for column in kept)
    pieces = [text for kind, text in changed if kind.startswith("column ") or kind == "constraint"]
    suffix = ", ".join(
        word for option, word in (("strict", "STRICT"), ("without_rowid", "WITHOUT ROWID")) if option in dict(changed)
    )
    body = ",\n  ".join(pieces)
    lines = [
        "PRAGMA foreign_keys = OFF;",
        "BEGIN;",
        *before,
        f"CREATE TABLE {new} (\n  {body}\n){' ' + suffix if suffix else ''};",
        *_looked_at(context, key, operation),
        f"INSERT INTO {new} ({listed}) SELECT {listed} FROM {name};",  # noqa: S608 - shown to the user, never sent
    ]
    if any(re.search(r"\bAUTOINCREMENT\b", text, re.IGNORECASE) for text in pieces):
        lines += _counter(key, f"{key}_new")
    lines += [f"DROP TABLE {name};", f"ALTER TABLE {new} RENAME TO {name};", *after]
    lines += ["PRAGMA foreign_key_check;", "COMMIT;", "PRAGMA foreign_keys = ON;"]
    return "\n".join(lines)


def _looked_at(context: Context, key: str, operation: Operation) -> list[str]:
    """What has to be true of the rows before they are copied, where the change asks anything of them."""
    definition = operation.definition
    if isinstance(definition, ColumnDefinition):
        return [_sure(f"no row has NULL in {quoted(definition.name)}")] if _is_required(definition) else []
    column = context.column(key, operation.column or "")
    if operation.kind == "set-not-null" and column is not None and column.nullable:
        return [_sure(f"no row has NULL in {quoted(column.name)}")]
    if isinstance(definition, ConstraintDefinition) and definition.kind in ("check", "unique"):
        return [_sure("no row breaks the new constraint")]
    return []


def _is_required(column: ColumnDefinition) -> bool:
    return column.nullable is False and default_class(column.default) == "none" and not column.generated


def _sure(what: str) -> str:
    return f"-- safecol: ignore[failing-table-copy] {what}"


def _counter(old: str, new: str) -> list[str]:
    """What hands the counter of AUTOINCREMENT on: the highest number ever given may not be in the table any more."""
    old, new = (name.replace("'", "''") for name in (old, new))
    counted = f"SELECT '{new}', seq FROM sqlite_sequence WHERE name = '{old}'"  # noqa: S608 - shown, never sent
    return [
        f"DELETE FROM sqlite_sequence WHERE name = '{new}';",  # noqa: S608
        f"INSERT INTO sqlite_sequence (name, seq) {counted};",
    ]


def _around(context: Context, key: str, gone: str | None) -> tuple[list[str], list[str]] | None:
    """What has to be dropped before and made again after: indexes, triggers and views; None where a text is missing."""
    schema = context.schema
    views = _views(context, key)
    if gone is not None and any(
        item.columns is None or gone in item.columns for item in schema.dependents.get(key, ())
    ):
        return None
    before = [f"DROP VIEW {quoted(view)};" for view in reversed(views)]
    after: list[str] = []
    for index in schema.indexes_of(key):
        if index.constraint is not None:
            continue
        if gone is not None and any(element.column == gone for element in index.definition.elements):
            continue
        after.append(_sql(context, f"index {index.name}"))
    after += [_sql(context, f"view {view}") for view in views]
    mentioned = {item.name for item in schema.dependents.get(key, ()) if item.kind == "trigger"}
    for name, texts in schema.texts.items():
        if not name.startswith("trigger "):
            continue
        table = texts[0][1]
        if table != key and table not in views and name in mentioned:
            # RENAME looks at it while the table that it names is away.
            before.append(f"DROP TRIGGER {quoted(name.removeprefix('trigger '))};")
        if table == key or table in views or name in mentioned:
            after.append(_sql(context, name))
    return None if "" in after else (before, [text if text.endswith(";") else f"{text};" for text in after])


def _views(context: Context, key: str) -> list[str]:
    """Views over a table, and views over those, each after what it reads."""
    found = [key]
    for name in found:
        found.extend(
            item.name
            for item in context.schema.dependents.get(name, ())
            if item.kind == "view" and item.name not in found
        )
    return found[1:]


def _sql(context: Context, name: str) -> str:
    return dict(context.schema.texts.get(name, ())).get("sql", "")


def quoted(name: str) -> str:
    """A name as it can be written."""
    from safecol.frontends.sqlite.cursor import RESERVED

    if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name.upper() not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def changed(texts: Texts, operation: Operation) -> Texts | None:
    """The pieces of a table after a change; None where it can't be made in them."""
    change = _CHANGES.get(operation.kind)
    return change(texts, operation) if change is not None else None


def with_column_renamed(text: str, old: str, new: str) -> str:
    """A piece of a table, or an index, with one of its columns under another name; not those that it refers to."""
    found = [token for token, _ in _tokens(text)]
    elsewhere: set[int] = set()
    for number, token in enumerate(found):
        if token.word == "REFERENCES" and found[number + 2 : number + 3] and found[number + 2].word == "(":
            closing = next(at for at in range(number, len(found)) if found[at].word == ")")
            elsewhere.update(each.start for each in found[number + 1 : closing])
    return _renamed(
        text,
        old,
        new,
        lambda token, before, after: token.start not in elsewhere and before != "." and after not in _CALLS,
    )


def with_table_renamed(text: str, old: str, new: str) -> str:
    """The SQL of an index, trigger or view with a table under another name, as the server rewrites it."""
    return _renamed(text, old, new, lambda _token, before, after: before in _BEFORE_TABLES or after == ".")


_CALLS = frozenset({"(", "."})
_BEFORE_TABLES = frozenset({"ON", "FROM", "JOIN", "INTO", "UPDATE", ",", "REFERENCES", "."})


def _renamed(text: str, old: str, new: str, meant: Callable[[Token, str, str], bool]) -> str:
    found = [token for token, _ in _tokens(text)]
    pieces, at = [], 0
    for number, token in enumerate(found):
        if token.kind not in {"word", "quoted"} or token.name != old:
            continue
        before = found[number - 1].word if number else ""
        after = found[number + 1].word if number + 1 < len(found) else ""
        if meant(token, before, after):
            pieces += [text[at : token.start], quoted(new)]
            at = token.end
    return "".join((*pieces, text[at:]))


def _columns(texts: Texts) -> list[str]:
    return [name.removeprefix("column ") for name, _ in texts if name.startswith("column ")]


def _generated(texts: Texts, column: str) -> bool:
    found = _tokens(dict(texts)[f"column {column}"])
    return any(token.word == "AS" and depth == 0 for token, depth in found)


def _tokens(text: str) -> list[tuple[Token, int]]:
    """The tokens of a text, each with the number of parentheses around it."""
    found: list[tuple[Token, int]] = []
    depth = 0
    for token in tokens(text, 0, len(text)):
        depth -= token.word == ")"
        found.append((token, depth))
        depth += token.word == "("
    return found


def _replaced(texts: Texts, column: str | None, edit: Callable[[str], str | None]) -> Texts | None:
    """The texts with that of a column edited; None where it isn't known, or the edit isn't possible."""
    found: list[tuple[str, str]] = []
    hit = False
    for name, text in texts:
        if name != f"column {column}":
            found.append((name, text))
            continue
        edited = edit(text)
        if edited is None:
            return None
        hit = True
        found.append((name, edited))
    return tuple(found) if hit else None


def _change_type(texts: Texts, operation: Operation) -> Texts | None:
    options = dict(operation.options)
    if "definition" in options:
        made = options["definition"]
        name = _tokens(made)[0][0].name
        if name != operation.column:
            return None
        return _replaced(texts, operation.column, lambda _text: made)
    written = options.get("written", "")
    return _replaced(texts, operation.column, lambda text: _with_type(text, written))


def _with_type(text: str, kind: str) -> str:
    found = _tokens(text)
    name = found[0][0]
    clause = next((token for token, depth in found[1:] if depth == 0 and token.word in _CLAUSES), None)
    rest = f" {text[clause.start :]}" if clause is not None else ""
    return f"{text[: name.end]} {kind}{rest}"


def _set_not_null(texts: Texts, operation: Operation) -> Texts | None:
    return _replaced(texts, operation.column, lambda text: f"{text} NOT NULL")


def _drop_not_null(texts: Texts, operation: Operation) -> Texts | None:
    return _replaced(texts, operation.column, _without_not_null)


def _without_not_null(text: str) -> str | None:
    found = _tokens(text)
    for (token, depth), (after, _) in pairwise(found):
        if depth == 0 and token.word == "NOT" and after.word == "NULL":
            return f"{text[: token.start].rstrip()}{text[after.end :]}"
    return None


def _set_default(texts: Texts, operation: Operation) -> Texts | None:
    written = dict(operation.options).get("written", "")
    value = written if re.fullmatch(r"[-+]?[\w.]+|'[^']*'|\(.*\)", written, re.DOTALL) else f"({written})"
    return _replaced(texts, operation.column, lambda text: f"{_without_default(text)} DEFAULT {value}")


def _drop_default(texts: Texts, operation: Operation) -> Texts | None:
    return _replaced(texts, operation.column, _without_default)


def _without_default(text: str) -> str:
    found = _tokens(text)
    for number, (token, depth) in enumerate(found):
        if depth or token.word != "DEFAULT":
            continue
        at = number + 1
        if found[at][0].word in {"+", "-"}:
            at += 1
        if found[at][0].word == "(":
            closing = (later for later in range(at, len(found)) if found[later][0].word == ")" and not found[later][1])
            at = next(closing)
        return f"{text[: token.start].rstrip()}{text[found[at][0].end :]}"
    return text


def _add_constraint(texts: Texts, operation: Operation) -> Texts | None:
    written = dict(operation.options).get("written")
    return (*texts, ("constraint", written)) if written else None


def _drop_constraint(texts: Texts, operation: Operation) -> Texts | None:
    kept = tuple(pair for pair in texts if not (pair[0] == "constraint" and _label(pair[1]) == operation.value))
    return kept if len(kept) == len(texts) - 1 else None


def _label(text: str) -> str:
    found = _tokens(text)
    return found[1][0].name if len(found) > 1 and found[0][0].word == "CONSTRAINT" else ""


def _drop_column(texts: Texts, operation: Operation) -> Texts | None:
    kept = tuple(pair for pair in texts if pair[0] != f"column {operation.column}")
    mentioned = any(
        token.name == operation.column and token.kind in {"word", "quoted"}
        for name, text in kept
        if name == "constraint" or name.startswith("column ")
        for token, _ in _tokens(text)
    )
    return None if mentioned or len(kept) == len(texts) else kept


def _add_column(texts: Texts, operation: Operation) -> Texts | None:
    written = dict(operation.options).get("written")
    if not written or not isinstance(operation.definition, ColumnDefinition):
        return None
    columns = [number for number, (name, _) in enumerate(texts) if name.startswith("column ")]
    at = columns[-1] + 1 if columns else 0
    return (*texts[:at], (f"column {operation.definition.name}", written), *texts[at:])


_CHANGES: dict[str, Callable[[Texts, Operation], Texts | None]] = {
    "change-type": _change_type,
    "set-not-null": _set_not_null,
    "drop-not-null": _drop_not_null,
    "set-default": _set_default,
    "drop-default": _drop_default,
    "add-constraint": _add_constraint,
    "drop-constraint": _drop_constraint,
    "drop-column": _drop_column,
    "add-column": _add_column,
}
