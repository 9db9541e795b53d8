"""A step and its file's text come in; the pieces of the user's own source that templates need go out, by name."""

import re
from collections.abc import Iterator

from safecol import expressions
from safecol.expressions import Literal
from safecol.operations import (
    ColumnDefinition,
    ConstraintDefinition,
    IndexDefinition,
    Name,
    Operation,
    PartitionBound,
)
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.trace import Step

_TOKEN = lazy(
    r"""(?P<gap>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<string>[eEbBxXnN]?'(?:[^']|'')*'|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag))
    |(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|[^\W\d][\w$]*)
    |(?P<other>[\d.]+|::|.)""",
    re.VERBOSE | re.DOTALL,
)
_NAME_LENGTH = 63
_COLUMN_CLAUSES = {
    "NOT", "NULL", "DEFAULT", "CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY", "REFERENCES", "GENERATED", "COLLATE",
    "DEFERRABLE", "INITIALLY", "STORAGE", "COMPRESSION", "ENFORCED",
}  # fmt: skip
_ATTRIBUTES = {"DEFERRABLE", "INITIALLY", "DEFERRED", "IMMEDIATE", "ENFORCED"}
_SERIALS = {"serial": "integer", "serial4": "integer", "bigserial": "bigint", "serial8": "bigint",
            "smallserial": "smallint", "serial2": "smallint"}  # fmt: skip
_PROPOSED = {"unique": "key", "primary-key": "pkey", "foreign-key": "fkey", "check": "check", "exclusion": "excl"}


class _Token(NamedTuple):
    """`word` is upper-case for an unquoted word, `"` for a quoted name, else the text; `depth` counts parentheses."""

    word: str
    text: str
    start: int
    end: int
    depth: int


class _Clause(NamedTuple):
    text: str
    tokens: tuple[_Token, ...]

    def find(self, *words: str, start: int = 0) -> int:
        """The index of the token after these consecutive words outside parentheses; -1 without them."""
        for at in range(start, len(self.tokens) - len(words) + 1):
            if all(
                self.tokens[at + offset].word == word and self.tokens[at + offset].depth == 0
                for offset, word in enumerate(words)
            ):
                return at + len(words)
        return -1

    def between(self, first: int, last: int) -> str:
        """The source from a token up to, and without, another."""
        if first >= last or first >= len(self.tokens):
            return ""
        return self.text[self.tokens[first].start : self.tokens[last - 1].end]

    def until(self, start: int, words: set[str]) -> str:
        """The source from a token to the next of the words outside parentheses, or to the end."""
        for at in range(start + 1, len(self.tokens)):
            if self.tokens[at].depth == 0 and self.tokens[at].word in words:
                return self.between(start, at)
        return self.between(start, len(self.tokens))

    def closing(self, opening: int) -> int:
        """The index of the parenthesis that closes the one at `opening`."""
        depth = self.tokens[opening].depth
        for at in range(opening + 1, len(self.tokens)):
            if self.tokens[at].word == ")" and self.tokens[at].depth == depth:
                return at
        return len(self.tokens)

    def attribute(self, at: int) -> bool:
        """Whether a token belongs to DEFERRABLE, INITIALLY DEFERRED, NOT ENFORCED and the like."""
        words = [token.word for token in self.tokens[at : at + 2] if token.depth == 0]
        return bool(words) and (words[0] in _ATTRIBUTES or (words[0] == "NOT" and words[-1] in _ATTRIBUTES))

    def inside(self, start: int) -> str:
        """The source within the next parentheses from a token on."""
        for at in range(max(start, 0), len(self.tokens)):
            if self.tokens[at].word == "(":
                return self.between(at + 1, self.closing(at))
        return ""


