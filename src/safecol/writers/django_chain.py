"""A Django migration taken apart and its findings come in; the parts that replace it, in their order, go out."""

import ast
from collections.abc import Iterator, Sequence

from libcst import Call

from safecol.finding import Finding, Stage
from safecol.frontends.python.positions import Positions
from safecol.operations import KINDS
from safecol.patterns import lazy
from safecol.records import NamedTuple
from safecol.writers import cst, django_operations, django_required, layout, operations
from safecol.writers.django_defaults import NOW, Kept, filled, is_computed, kept_default, with_moment
from safecol.writers.django_operations import Made
from safecol.writers.django_undoing import Before
from safecol.writers.layout import Block
from safecol.writers.parts import Sent, Staged, Wanted

_WORD = lazy(r"\w+")
_LIGHT = frozenset({*KINDS["column"], *KINDS["constraint"], *KINDS["index"], "comment"})
_REMOVES = frozenset({"RemoveField", "DeleteModel"})
_STATELESS = frozenset({"RunSQL", "RunPython"})
_OF_DEFAULTS = frozenset({"set-default", "drop-default"})
_NOTHING = "-- The database stays as it is."


class Project(NamedTuple):
    """A migration taken apart: its operations, and what each of them sends. `django` is the release that runs."""

    text: str
    tree: ast.Module
    positions: Positions
    node: ast.ClassDef
    listed: ast.List
    blocks: tuple[Block, ...]
    sent: tuple[tuple[Sent, ...], ...]
    app: str
    name: str
    path: str
    dialect: str
    django: tuple[int, int]
    uses: tuple[frozenset[str], ...]
    quote: str
    before: Before = Before()


class Part(NamedTuple):
    """One migration to be: `made` are its operations. See `parts.Part` for the rest."""

    made: tuple[Made, ...]
    sql: str
    finding: int | None = None
    stage: int = 0
    title: str = ""
    deploy: int = 1
    first: str = ""
    beside: int | None = None


def changed(project: Project, staged: Staged) -> list[Finding]:
    """The findings with the stages that Django needs besides those of the database, or has instead of them."""
    found = list(staged.findings)
    for block, sent in zip(project.blocks, project.sent, strict=True):
        call = cst.parse(block.code)
        flagged = [
            staged.by_statement[one.statement.number] for one in sent if one.statement.number in staged.by_statement
        ]
        if call is None or not flagged:
            continue
        name = cst.name(call)
        number = flagged[0].finding
        for one in {each.finding for each in flagged}:
            stages = django_required.stages(found[one], sent, call, project.before, project.dialect)
            found[one] = found[one]._replace(stages=stages)
        if name in _REMOVES and found[number].stages[0].kind == "deploy":
            what = "field" if name == "RemoveField" else "model"
            title = f"Take the {what} out of the models; what it has in the database stays, and goes later."
            first = Stage(title, _relaxed(project, sent, staged) or _NOTHING, True, "schema")
            found[number] = found[number]._replace(stages=(first, *found[number].stages))
        elif (kept := kept_default(project, sent, call, staged)) is not None and len(flagged) > 1:
            found[kept.finding] = found[kept.finding]._replace(
                stages=()
            )  # the field itself says it, in those of others
        elif kept is not None:
            title = (
                "Add the field with its default in the database, and give the model the same db_default: code that "
                "doesn't know the field goes on inserting."
            )
            sql = "\n".join(f"{one.sql.strip()};" for one in sent if one.statement.number not in staged.by_statement)
            sql = with_moment(sql, kept.call, project.dialect)
            found[number] = found[number]._replace(stages=(Stage(title, sql, True, "schema"),))
        elif name == "AddField":  # those of the database begin with a default that stays
            for one in {each.finding for each in flagged}:
                if found[one].rule == "missing-database-default":
                    found[one] = found[one]._replace(stages=())
    return found


def _wanted(staged: Staged, sent: Sequence[Sent]) -> list[Wanted]:
    found = (staged.by_statement.get(one.statement.number) for one in sent)
    return [one for one in found if one is not None]


