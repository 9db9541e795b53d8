"""A project's migrations come in, in order; what each sends, as SQL with places and as statements, goes out."""

import ast
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from safecol.dialects import loaded, registry
from safecol.frontends.django import sections
from safecol.frontends.django.columns import column_name
from safecol.frontends.django.editor import Editor
from safecol.frontends.django.following import Following
from safecol.frontends.django.given import why
from safecol.frontends.django.operations import Applying, flattened
from safecol.frontends.django.project import Project
from safecol.frontends.django.state import contributed
from safecol.frontends.django.target import Target
from safecol.frontends.django.values import State
from safecol.frontends.python.emitted import Places
from safecol.frontends.python.positions import unmarked
from safecol.frontends.python.values import path_of, plain
from safecol.operations import Opaque, Section, Statement
from safecol.patterns import lazy
from safecol.read_file import ANYTHING
from safecol.records import NamedTuple
from safecol.source import Span
from safecol.trace import Placeholder, Problem

if TYPE_CHECKING:
    from safecol.runners.migration_file import MigrationFile

_EXCEPT = lazy(r"\bexcept[ \t]+([\w.]+(?:[ \t]*,[ \t]*[\w.]+)+)[ \t]*:")


class Reading(NamedTuple):
    """What a migration sends: `text` is its SQL, whose places in the file are `places`.

    Spans of sections, statements, placeholders and problems are those of `text`. `met` counts the operations in the
    file, `missed` those of them that were not understood. `unused` are columns that it drops and no model has had.
    """

    text: str
    places: Places
    sections: tuple[tuple[Section, tuple[Statement, ...]], ...]
    placeholders: tuple[Placeholder, ...] = ()
    problems: tuple[Problem, ...] = ()
    met: int = 0
    missed: int = 0
    unused: frozenset[tuple[str, str]] = frozenset()


