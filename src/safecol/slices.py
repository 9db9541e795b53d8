"""A step and its file's text come in; the pieces of the user's own source that templates need go out, by name."""

import re
from collections.abc import Iterator, Sequence

from safecol import expressions, index_names
from safecol.clauses import COLUMN_CLAUSES, RESERVED, Clause, folded, read
from safecol.expressions import Literal
from safecol.operations import (
    ColumnDefinition,
    ConstraintDefinition,
    IndexDefinition,
    Name,
    PartitionBound,
)
from safecol.trace import Fact, Step

_SERIALS = {"serial": "integer", "serial4": "integer", "bigserial": "bigint", "serial8": "bigint",
            "smallserial": "smallint", "serial2": "smallint"}  # fmt: skip
_PROPOSED = {"unique": "key", "primary-key": "pkey", "foreign-key": "fkey", "check": "check", "exclusion": "excl"}
_MAY_BE_EMPTY = {"unique", "deferrable", "only", "sequence_options"}


def values(step: Step, text: str, beside: Sequence[Step] = ()) -> dict[str, str]:
    """What templates may name, by placeholder: slices of the source, and names proposed where none is written.

    `beside` are the other steps of the statement. Placeholders that the operation has nothing for are absent.
    """
    operation = step.operation
    if "unwritten" in operation.flags:
        text = ""  # what stands at its place is a call, or an EXECUTE of something put together
    statement = read(text[step.statement.span.start : step.statement.span.end])
    clause = read(text[operation.span.start : operation.span.end])
    found = dict(_named(step, statement, clause))
    spare = step.facts.get("spare")
    found["statement"] = statement.text
    found["clause"] = clause.text
    definition = operation.definition
    if isinstance(definition, IndexDefinition):
        found |= _index(step, definition, statement)
    elif isinstance(definition, ConstraintDefinition):
        found |= _constraint(step, definition, text, found, beside)
    elif isinstance(definition, ColumnDefinition) and operation.kind != "change-type":
        found |= _column(step, definition, text, found)
    elif operation.kind in {"drop-table", "drop-view"} and operation.relation:
        found["new_name"] = _proposed("", operation.relation.name, "unused", spare)
    elif operation.kind == "rename-column" and operation.relation and operation.column:
        found["name"] = _proposed(operation.relation.name, operation.column, "copy", spare)
    elif operation.kind == "change-type":
        found |= _type_change(step, clause, found)
    elif operation.kind == "attach-partition":
        found |= _attachment(step, clause)
    elif operation.kind == "set-default":
        found["default"] = clause.until(clause.find("SET", "DEFAULT"), set())
    elif operation.kind == "set-not-null" and operation.relation and operation.column:
        found["name"] = _proposed(operation.relation.name, operation.column, "not_null", spare)
    if operation.relation and "table" in found:
        written = read(found["table"]).tokens
        found["alias"] = written[-1].text if written else ""
    if "name" in found and "new_name" in found:
        helper = (
            found["new_name"]
            if isinstance(definition, ColumnDefinition) and operation.kind == "add-column"
            else found["name"]
        )
        found["function"] = _beside(found.get("table", ""), helper)
    found["only"] = "ONLY " if "only" in operation.flags else ""
    if "new_name" in found and operation.relation:
        found["new_table"] = _beside(found.get("table", ""), found["new_name"])
    if (where := statement.find("WHERE")) > 0 and "predicate" not in found:
        found["predicate"] = statement.until(where, {"RETURNING"})
    return {key: value for key, value in found.items() if value or key in _MAY_BE_EMPTY}


def _named(step: Step, statement: Clause, clause: Clause) -> Iterator[tuple[str, str]]:
    operation = step.operation
    if operation.relation:
        relation = _implied_schema(step) + _written(statement, operation.relation)
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
        # An inline constraint may not name its column, the statement does.
        clause = statement if "inline" in operation.flags else clause
        yield "column", _written(clause, Name(operation.column))
        yield "old_name", _written(clause, Name(operation.column))
    if operation.new_name:
        yield "new_name", _written(clause, Name(operation.new_name))
    if operation.target:
        implied = _implied_schema(step) if operation.target.schema is None else ""
        yield "partition", implied + _written(clause, operation.target)
    if operation.value:
        yield "value", operation.value
        if operation.kind.endswith(("-constraint", "-trigger", "-rule")):
            yield "name", _written(clause, Name(operation.value))


def _implied_schema(step: Step) -> str:
    """`shop.` for a name without a schema that the file's `search_path` finds there: a stage is a file of its own."""
    relation = step.operation.relation
    if relation is None or relation.schema is not None or "search_path" not in step.settings or not step.table:
        return ""
    schema = step.table.removesuffix(f".{relation.name}")
    return f"{_quoted(schema)}." if schema != step.table else ""