def _relaxed(project: Project, sent: Sequence[Sent], staged: Staged) -> str:
    """What lets rows be inserted without a column that goes; empty where that takes more than its name."""
    dialect = project.dialect
    if dialect != "postgresql":
        return ""
    for one in sent:
        for operation in one.statement.operations:
            if (
                operation.kind == "drop-column"
                and one.statement.number in staged.by_statement
                and operation.column != "id"
            ):
                name = operation.relation.name if operation.relation is not None else ""
                was = project.before.columns.get((name, operation.column or ""))
                if was is not None and was.nullable:
                    continue
                table = operations.qualified(operation.relation, dialect)
                column = operations.quoted(operation.column or "", dialect)
                return f"ALTER TABLE {table} ALTER COLUMN {column} DROP NOT NULL;"
    return ""


def parts_of(project: Project, staged: Staged) -> list[Part]:
    """What replaces the migration: first what is left of it, then the stages; empty when nothing can be taken out."""
    main: list[int] = []
    parts: list[Part] = []
    passed: list[int] = []
    rest: list[int] = []
    deploy = 1
    for number in range(len(project.sent)):
        steps = _steps(project, staged, number) if _movable(project, staged, number) else []
        if not steps:
            if any(_depends(project, number, at) for at in passed):
                rest.append(number)
                passed.append(number)
            else:
                main.append(number)
            continue
        if rest:
            parts.append(_kept(project, rest, deploy))
            rest = []
        passed.append(number)
        for step in steps:
            deploy += step.deploy
            parts.append(step._replace(deploy=deploy))
    if rest:
        parts.append(_kept(project, rest, deploy))
    if not any(part.finding is not None for part in parts):
        return []
    return [_kept(project, main, 1), *parts] if main else parts


def _movable(project: Project, staged: Staged, number: int) -> bool:
    sent = project.sent[number]
    if not any(one.statement.number in staged.by_statement for one in sent):
        return False
    if _told_by_django(project, staged, number):
        return True
    return all(one.known and _adds_columns(project, staged, one) for one in sent)


def _adds_columns(project: Project, staged: Staged, sent: Sent) -> bool:
    """Whether the stages for a statement add the columns that it adds, be they about another clause of it."""
    wanted = staged.by_statement.get(sent.statement.number)
    if wanted is None or not any(operation.kind == "add-column" for operation in sent.statement.operations):
        return True
    sql = "\n".join(staged.findings[wanted.finding].stages[at].sql for at in wanted.stages)
    made = operations.statements(sql, project.dialect)
    return any(operation.kind == "add-column" for one in made for operation in one.operations)


def _told_by_django(project: Project, staged: Staged, number: int) -> bool:
    """Whether an operation of Django's own is all that its stages are, whatever the SQL that isn't known."""
    call = cst.parse(project.blocks[number].code)
    return call is not None and _native(project, staged, project.sent[number], call) is not None


def _kept(project: Project, numbers: Sequence[int], deploy: int) -> Part:
    sql = "\n".join(f"{one.sql.strip()};" for number in numbers for one in project.sent[number])
    codes = tuple(_code(project.blocks[number]) for number in numbers)
    return Part((Made(codes),), sql, title="Everything else that the migration does.", deploy=deploy)


def _code(block: Block) -> str:
    return "\n".join([*(line for line in block.comments.split("\n") if line), block.code])


def _steps(project: Project, staged: Staged, number: int) -> list[Part]:
    """The parts for an operation, `deploy` in each being by how many it counts on; empty when it has to stay."""
    block, sent = project.blocks[number], project.sent[number]
    call = cst.parse(block.code)
    if (
        call is None
        or cst.name(call) == "RunPython"
        or (cst.name(call) == "RunSQL" and cst.argument(call, 2, "state_operations") is not None)
        or (
            is_computed(call, sent)
            and filled(project, call) is None
            and _native(project, staged, sent, call) is None
            and _without_index(staged, sent, call) is None
        )
    ):
        return []
    parts = [_with_needs(part) for part in _sequence(project, staged, block, sent, call)]
    comments = [line for line in block.comments.split("\n") if line and "safecol:" not in line]
    if comments:
        made, *others = parts[0].made
        first, *rest = made.operations
        made = made._replace(operations=("\n".join([*comments, first]), *rest))
        parts[0] = parts[0]._replace(made=(made, *others))
    return parts