def values(step: Step, text: str) -> dict[str, str]:
    """What templates may name, by placeholder: slices of the source, and names proposed where none is written.

    Placeholders that the operation has nothing for are absent.
    """
    operation = step.operation
    if "unwritten" in operation.flags:
        text = ""  # what stands at its place is a call, or an EXECUTE of something put together
    statement = _read(text[step.statement.span.start : step.statement.span.end])
    clause = _read(text[operation.span.start : operation.span.end])
    found = dict(_named(step, statement, clause))
    found["statement"] = statement.text
    found["clause"] = clause.text
    definition = operation.definition
    if isinstance(definition, IndexDefinition):
        found |= _index(operation, definition, statement, step.facts.get("numbered") or "")
    elif isinstance(definition, ConstraintDefinition):
        found |= _constraint(operation, definition, text, {**found, "number": str(step.facts.get("numbered") or "")})
    elif isinstance(definition, ColumnDefinition) and operation.kind != "change-type":
        found |= _column(operation, definition, text, found)
    elif operation.kind in {"drop-table", "drop-view"} and operation.relation:
        found["new_name"] = _proposed("", operation.relation.name, "unused")
    elif operation.kind == "rename-column" and operation.relation and operation.column:
        found["name"] = _proposed(operation.relation.name, operation.column, "copy")
    elif operation.kind == "change-type":
        found |= _type_change(operation, clause, found)
    elif operation.kind == "attach-partition":
        found |= _attachment(step, clause)
    elif operation.kind == "set-default":
        found["default"] = clause.until(clause.find("SET", "DEFAULT"), set())
    elif operation.kind == "set-not-null" and operation.relation and operation.column:
        found["name"] = _proposed(operation.relation.name, operation.column, "not_null")
    if "new_name" in found and operation.relation:
        found["new_table"] = _beside(found.get("table", ""), found["new_name"])
    if (where := statement.find("WHERE")) > 0 and "predicate" not in found:
        found["predicate"] = statement.until(where, {"RETURNING"})
    return {key: value for key, value in found.items() if value or key in {"unique", "deferrable"}}


def _named(step: Step, statement: _Clause, clause: _Clause) -> Iterator[tuple[str, str]]:
    operation = step.operation
    if operation.relation:
        relation = _written(statement, operation.relation)
        if operation.object == "index" and operation.kind != "create-index":
            yield "table", step.table or ""
        else:
            yield "table", relation
        yield "name", relation
        yield "type_name", relation
        yield "schema", operation.relation.schema or ""
    elif step.table:
        yield "table", step.table
    yield "object", operation.object.replace("-", " ").upper()
    if operation.column:
        yield "column", _written(clause, Name(operation.column))
        yield "old_name", _written(clause, Name(operation.column))
    if operation.new_name:
        yield "new_name", _written(clause, Name(operation.new_name))
    if operation.target:
        yield "partition", _written(clause, operation.target)
    if operation.value:
        yield "value", operation.value
        if operation.kind.endswith(("-constraint", "-trigger", "-rule")):
            yield "name", _written(clause, Name(operation.value))


def _index(operation: Operation, definition: IndexDefinition, statement: _Clause, number: str | int) -> dict[str, str]:
    on = statement.find("ON")
    only = statement.tokens[on].word == "ONLY" if 0 < on < len(statement.tokens) else False
    rest = statement.between(on + only, len(statement.tokens)) if on > 0 else ""
    parts = "_".join(element.column or "expr" for element in definition.elements)
    table = operation.relation.name if operation.relation else ""
    name = _written(statement, Name(definition.name)) if definition.name else _proposed(table, parts, f"idx{number}")
    return {
        "name": name,
        "unique": "UNIQUE " if definition.unique else "",
        "index_definition": f"ON {rest}" if rest else "",
        "index_definition_only": f"ON ONLY {rest}" if rest else "",
        "columns": statement.inside(on) if on > 0 else "",
    }


