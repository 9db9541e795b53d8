"""What tests of staged rewrites in Python share: linting texts with their schema, and the chain of their stages."""

from collections.abc import Sequence
from typing import Any

from safecol import analysis, catalog
from safecol.collecting import Collected
from safecol.finding import Finding
from safecol.frontends.alembic import graph
from safecol.records import NamedTuple
from safecol.runners.migration_file import MigrationFile
from safecol.schema import Schema
from safecol.settings import PathSettings
from safecol.source import Span

CATALOG = catalog.load()
# Their pages leave what the new column needs besides (its NOT NULL, default, indexes) to the reader.
LEFT_TO_THE_READER = frozenset({"rewriting-type-change", "rewriting-generated-column", "index-rebuilding-type-change"})

Texts = Sequence[tuple[str, str]]


class Linted(NamedTuple):
    """What was found in some texts, and the schema after them."""

    findings: tuple[Finding, ...]
    schema: Schema

    @property
    def staged(self) -> list[Finding]:
        """The findings with stages."""
        return [one for one in self.findings if any(stage.sql for stage in one.stages)]

    @property
    def chain(self) -> list[tuple[str, str]]:
        """The files of the stages in the order in which they run."""
        files = {stage.file: stage.source for one in self.findings for stage in one.stages if stage.source}
        revisions = {path: graph.revision(text) for path, text in files.items()}
        order = graph.order({path: one for path, one in revisions.items() if one is not None})
        return sorted(files.items(), key=lambda file: order[file[0]])


def lint(setup: str, files: Texts, transaction: str = "shared", version: str = "16") -> Linted:
    """Lint version files over a schema that was there before, with rows."""
    made = [MigrationFile("setup.sql", "plain", "postgresql", "settings", "texts", target=False)]
    made += [MigrationFile(path, "alembic", "postgresql", "settings", "texts") for path, _ in files]
    settings = PathSettings(
        dialect="postgresql", server_version=version, lock_timeout_ms=2000, runner_transaction=transaction
    )
    collected = Collected(CATALOG, made)
    schema = Schema()
    contents = {"setup.sql": setup, **dict(files)}
    for ran in analysis.run(made, lambda _path: settings, CATALOG, contents, None, change_set="each"):
        collected.add(ran, frozenset(CATALOG.defaults()))
        schema = ran.schema or schema
    return Linted(collected.result().findings, schema)


def shown(schema: Schema) -> dict[str, Any]:
    """What a schema holds, however it came about: without places, and without who names what."""
    tables = {}
    for key, table in schema.tables.items():
        columns = {}
        for column in table.columns.values():
            counts = bool(column.serial or column.identity or "nextval" in str(column.default))
            columns[column.name] = (column.type, column.nullable, None if counts else _bare(column.default))
        constraints = {}
        for name, one in table.constraints.items():
            key_kind = one.definition.kind in ("unique", "primary-key", "check")
            constraints[name] = (
                one.definition.kind, _bare(one.definition.expression), one.definition.on_delete, one.validated,
                one.referenced, () if key_kind else one.definition.columns,
            )  # fmt: skip
        tables[key] = (table.kind, columns, constraints)
    indexes = {
        key: (one.table, _bare(one.definition._replace(nulls_not_distinct=False)), one.constraint)
        for key, one in schema.indexes.items()
    }
    return {"tables": tables, "indexes": indexes, "types": sorted(schema.types)}


def _bare(value: Any) -> Any:
    if isinstance(value, Span):
        return None
    return (type(value).__name__, *map(_bare, value)) if isinstance(value, tuple) else value
