"""A call of AddField or AlterField and the findings about it come in; what becomes of its default goes out."""

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from libcst import Call

from safecol.finding import Finding, Stage
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.writers import cst, layout, operations
from safecol.writers.parts import Sent, Staged

if TYPE_CHECKING:
    from safecol.writers.django_chain import Project

_EMPTY = lazy(r"ADD COLUMN .* DEFAULT ''(?:::\S+)? NOT NULL")
_MOMENT = lazy(r"DEFAULT '[-\d :T.+]+'(?:::\w+)?")
_DROPS_DEFAULT = frozenset({"dropped-default", "missing-database-default"})
_CONSTRUCTORS = {"dict": "{}", "list": "[]", "str": "", "int": "0", "float": "0.0", "bool": "False"}
# Values of the library that are the same whenever they are made.
_CONSTANTS = frozenset(
    {"datetime.timedelta", "datetime.date", "datetime.time", "datetime.datetime", "decimal.Decimal", "uuid.UUID"}
)
_ZONES = frozenset({"datetime.timezone.utc", "datetime.UTC", "django.utils.timezone.utc"})
_MOMENTS = frozenset({"django.utils.timezone.now", "datetime.datetime.now", "datetime.datetime.utcnow"})
_AUTOMATIC = ("auto_now", "auto_now_add")
NOW = "from django.db.models.functions import Now"


class Kept(NamedTuple):
    """AddField with its default in the database: the finding about the statement that drops it, and its number."""

    finding: int
    statement: int
    call: Call


class Default(NamedTuple):
    """What a field's rows get, as source: `value` is an expression; `each` is whether every row has one of its own.

    `needs` are the imports that it takes.
    """

    value: str
    each: bool = False
    needs: tuple[str, ...] = ()


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


def with_moment(sql: str, call: Call, dialect: str) -> str:
    """The SQL of a field whose default in the database is the time: what `Now()` sends, no moment."""
    field = cst.argument(call, 2, "field")
    if not isinstance(field, Call) or cst.written(field, -1, "db_default") != "Now()":
        return sql
    now = {"postgresql": "STATEMENT_TIMESTAMP()", "sqlite": "STRFTIME('%Y-%m-%d %H:%M:%f', 'NOW')"}
    return _MOMENT.sub(f"DEFAULT ({now.get(dialect, 'CURRENT_TIMESTAMP(6)')})", sql)


def _with_default(project: "Project", sent: Sequence[Sent], call: Call) -> Call | None:
    """AddField whose default stays in the database; None where it isn't a constant, or Django has no such thing."""
    field = cst.argument(call, 2, "field")
    if cst.name(call) != "AddField" or not isinstance(field, Call) or project.django < (5, 0):
        return None
    if cst.argument(field, -1, "db_default") is not None:
        return None
    default = cst.written(field, -1, "default")
    if default:
        value = _constant(project, default)
        if not value and _path(project, default) in _MOMENTS and _is_moment(field):
            value = "Now()"
    elif _is_moment(field) and any(cst.written(field, -1, word) == "True" for word in _AUTOMATIC):
        value = "Now()"
    else:  # rows get an empty text where a field that may be blank has no default
        empty = any(_EMPTY.search(one.sql) for one in sent) and not cst.argument(field, -1, "null")
        value = project.quote * 2 if empty else ""
    if not value:
        return None
    made = cst.with_keyword(field, "db_default", value)
    if cst.written(call, 3, "preserve_default") == "False":
        made = cst.without_keywords(made, ("default",))
        call = cst.without_keywords(call, ("preserve_default",))
    holder = next(arg for arg in call.args if cst.keyword(arg) == "field" or arg.value is field)
    return cst.with_value(call, holder, made)


def _is_moment(field: Call) -> bool:
    return cst.name(field).endswith("DateTimeField")


def _constant(project: "Project", code: str) -> str:
    """The source of a default as the database can have it; empty where it is no constant."""
    if code in _CONSTRUCTORS:
        return _CONSTRUCTORS[code] or project.quote * 2
    try:
        node = ast.parse(code.strip(), mode="eval").body
    except SyntaxError:
        return ""
    if isinstance(node, ast.Call):
        return code if _is_constant(project, node) else ""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return ""
    return "" if value is None else code