def _constraint(
    operation: Operation, definition: ConstraintDefinition, text: str, found: dict[str, str]
) -> dict[str, str]:
    source = _read(text[definition.span.start : definition.span.end])
    table = operation.relation.name if operation.relation else ""
    columns = () if definition.kind == "primary-key" else definition.columns
    if definition.kind == "check" and not columns and definition.expression is not None:
        read = expressions.columns(definition.expression)
        columns = tuple(read) if len(read) == 1 else ()  # the server names it after its only column
    made = {"name": found.get("name", "")}
    if definition.name or definition.index:
        made["name"] = _written(source, Name(definition.name or definition.index or ""))
    else:
        made["name"] = _proposed(table, "_".join(columns), _PROPOSED.get(definition.kind, "check") + found["number"])
    made["new_name"] = _proposed(table, "_".join(definition.columns), "present")
    body = source.find("CONSTRAINT") + 1 if source.find("CONSTRAINT") == 1 else 0
    stop = len(source.tokens)
    if source.find("NOT", "VALID") > 0:
        stop = source.find("NOT", "VALID") - 2
    inline = "inline" in operation.flags
    if inline:  # its attributes are told by the definition: the span may or may not hold them
        stop = next((at for at in range(body, stop) if source.attribute(at)), stop)
    written = source.between(body, stop)
    made["deferrable"] = " DEFERRABLE" * definition.deferrable + " INITIALLY DEFERRED" * definition.initially_deferred
    key = source.inside(0) if definition.kind != "check" else ""
    if inline and definition.kind != "check":
        column = found.get("column", "")
        if definition.kind == "foreign-key":
            written = f"FOREIGN KEY ({column}) {written}{made['deferrable']}"
        else:
            words = "PRIMARY KEY" if definition.kind == "primary-key" else "UNIQUE"
            written = f"{words} ({column}){written.removeprefix(words)}{made['deferrable']}"
        key = column
        made["column_definition"] = _without(operation, definition, text)
    elif inline:
        made["column_definition"] = _without(operation, definition, text)
    made |= {"constraint_definition": written, "columns": key}
    if definition.kind == "check":
        made["expression"] = made["predicate"] = source.inside(0)
    if (at := source.find("REFERENCES")) > 0 and definition.referenced:
        made["referenced"] = _written(source, definition.referenced)
        if definition.referenced_columns:
            made["referenced_columns"] = source.inside(at)
    if definition.kind in {"unique", "primary-key"} and key and not definition.index:
        made["index_definition"] = f"ON {found.get('table', table)} ({key}){_index_options(source)}"
    return made


def _index_options(source: _Clause) -> str:
    """What follows the columns of a UNIQUE or PRIMARY KEY constraint, in the order and words of CREATE INDEX."""
    parts = ""
    if (at := source.find("INCLUDE")) > 0:
        parts += f" INCLUDE ({source.inside(at)})"
    if source.find("NULLS", "NOT", "DISTINCT") > 0:
        parts += " NULLS NOT DISTINCT"
    if (at := source.find("WITH")) > 0:
        parts += f" WITH ({source.inside(at)})"
    if (at := source.find("USING", "INDEX", "TABLESPACE")) > 0:
        parts += f" TABLESPACE {source.between(at, at + 1)}"
    return parts


def _without(operation: Operation, definition: ConstraintDefinition, text: str) -> str:
    """The definition of the column, after its name, without one of its constraints; empty when it isn't found."""
    start = text.rfind(";", 0, definition.span.start) + 1
    before = _read(text[start : definition.span.start])
    name = max(
        (at for at, token in enumerate(before.tokens) if token.depth == 0 and _folded(token) == operation.column),
        default=-1,
    )
    after = _read(text[definition.span.end : _part_end(text, definition.span.end)])
    kept = 0
    while after.attribute(kept):
        kept += 1
    if name < 0:
        return ""
    return f"{before.between(name + 1, len(before.tokens))} {after.between(kept, len(after.tokens))}".strip()


def _part_end(text: str, start: int) -> int:
    """Where the clause that goes on at `start` ends: before the next comma or semicolon outside parentheses."""
    for token in _tokens(text[start:]):
        if token.depth == 0 and token.word in {",", ";"}:
            return start + token.start
    return len(text)


def _column(operation: Operation, definition: ColumnDefinition, text: str, found: dict[str, str]) -> dict[str, str]:
    source = _read(text[definition.span.start : definition.span.end])
    if not source.tokens or _folded(source.tokens[0]) != definition.name:
        return {}
    table = operation.relation.name if operation.relation else ""
    written = source.until(1, _COLUMN_CLAUSES)
    base = _SERIALS.get(written.lower(), written) if definition.serial else written
    if (at := source.find("COLLATE")) > 0:
        base += f" COLLATE {source.until(at, _COLUMN_CLAUSES)}"
    made = {
        "type": written,
        "column_type": base,
        "column_definition": source.between(1, len(source.tokens)),
        "name": _proposed(table, definition.name, "present"),
        "new_name": _proposed(table, definition.name, "fill"),
        "sequence": _proposed(table, definition.name, "seq"),
    }
    made["sequence"] = _beside(found.get("table", ""), made["sequence"])
    if definition.default is not None and (at := source.find("DEFAULT")) > 0:
        made["default"] = source.until(at, _COLUMN_CLAUSES)
    if definition.generated and (at := source.find("AS")) > 0:
        made["expression"] = source.inside(at)
    if definition.identity and (at := source.find("GENERATED")) > 0:
        end = source.find("IDENTITY", start=at)
        end = source.closing(end) + 1 if end < len(source.tokens) and source.tokens[end].word == "(" else end
        made["identity"] = source.between(at - 1, end)
    return made