def _with_needs(part: Part) -> Part:
    """The part with the import of what stands in its operations for the time of an INSERT."""
    made = tuple(
        one._replace(needs=(*one.needs, NOW)) if any("db_default=Now()" in code for code in one.operations) else one
        for one in part.made
    )
    return part._replace(made=made)


def _sequence(
    project: Project,
    staged: Staged,
    block: Block,
    sent: Sequence[Sent],
    call: Call,
) -> Iterator[Part]:
    name = cst.name(call)
    native = _native(project, staged, sent, call)
    kept = kept_default(project, sent, call, staged) if native is None else None
    state = "" if name in _STATELESS else _state(block, call)
    if kept is not None:
        call, state = kept.call, cst.fitted(kept.call, layout.WIDTH - django_operations.COLUMN - 8)
    sent = list(_left(sent, call, kept))
    indexed = _without_index(staged, sent, call) if native is None else None
    run: list[Sent] = []
    for one in sent:
        wanted = staged.by_statement.get(one.statement.number)
        if wanted is None:
            run.append(one)
            continue
        number = wanted.finding
        stages = [(at, staged.findings[number].stages[at]) for at in wanted.stages]
        removed = bool(state) and name in _REMOVES and stages[0][1].title.startswith("Take the ")
        tells = _telling(project, stages, one)
        if run and not removed and native is None:
            waits = name == "AlterField"  # the model is told when the column is what it says
            yield _run(project, run, "" if waits else state, indexed)._replace(beside=number)
            run, state = [], state if waits else ""
        gates: list[str] = []
        deploy = 0
        for at, stage in stages:
            if not stage.sql:
                deploy += stage.kind == "deploy"
                gates.append(_gate(stage.title))
                continue
            if native is not None:
                made, state = native[at], ""
            elif removed and at == 0:
                only = None if stage.sql == _NOTHING else _run_sql(project, stage.sql, "")
                yield Part((django_operations.separate(state, only),), stage.sql, number, at, stage.title, 0)
                state = ""
                if run:
                    yield _run(project, run, "", None)._replace(beside=number)
                    run = []
                continue
            elif stage.kind == "backfill":
                made = _backfill(project, stage, call, _free(project, f"fill_{at}" if at > 1 else "fill"))
            else:
                told = at == tells
                # Whether the models name a column of a table between two of them isn't known.
                unnamed = "ManyToManyField" not in block.code and name != "SeparateDatabaseAndState"
                tells_now = state if told else ""
                made = _run_sql(project, stage.sql, tells_now, atomic=stage.transaction, unnamed=unnamed)
                state = "" if told else state
            yield Part((made,), stage.sql, number, at, stage.title, deploy, " ".join(gates))
            gates, deploy = [], 0
    if run and native is None:
        yield _run(project, run, state, None)._replace(beside=_wanted(staged, sent)[-1].finding)


def _left(sent: Sequence[Sent], call: Call, kept: Kept | None) -> Iterator[Sent]:
    """The statements that are still to be sent, which a default that stays or is computed has less of."""
    computed = cst.name(call) == "AlterField" and is_computed(call, sent)
    for one in sent:
        kinds = {operation.kind for operation in one.statement.operations}
        if kinds <= {"set-constraints"} or (kept is not None and one.statement.number == kept.statement):
            continue
        if not (computed and kinds & _OF_DEFAULTS):
            yield one


def _free(project: Project, name: str) -> str:
    """The name, or a longer one where the migration has something of this name."""
    taken = {one for node in project.tree.body for one in layout.bound(node)}
    while name in taken:
        name += "_rows"
    return name


def _backfill(project: Project, stage: Stage, call: Call, name: str) -> Made:
    """What fills rows: by the models where an operation of theirs says with what."""
    default = filled(project, call)
    if default is None or not stage.title.startswith("Fill "):
        return django_operations.in_batches(stage.sql, name)
    return django_operations.filling(call, project.app, project.quote, default, name)


def _telling(project: Project, stages: Sequence[tuple[int, Stage]], sent: Sent) -> int:
    """The stage after which the database is what the operation makes of it."""
    wanted = {operation.kind for operation in sent.statement.operations}
    if "change-type" in wanted:
        wanted.add("rename-column")
    first = -1
    for number, stage in stages:
        if not stage.sql or stage.kind == "backfill":
            continue
        first = number if first < 0 else first
        found = operations.statements(stage.sql, project.dialect)
        if wanted & {operation.kind for one in found for operation in one.operations}:
            return number
    return first


