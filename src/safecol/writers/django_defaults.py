"""A call of AddField or AlterField and the findings about it come in; what becomes of its default goes out."""

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from libcst import Call

from safecol.finding import Finding
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.writers import cst
from safecol.writers.parts import Sent, Staged

if TYPE_CHECKING:
    from safecol.writers.django_chain import Project

_EMPTY = lazy(r"ADD COLUMN .* DEFAULT '' NOT NULL")
_DROPS_DEFAULT = frozenset({"dropped-default", "missing-database-default"})
_CONSTRUCTORS = frozenset({"dict", "list", "str", "int", "float", "bool"})


class Kept(NamedTuple):
    """AddField with its default in the database: the finding about the statement that drops it, and its number."""

    finding: int
    statement: int
    call: Call


def kept_default(project: "Project", sent: Sequence[Sent], call: Call, staged: Staged) -> Kept | None:
    """AddField whose default could stay in the database, where a finding is about its drop."""
    dropping = [one for one in sent if any(each.kind == "drop-default" for each in one.statement.operations)]
    if len(dropping) != 1:
        return None
    number = dropping[0].statement.number
    told = (
        at
        for at, finding in enumerate(staged.findings)
        if finding.rule in _DROPS_DEFAULT and finding.statement == number
    )
    finding = next(told, None)
    made = _with_default(project, sent, call) if finding is not None else None
    return Kept(finding, number, made) if finding is not None and made is not None else None


def _with_default(project: "Project", sent: Sequence[Sent], call: Call) -> Call | None:
    """AddField whose default stays in the database; None where it isn't a constant, or Django has no such thing."""
    field = cst.argument(call, 2, "field")
    if cst.name(call) != "AddField" or not isinstance(field, Call):
        return None
    default = cst.argument(field, -1, "default")
    if default is not None:
        value = cst.source(default)
    else:  # rows get an empty text where a field that may be blank has no default
        empty = any(_EMPTY.search(one.sql) for one in sent) and not cst.argument(field, -1, "null")
        value = project.quote * 2 if empty else ""
    if project.django < (5, 0) or not value or cst.argument(field, -1, "db_default") is not None:
        return None
    try:
        constant = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return None
    if constant is None or isinstance(constant, (list, dict)):
        return None
    made = cst.with_keyword(field, "db_default", value)
    if cst.written(call, 3, "preserve_default") == "False":
        made = cst.without_keywords(made, ("default",))
        call = cst.without_keywords(call, ("preserve_default",))
    holder = next(arg for arg in call.args if cst.keyword(arg) == "field" or arg.value is field)
    return cst.with_value(call, holder, made)


def is_computed(call: Call) -> bool:
    """Whether a field's default may be computed when the migration runs: the SQL has another value in its place."""
    field = cst.argument(call, 2, "field")
    if not isinstance(field, Call):
        return False
    default = cst.written(field, -1, "default")
    if not default:
        return any(cst.argument(field, -1, word) is not None for word in ("auto_now", "auto_now_add"))
    try:
        ast.literal_eval(default)
    except (ValueError, SyntaxError):
        return default not in _CONSTRUCTORS
    return False


def without_stand_ins(project: "Project", staged: Staged) -> list[Finding]:
    """The findings without stages that fill rows with what stands for a value computed when the migration runs."""
    found = list(staged.findings)
    for block, sent in zip(project.blocks, project.sent, strict=True):
        numbers = {one.statement.number for one in sent}
        wanted = {
            one.finding
            for number, one in staged.by_statement.items()
            if number in numbers and found[one.finding].rule == "hidden-table-update"
        }
        call = cst.parse(block.code) if wanted else None
        if call is None or not is_computed(call):
            continue
        for number in wanted:
            stages = tuple(stage for stage in found[number].stages if stage.kind != "backfill")
            found[number] = found[number]._replace(stages=stages)
    return found