def _type_change(operation: Operation, clause: _Clause, found: dict[str, str]) -> dict[str, str]:
    at = clause.find("TYPE")
    if at < 0 or operation.column is None:
        return {}
    table = operation.relation.name if operation.relation else ""
    kind = clause.until(at, {"USING"})
    using = clause.find("USING")
    return {
        "type": kind,
        "using": clause.until(using, set()) if using > 0 else f"{found['column']}::{kind}",
        "name": _proposed(table, operation.column, "copy"),
        "new_name": _proposed("", operation.column, "new"),
        "old_name": _proposed("", operation.column, "old"),
    }


def _attachment(step: Step, clause: _Clause) -> dict[str, str]:
    """The CHECK that proves the bounds of a partition by one column, NOT NULL included, and a name for it.

    Nothing where a default partition has to be read too: then that one needs a CHECK as well.
    """
    bound, key, target = step.operation.definition, step.facts.get("partition_key"), step.operation.target
    if not isinstance(bound, PartitionBound) or not isinstance(key, str) or target is None:
        return {}
    column = _quoted(key)
    tests = [f"{column} IS NOT NULL"]
    if bound.kind == "range" and len(bound.lower) == len(bound.upper) == 1:
        lower = clause.find("FROM")
        for value, comparison in ((clause.inside(lower), ">="), (clause.inside(clause.find("TO", start=lower)), "<")):
            if value.upper() not in {"MINVALUE", "MAXVALUE"}:
                tests.append(f"{column} {comparison} {value}")
    elif bound.kind == "list" and not any(isinstance(one, Literal) and one.kind == "null" for one in bound.values):
        tests.append(f"{column} IN ({clause.inside(clause.find('IN'))})")
    else:
        return {}
    if step.facts.get("default_proven") is not True:
        return {}
    return {"name": _proposed(target.name, "", "bounds"), "predicate": " AND ".join(tests)}


def _read(text: str) -> _Clause:
    return _Clause(text, tuple(_tokens(text)))


def _tokens(text: str) -> Iterator[_Token]:
    depth = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "gap":
            continue
        word = piece = match[0]
        if kind == "name":
            word = '"' if piece[0] in '"`' else piece.upper()
        elif kind != "other":
            word = "'"
        elif piece in ")]":
            depth -= 1
        yield _Token(word, piece, match.start(), match.end(), depth)
        if word in "([":
            depth += 1


def _folded(token: _Token) -> str:
    return token.text[1:-1].replace('""', '"') if token.word == '"' else token.text.lower()


def _written(clause: _Clause, name: Name) -> str:
    """The name as the source writes it; quoted where needed when it isn't found (it came from another language)."""
    tokens = clause.tokens
    parts = [part for part in (name.schema, name.name) if part]
    width = 2 * len(parts) - 1
    # Some dialects fold quoted names too, which is looked for only where nothing is written just so.
    for fold in (str, str.lower):
        for at in range(len(tokens) - width + 1):
            window = tokens[at : at + width]
            names = [fold(_folded(token)) for token in window[::2]]
            same = names == [fold(part) for part in parts]
            if same and all(token.word == "." for token in window[1::2]) and window[0].word != "'":
                return clause.between(at, at + width)
    return ".".join(_quoted(part) for part in parts)


def _quoted(name: str) -> str:
    if re.fullmatch(r"[a-z_][a-z0-9_$]*", name):
        return name
    return '"' + name.replace('"', '""') + '"'


def _beside(table: str, name: str) -> str:
    """The name in the schema that the table is written with."""
    schema, dot, _ = table.rpartition(".")
    return f"{schema}{dot}{name}"


def _proposed(table: str, columns: str, label: str) -> str:
    """A name by the server's own convention: the parts joined, the longer of the first two cut to fit 63 bytes."""
    first, second = table, columns
    joints = 1 + bool(first and second)
    while len(first.encode()) + len(second.encode()) + len(label) + joints > _NAME_LENGTH:
        if len(first.encode()) > len(second.encode()):
            first = first[:-1]
        else:
            second = second[:-1]
    return _quoted("_".join(part for part in (first, second, label) if part))
