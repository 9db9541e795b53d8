"""A stage of a Django finding comes in; the source of the operations that do it goes out."""

import ast
from collections.abc import Sequence

from libcst import Call

from safecol.operations import Statement
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.writers import cst, layout, operations
from safecol.writers.django_defaults import Default
from safecol.writers.django_undoing import Before

POSTGRES = "django.contrib.postgres.operations"
COLUMN = 8
"""Where the operations of a migration stand."""
_DIRECTIVE = lazy(r"--\s*(safecol:.*)")
_NATIVE = {"AddIndex": "AddIndexConcurrently", "RemoveIndex": "RemoveIndexConcurrently"}


class Made(NamedTuple):
    """The source of operations at the first column, the function that they call, and what they need.

    `imports` are names of `django.contrib.postgres.operations`, and `needs` whole lines. `atomic` is False where they
    need to be outside of a transaction.
    """

    operations: tuple[str, ...]
    atomic: bool = True
    function: str = ""
    imports: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


def concurrently(call: Call) -> Made | None:
    """The user's own AddIndex or RemoveIndex, in the form that doesn't block."""
    name = _NATIVE.get(cst.name(call))
    if name is None:
        return None
    made = cst.named(call, name)
    return Made((cst.fitted(made, layout.WIDTH - COLUMN),), atomic=False, imports=(name,))


def check(call: Call, *, validate: bool) -> Made | None:
    """AddConstraint with a CHECK, for new and changed rows alone, or then for all."""
    constraint = cst.argument(call, 1, "constraint")
    if (
        cst.name(call) != "AddConstraint"
        or not isinstance(constraint, Call)
        or cst.name(constraint) != "CheckConstraint"
    ):
        return None
    if not validate:
        made = cst.named(call, "AddConstraintNotValid")
        return Made((cst.fitted(made, layout.WIDTH - COLUMN),), imports=("AddConstraintNotValid",))
    model, name = cst.written(call, 0, "model_name"), cst.written(constraint, -1, "name")
    found = cst.parse(f"ValidateConstraint(model_name={model}, name={name})") if model and name else None
    return Made((cst.fitted(found, layout.WIDTH - COLUMN),), imports=("ValidateConstraint",)) if found else None


def run_sql(
    sql: str,
    dialect: str,
    before: Before,
    *,
    atomic: bool = True,
    quote: str = '"',
    state: str = "",
    unnamed: bool = True,
) -> Made:
    """RunSQL with what undoes it; `state` is the source of the operation that tells Django what it comes to.

    `unnamed` is whether no model has a column that is dropped: that needs no excuse.
    """
    statements = operations.statements(sql, dialect)
    excuses = [match[1] for match in _DIRECTIVE.finditer(sql)]
    directives = [f"# {one}" for one in excuses if not (unnamed and "[column-drop]" in one)]
    forward = [sql[one.span.start : one.span.end] for one in statements]
    backward = [one for statement in reversed(statements) for one in _undone(statement, dialect, before)]
    lines = ["migrations.RunSQL("]
    lines.append(_argument("", forward, quote))
    lines.append(_argument("reverse_sql=", backward, quote) if backward else "    reverse_sql=migrations.RunSQL.noop,")
    if state:
        lines += ["    state_operations=[", layout.indented(f"{state},", 8), "    ],"]
    lines.append(")")
    return Made(("\n".join([*directives, *lines]),), atomic=atomic)


def _argument(word: str, statements: Sequence[str], quote: str) -> str:
    if len(statements) == 1:
        return f"    {word}{_string(statements[0], quote, COLUMN + 4)},"
    inner = [f"        {_string(one, quote, COLUMN + 8)}," for one in statements]
    return "\n".join([f"    {word}[", *inner, "    ],"])


def _string(sql: str, quote: str, column: int) -> str:
    return layout.long_literal(sql, column) if "\n" in sql else layout.literal(sql, quote)


def separate(state: str, made: Made | None = None) -> Made:
    """SeparateDatabaseAndState with the user's operation for the state, and others for the database."""
    lines = ["migrations.SeparateDatabaseAndState("]
    if made is not None:
        inner = [layout.indented(f"{one},", 8) for one in made.operations]
        lines += ["    database_operations=[", *inner, "    ],"]
    lines += ["    state_operations=[", layout.indented(f"{state},", 8), "    ],", ")"]
    code = "\n".join(lines)
    return made._replace(operations=(code,)) if made is not None else Made((code,))


def filling(call: Call, app: str, quote: str, default: Default, name: str) -> Made:
    """RunPython that gives the rows without a value in AlterField's field one, a thousand at a time, by their keys."""
    model, field = cst.written(call, 0, "model_name"), cst.written(call, 1, "name")
    lookup = f"{ast.literal_eval(field)}__isnull"
    change = f"update({ast.literal_eval(field)}={default.value})"
    if default.each:
        inner = ["for key in batch:", f"    rows.filter(pk=key, {lookup}=True).{change}"]
    else:
        inner = [f"rows.filter(pk__in=batch, {lookup}=True).{change}"]
    lines = [
        f"def {name}(apps, schema_editor):",
        f"    model = apps.get_model({layout.literal(app, quote)}, {model})",
        "    rows = model.objects.using(schema_editor.connection.alias)",
        f'    keys = rows.filter({lookup}=True).order_by("pk").values_list("pk", flat=True)',
        "    batch = list(keys[:1000])",
        "    while batch:",
        *(f"        {line}" for line in inner),
        "        time.sleep(0.1)",
        "        batch = list(keys.filter(pk__gt=batch[-1])[:1000])",
    ]
    code = f"migrations.RunPython({name}, migrations.RunPython.noop)"
    return Made((code,), atomic=False, function="\n".join(lines).replace('"', quote), needs=default.needs)


def in_batches(sql: str, name: str) -> Made:
    """RunPython with a statement that is run until it changes no row, each time in a transaction of its own."""
    function = f"""\
def {name}(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(
                {layout.long_literal(sql.strip().rstrip(";"), 16)}
            )
            if not cursor.rowcount:
                break
            time.sleep(0.1)"""
    return Made((f"migrations.RunPython({name}, migrations.RunPython.noop)",), atomic=False, function=function)


def _undone(statement: Statement, dialect: str, before: Before) -> list[str]:
    return [sql for one in reversed(statement.operations) for sql in before.undone(one, dialect)]