class Replay:
    """The migrations of one project, applied in order to the state of its models.

    Which names Django gave to constraints, and what a field was, only the migrations before tell: so all of them are
    followed, whether or not what they send is read.
    """

    def __init__(
        self, files: Sequence["MigrationFile"], text: Callable[["MigrationFile"], str], version: str = ""
    ) -> None:
        """`files` are all that were found of the project, in order; `text` gives the text of one of them.

        `version` is the server's.
        """
        self.files = tuple(files)
        self.text = text
        self.version = version or registry.known(files[0].dialect).default_version
        self.project: Project = files[0].project or Project()
        self.dialect = files[0].dialect
        self.numbers = {file.path: number for number, file in enumerate(files)}
        self._restart()

    def _restart(self) -> None:
        project = self.project
        self.at = 0
        self.editor = Editor(Target(self.dialect, _number(self.dialect, self.version), project.django))
        self.state = contributed(project.apps)._replace(
            user_model=project.user_model,
            swapped=project.swapped,
            auto_field=project.auto_field,
            auto_fields=project.auto_fields,
        )

    def read(self, file: "MigrationFile", text: str, transaction: str | None = None) -> Reading:
        """What a migration sends; `transaction` overrides how Django sends it. Never raises for a bad file."""
        number = self.numbers.get(file.path, len(self.files))
        if number < self.at:
            self._restart()
        for one in self.files[self.at : number]:
            self._apply(one, self.text(one))
        self.at = number + 1
        return _read(self._apply(file, text, back=file.target), transaction, self.dialect)

    def _apply(self, file: "MigrationFile", text: str, *, back: bool = False) -> "_Applied":
        text = unmarked(text)
        path = os.path.abspath(file.path)
        following = Following(text, self.dialect, path, self.project.helpers, self.project.root)
        following.constants = self.project.constants
        following.runner.module.names["__file__"] = plain(path, Span(0, 0))
        made = Applying(following, self.editor, self.state, file.app, careful=self.project.careful)
        refused = ""
        try:
            tree = _parsed(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as problem:
            refused = f"this Python can't be parsed: {getattr(problem, 'msg', None) or 'it is nested too deeply'}"
            following.opaque(_line(text, getattr(problem, "lineno", None) or 1), refused)
        else:
            if file.replaced:
                return _Applied(made, "", self.state)
            try:
                self._follow(made, tree, back=back)
            except RecursionError:
                following.opaque(Span(0, len(text)), "it is nested too deeply to be analyzed")
        before, self.state = self.state, made.state
        return _Applied(made, refused, before, _is_released(following))

    def _follow(self, made: Applying, tree: ast.Module, *, back: bool) -> None:
        following = made.following
        following.runner.statement_list(tree.body)
        migration = following.migration()
        if migration is None:
            following.opaque(Span(0, 0), "its class `Migration` is not known")
            return
        atomic = following.attribute_of(migration, "atomic", default=True)
        made.is_atomic(says=atomic is not False)
        whole = _class(tree, following)
        operations = following.attribute_of(migration, "operations", [])
        listed = flattened(operations)
        if listed is None:
            made.met += 1
            made.missed.add(made.met)
            following.opaque(whole, why(operations, "the list of operations"))
            return
        made.apply(listed, whole)
        if back:
            made.take_back()


def _parsed(text: str) -> ast.Module:
    """The syntax tree of a source, that of a newer Python than this one included. Errors: those of `ast.parse`."""
    try:
        return ast.parse(text)
    except SyntaxError as problem:
        if "multiple exception types" not in (problem.msg or ""):
            raise
    # From 3.14 on the parentheses may be left out; the offsets of what stands on other lines stay as they are.
    return ast.parse(_EXCEPT.sub(r"except(\1):", text))


class _Applied(NamedTuple):
    """A migration that was applied; `before` is the state before it, `released` whether it waits for the new code."""

    made: Applying
    refused: str
    before: State
    released: bool = False


def _read(applied: _Applied, transaction: str | None, dialect: str) -> Reading:
    made, writer = applied.made, applied.made.writer
    text = writer.text
    how = transaction or ("wrapped" if made.whole else "autocommit")
    read, placeholders, missed = sections.read(
        text, writer.emissions, made.breaks, made.alone, how, loaded.front(dialect), made.back
    )
    if applied.refused:
        (section, (statement,)), *_ = read
        refused = statement._replace(opaque=Opaque(statement.span, applied.refused, syntax=True))
        read = ((section, (refused,)),)
    # What the server's grammar doesn't know of an operation's SQL was not understood either.
    unread = {number for number, first, last in made.of_operations if any(first <= one < last for one in missed)}
    problems = tuple(made.following.problems)
    unused = frozenset(_unused(applied, read))
    return Reading(text, writer.places, read, placeholders, problems, made.met, len(made.missed | unread), unused)


def _is_released(following: Following) -> bool:
    """Whether the migration runs when the code that it goes with is deployed: `safe = Safe.after_deploy()`."""
    migration = following.migration()
    said = following.attribute_of(migration, "safe") if migration is not None else None
    return path_of(said).removesuffix("()").endswith("Safe.after_deploy")


def _unused(applied: _Applied, sections: Iterable[tuple[Section, tuple[Statement, ...]]]) -> Iterator[tuple[str, str]]:
    """The columns that are dropped and that the models had no more before: the state was told first."""
    if applied.released:
        yield ANYTHING
        return
    limit = applied.made.editor.target.longest_name
    drops = [
        (operation.relation.name, operation.column)
        for section, found in sections
        if section.direction != "down"
        for statement in found
        for operation in statement.operations
        if operation.kind == "drop-column" and operation.relation is not None and operation.column
    ]
    if not drops:
        return
    models = {model.table(limit): model for model in applied.before.models.values() if model.fields}
    for table, column in drops:
        model = models.get(table)
        if model is not None and column not in {column_name(name, field) for name, field in model.fields.items()}:
            yield table, column


def _class(tree: ast.Module, following: Following) -> Span:
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "Migration":
            whole = following.runner.positions.span(node)
            end = following.runner.positions.text.find("\n", whole.start)
            return Span(whole.start, min(end, whole.end) if end >= 0 else whole.end)
    return Span(0, 0)


def _line(text: str, line: int) -> Span:
    starts = [0, *(at + 1 for at, character in enumerate(text) if character == "\n")]
    start = starts[min(line, len(starts)) - 1]
    end = text.find("\n", start)
    return Span(start, end if end >= 0 else len(text))


def _number(dialect: str, version: str) -> int:
    """The version of a server as the number that the registry compares; 0 when it isn't known."""
    from safecol import versions

    parts = (*versions.parse(version), 0, 0, 0)[:3]
    return parts[0] if dialect == "postgresql" else parts[0] * 10000 + parts[1] * 100 + parts[2]


def replays(
    files: Iterable["MigrationFile"], text: Callable[["MigrationFile"], str], version: Callable[[str], str]
) -> dict[str, Replay]:
    """The projects among some files, by history."""
    found: dict[str, list[MigrationFile]] = {}
    for file in files:
        if file.runner == "django" and file.path.endswith(".py"):
            found.setdefault(file.history, []).append(file)
    return {history: Replay(members, text, version(members[0].path)) for history, members in found.items()}