def _is_constant(project: "Project", node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        if _path(project, ast.unparse(node.func)) not in _CONSTANTS:
            return False
        return all(_is_constant(project, one) for one in (*node.args, *(word.value for word in node.keywords)))
    if isinstance(node, ast.UnaryOp):
        return _is_constant(project, node.operand)
    return isinstance(node, ast.Constant) or _path(project, ast.unparse(node)) in _ZONES


def _path(project: "Project", code: str) -> str:
    """The full name of what the migration imports under a name: `datetime.timedelta` of `td`."""
    head, _, rest = code.partition(".")
    for node in project.tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            before = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for one in node.names:
                if (one.asname or one.name.partition(".")[0]) == head:
                    whole = one.name if before or one.asname else head
                    return before + whole + (f".{rest}" if rest else "")
    return ""


def is_computed(call: Call, sent: Sequence[Sent]) -> bool:
    """Whether the SQL has another value in the place of a default that may be computed when the migration runs."""
    field = cst.argument(call, 2, "field")
    if not isinstance(field, Call) or not any(_writes(one) for one in sent):
        return False
    default = cst.written(field, -1, "default")
    if not default:
        return any(cst.argument(field, -1, word) is not None for word in _AUTOMATIC)
    try:
        ast.literal_eval(default)
    except (ValueError, SyntaxError):
        return default not in _CONSTRUCTORS
    return False


def _writes(sent: Sent) -> bool:
    """Whether a statement has the value of a default in it."""
    kinds = {operation.kind for operation in sent.statement.operations}
    return "update" in kinds or "set-default" in kinds or ("add-column" in kinds and " DEFAULT " in sent.sql)


def filled(project: "Project", call: Call) -> Default | None:
    """What AlterField fills the rows with that have no value yet; None where its field doesn't say."""
    field = cst.argument(call, 2, "field")
    if cst.name(call) != "AlterField" or not isinstance(field, Call):
        return None
    code = cst.written(field, -1, "default")
    if not code:
        if not any(cst.written(field, -1, word) == "True" for word in _AUTOMATIC):
            return Default(project.quote * 2) if cst.written(field, -1, "blank") == "True" else None
        value = "timezone.now()" if _is_moment(field) else "timezone.now().date()"
        return Default(value, needs=("from django.utils import timezone",)) if _free(project, "timezone") else None
    if constant := _constant(project, code):
        return Default(constant)
    node = ast.parse(f"({code}\n)", mode="eval").body
    if isinstance(node, (ast.Name, ast.Attribute)):
        moment = _path(project, code) in {*_MOMENTS, "datetime.date.today"}
        return Default(f"{code}()", each=not moment)
    return Default(code) if not isinstance(node, ast.Lambda) else None


def _free(project: "Project", name: str) -> bool:
    """Whether a name is bound to nothing, or to what it is imported as here."""
    bound = {each for one in project.tree.body for each in layout.bound(one)}
    return name not in bound or _path(project, name) == f"django.utils.{name}"


def without_stand_ins(project: "Project", staged: Staged) -> list[Finding]:
    """The findings with stages that fill rows with what is computed when the migration runs, not what stands for it.

    Where a field's default is computed it isn't set in the database either.
    """
    found = list(staged.findings)
    for block, sent in zip(project.blocks, project.sent, strict=True):
        numbers = {one.statement.number: one for one in sent}
        wanted = {
            one.finding
            for number, one in staged.by_statement.items()
            if number in numbers and found[one.finding].rule == "hidden-table-update"
        }
        call = cst.parse(block.code) if wanted else None
        if call is None or not is_computed(call, sent):
            continue
        value = filled(project, call)
        for number in wanted:
            finding = found[number]
            stages = tuple(stage for stage in finding.stages if stage.kind != "backfill")
            if value is not None:
                stages = tuple(_filling(finding, numbers, project.dialect, value))
            found[number] = finding._replace(stages=stages)
    return found


def _filling(finding: Finding, sent: dict[int, Sent], dialect: str, value: Default) -> list[Stage]:
    """The stages of a hidden UPDATE with one that fills the rows first, and none for the default of the database."""
    kinds = {number: {each.kind for each in one.statement.operations} for number, one in sent.items()}
    update = next((number for number, found in kinds.items() if "update" in found), 0)
    rest = [
        stage
        for stage in finding.stages
        if stage.kind != "backfill" and not kinds.get(stage.statement, set()) & {"set-default", "drop-default"}
    ]
    column = finding.column or next(
        (
            operations.quoted(each.column, dialect)
            for one in sent.values()
            for each in one.statement.operations
            if each.column
        ),
        "the column",
    )
    deploy = Stage(f"**Deploy** code that writes {column} in every INSERT.", "", True, "deploy", statement=update)
    how = "each with a value of its own" if value.each else "in batches"
    fill = Stage(
        f"Fill the rows, {how}: each batch is committed by itself.",
        f"-- The rows get {value.value}, which is computed when the migration runs.",
        True,
        "backfill",
        statement=update,
    )
    return [deploy, fill, *rest]