def _index(step: Step, definition: IndexDefinition, statement: Clause) -> dict[str, str]:
    operation, number = step.operation, step.facts.get("numbered")
    on = statement.find("ON")
    only = statement.tokens[on].word == "ONLY" if 0 < on < len(statement.tokens) else False
    rest = statement.between(on + only, len(statement.tokens)) if on > 0 else ""
    if rest and operation.relation and (implied := _implied_schema(step)):
        rest = f"{implied}{rest}"
    parts = "_".join(index_names.parts(definition))
    table = operation.relation.name if operation.relation else ""
    name = _written(statement, Name(definition.name)) if definition.name else _proposed(table, parts, "idx", number)
    return {
        "name": name,
        "unique": "UNIQUE " if definition.unique else "",
        "index_definition": f"ON {rest}" if rest else "",
        "index_definition_only": f"ON ONLY {rest}" if rest else "",
        "columns": statement.inside(on) if on > 0 else "",
    }


def _constraint(
    step: Step, definition: ConstraintDefinition, text: str, found: dict[str, str], beside: Sequence[Step]
) -> dict[str, str]:
    operation = step.operation
    source = read(text[definition.span.start : definition.span.end])
    table = operation.relation.name if operation.relation else ""
    columns = () if definition.kind == "primary-key" else definition.columns
    if definition.kind == "unique":
        columns = tuple(index_names.key_parts(definition))
    if definition.kind == "check" and definition.expression is not None:
        named = expressions.columns(definition.expression)
        columns = tuple(named) if len(named) == 1 else ()  # the server names it after its only column
    made = {"name": found.get("name", "")}
    if definition.name or definition.index:
        made["name"] = _written(source, Name(definition.name or definition.index or ""))
    else:
        made["name"] = _proposed(
            table, "_".join(columns), _PROPOSED.get(definition.kind, "check"), step.facts.get("numbered")
        )
    made["new_name"] = _proposed(table, "_".join(definition.columns), "present", step.facts.get("spare"))
    body = source.find("CONSTRAINT") + 1 if source.find("CONSTRAINT") == 1 else 0
    stop = len(source.tokens)
    if source.find("NOT", "VALID") > 0:
        stop = source.find("NOT", "VALID") - 2
    inline = "inline" in operation.flags
    if inline:  # its attributes are told by the definition: the span may or may not hold them
        stop = source.own_end(body)
        made["column_definition"] = _without(step, beside, text)
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


def _index_options(source: Clause) -> str:
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


def _without(step: Step, beside: Sequence[Step], text: str) -> str:
    """The definition of the column, after its name, without this constraint and others that take time; or empty.

    Those others have findings of their own, whose steps come after the column too.
    """
    column = step.operation.column or ""
    slow = [each for each in beside if each is step or ("inline" in each.operation.flags and _takes_time(each))]
    for each in beside:
        definition = each.operation.definition
        if not isinstance(definition, ColumnDefinition) or definition.name != column:
            continue
        if each.operation.kind != "add-column" or "inline" in each.operation.flags:
            continue
        start, end = definition.span.start, definition.span.end
        written = text[start:end]
        for other in sorted(slow, key=lambda one: -one.operation.span.start):
            constraint = other.operation.definition
            if not isinstance(constraint, ConstraintDefinition) or other.operation.column != column:
                continue
            if not start <= constraint.span.start < constraint.span.end <= end:
                return ""
            first, last = constraint.span.start - start, constraint.span.end - start
            rest = _other_clauses(written[first:last]) + _unattributed(written[last:])
            before = written[:first].removesuffix(" ") if rest.startswith(" ") else written[:first]
            written = f"{before}{rest}"
        source = read(written)
        return source.between(1, len(source.tokens))
    return ""


def _takes_time(step: Step) -> bool:
    definition = step.operation.definition
    if not isinstance(definition, ConstraintDefinition) or definition.kind == "not-null":
        return False
    return bool(step.effect.scan or step.effect.rewrite) or definition.kind in {"unique", "primary-key", "exclusion"}


def _other_clauses(written: str) -> str:
    """What stands in the span of a column's constraint without being part of it: `UNIQUE NOT NULL DEFERRABLE`."""
    source = read(written)
    body = source.find("CONSTRAINT") + 1 if source.find("CONSTRAINT") == 1 else 0
    at = source.own_end(body)
    kept = [token.text for each, token in enumerate(source.tokens) if each >= at and not source.attribute(each)]
    return " ".join(kept)


def _unattributed(written: str) -> str:
    """What follows a constraint, without attributes of it that its span leaves out."""
    source = read(written)
    at = 0
    while source.attribute(at):
        at += 1
    return " " + source.between(at, len(source.tokens)) if at else written