def _state(block: Block, call: Call) -> str:
    if cst.name(call) == "SeparateDatabaseAndState":
        return cst.source(cst.without_keywords(call, ("database_operations",)))
    return block.code


def _run(project: Project, run: Sequence[Sent], state: str, instead: str | None) -> Part:
    """What the operation sends besides what was found."""
    sql = "\n".join(f"{one.sql.strip()};" for one in run)
    if instead is not None and state:
        made = django_operations.separate(state, Made((instead,)))
    else:
        made = _run_sql(project, sql, state)
    return Part((made,), sql, title="What else the operation does.", deploy=0)


def _run_sql(project: Project, sql: str, state: str, *, atomic: bool = True, unnamed: bool = True) -> Made:
    return django_operations.run_sql(
        sql, project.dialect, project.before, atomic=atomic, quote=project.quote, state=state, unnamed=unnamed
    )


def _native(project: Project, staged: Staged, sent: Sequence[Sent], call: Call) -> dict[int, Made] | None:
    """The operations of Django's own that do the stages of the only finding, by the stage's number."""
    flagged = _wanted(staged, sent)
    if len(flagged) != 1:
        return None
    finding = staged.findings[flagged[0].finding]
    asked = [(number, finding.stages[number]) for number in flagged[0].stages if finding.stages[number].sql]
    kinds = [
        {operation.kind for one in operations.statements(stage.sql, project.dialect) for operation in one.operations}
        for _, stage in asked
    ]
    kept = kept_default(project, sent, call, staged)
    if kept is not None and kept.finding == flagged[0].finding:
        return {asked[0][0]: Made((cst.fitted(kept.call, layout.WIDTH - django_operations.COLUMN),))}
    if len(sent) != 1 or project.dialect != "postgresql":
        return None
    if kinds in ([{"create-index"}], [{"drop-index"}]) and not asked[0][1].transaction:
        made = django_operations.concurrently(call)
        return {asked[0][0]: made} if made is not None else None
    if kinds == [{"add-constraint"}, {"validate-constraint"}] and project.django >= (4, 0):
        first, second = (django_operations.check(call, validate=validate) for validate in (False, True))
        if first is not None and second is not None:
            return {asked[0][0]: first, asked[1][0]: second}
    return None


def _without_index(staged: Staged, sent: Sequence[Sent], call: Call) -> str | None:
    """AddField without the index that its field brings, where nothing else was found."""
    field = cst.argument(call, 2, "field")
    kinds = {
        operation.kind
        for one in sent
        if one.statement.number in staged.by_statement
        for operation in one.statement.operations
    }
    if cst.name(call) != "AddField" or not isinstance(field, Call) or kinds != {"create-index"}:
        return None
    holder = next(arg for arg in call.args if arg.value is field)
    made = cst.with_value(call, holder, cst.with_keyword(field, "db_index", "False"))
    return cst.fitted(made, layout.WIDTH - django_operations.COLUMN - 8)


def _gate(title: str) -> str:
    words = title.replace("**", "")
    return words[:1].lower() + words[1:]


def _depends(project: Project, number: int, other: int) -> bool:
    """Whether the order of two operations matters, as far as their names tell."""
    sent = (*project.sent[number], *project.sent[other])
    shared = _words(project.blocks[number]) & _words(project.blocks[other])
    kinds = [operation.kind for one in sent for operation in one.statement.operations]
    if all(kind in _LIGHT for kind in kinds) and all(one.known for one in sent):
        models = {
            keyword.value.value.lower()
            for at in (number, other)
            for keyword in ast.walk(project.blocks[at].node)
            if isinstance(keyword, ast.keyword)
            and keyword.arg == "model_name"
            and isinstance(keyword.value, ast.Constant)
            and isinstance(keyword.value.value, str)
        }
        shared -= models
    return bool(shared)


def _words(block: Block) -> set[str]:
    texts = [one.value for one in ast.walk(block.node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return {word.lower() for text in texts for word in _WORD.findall(text)}