def _column(step: Step, definition: ColumnDefinition, text: str, found: dict[str, str]) -> dict[str, str]:
    operation, spare = step.operation, step.facts.get("spare")
    source = read(text[definition.span.start : definition.span.end])
    if not source.tokens or folded(source.tokens[0]) != definition.name:
        return {}
    table = operation.relation.name if operation.relation else ""
    written = source.until(1, COLUMN_CLAUSES)
    base = _SERIALS.get(written.lower(), written) if definition.serial else written
    if (at := source.find("COLLATE")) > 0:
        base += f" COLLATE {source.until(at, COLUMN_CLAUSES)}"
    made = {
        "type": written,
        "column_type": base,
        "column_definition": source.between(1, len(source.tokens)),
        "name": _proposed(table, definition.name, "present", spare),
        "new_name": _proposed(table, definition.name, "fill", spare),
        "sequence": _proposed(table, definition.name, "seq", step.facts.get("sequence_number")),
    }
    made["sequence"] = _beside(found.get("table", ""), made["sequence"])
    if definition.default is not None and (at := source.find("DEFAULT")) > 0:
        made["default"] = source.until(at, COLUMN_CLAUSES)
    if definition.generated and (at := source.find("AS")) > 0:
        made["expression"] = source.inside(at)
    if definition.identity and (at := source.find("GENERATED")) > 0:
        end = source.find("IDENTITY", start=at)
        end = source.closing(end) + 1 if end < len(source.tokens) and source.tokens[end].word == "(" else end
        made["identity"] = source.between(at - 1, end)
        made["sequence_options"] = _sequence_options(source.inside(at)) if source.tokens[end - 1].word == ")" else ""
    return made


def _sequence_options(written: str) -> str:
    """What stands in the parentheses of an identity, for a sequence of another name."""
    source = read(written)
    at = source.find("SEQUENCE", "NAME")
    if at < 0:
        return written
    end = at + 3 if at + 1 < len(source.tokens) and source.tokens[at + 1].word == "." else at + 1
    return f"{source.between(0, at - 2)} {source.between(end, len(source.tokens))}".strip()


def _type_change(step: Step, clause: Clause, found: dict[str, str]) -> dict[str, str]:
    operation, spare = step.operation, step.facts.get("spare")
    at = clause.find("TYPE")
    if at < 0 or operation.column is None:
        return {}
    table = operation.relation.name if operation.relation else ""
    kind = clause.until(at, {"USING"})
    using = clause.find("USING")
    made = {
        "type": kind,
        "using": clause.until(using, set()) if using > 0 else _converted(step, found["column"], kind),
        "name": _proposed(table, operation.column, "copy", spare),
        "new_name": _proposed("", operation.column, "new", spare),
        "old_name": _proposed("", operation.column, "old", spare),
    }
    # A column of such a domain can't be added without writing the table anew, and a key has to move to the new column,
    # which takes more stages.
    if step.facts.get("domain") == "constrained" or step.facts.get("in_primary_key") is True:
        del made["new_name"]
    return made


def _converted(step: Step, column: str, kind: str) -> str:
    """The column in its new type. A cast would cut what is too long, which ALTER COLUMN without USING refuses to do."""
    return column if step.facts.get("narrowing") is True else f"{column}::{kind}"


def _attachment(step: Step, clause: Clause) -> dict[str, str]:
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
    return {"name": _proposed(target.name, "", "bounds", step.facts.get("spare")), "predicate": " AND ".join(tests)}


def _written(clause: Clause, name: Name) -> str:
    """The name as the source writes it; quoted where needed when it isn't found (it came from another language)."""
    tokens = clause.tokens
    parts = [part for part in (name.schema, name.name) if part]
    width = 2 * len(parts) - 1
    # Some dialects fold quoted names too, which is looked for only where nothing is written just so.
    for fold in (str, str.lower):
        for at in range(len(tokens) - width + 1):
            window = tokens[at : at + width]
            names = [fold(folded(token)) for token in window[::2]]
            same = names == [fold(part) for part in parts]
            if any(token.word.lower() in RESERVED for token in window[::2]):
                continue  # COLUMN is no column of that name, which would be quoted
            if same and all(token.word == "." for token in window[1::2]) and window[0].word != "'":
                return clause.between(at, at + width)
    return ".".join(_quoted(part) for part in parts)


def _quoted(name: str) -> str:
    if re.fullmatch(r"[a-z_][a-z0-9_$]*", name) and name not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def _beside(table: str, name: str) -> str:
    """The name in the schema that the table is written with."""
    written = read(table)
    dot = max((at for at, token in enumerate(written.tokens) if token.word == "."), default=-1)
    return f"{written.between(0, dot + 1)}{name}"


def _proposed(table: str, columns: str, label: str, spare: Fact = None) -> str:
    """A name by the server's own convention, as SQL; with a number where it is taken."""
    return _quoted(index_names.proposed(table, columns, f"{label}{spare or ''}"))
