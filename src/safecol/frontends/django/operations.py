"""A migration's operations come in, one by one; what each sends is written down, the state after it goes out."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from safecol.frontends.django import editing, standing
from safecol.frontends.django.backwards import BACK
from safecol.frontends.django.following import APPS, EDITOR, Following, only_holes, unescaped
from safecol.frontends.django.given import Given, NotKnown, why
from safecol.frontends.django.orm import Models
from safecol.frontends.django.sending import SENDS
from safecol.frontends.django.state import forwards
from safecol.frontends.django.values import State
from safecol.frontends.python.values import Function, Imported, Made, Text, Unknown, Value, path_of, plain
from safecol.patterns import lazy
from safecol.source import Span

if TYPE_CHECKING:
    from safecol.frontends.django.editor import Editor, Sent

_MOST_NESTED = 20
_CONSTRAINTS = lazy(r'(?:; )?SET CONSTRAINTS (?:ALL|"(?:[^"]|"")*") IMMEDIATE(?:; )?')
# What takes strong locks on a table that may have rows.
_CHANGES = frozenset(
    {
        "AddField", "RemoveField", "AlterField", "RenameField", "AddIndex", "RemoveIndex", "AddConstraint",
        "RemoveConstraint", "AlterUniqueTogether", "AlterIndexTogether", "RenameModel", "AlterModelTable",
        "DeleteModel",
    }
)  # fmt: skip


class Applying:
    """One migration that is applied: `following` has its file and what was sent, `state` is the state so far."""

    def __init__(self, following: Following, editor: "Editor", state: State, app: str, *, careful: bool) -> None:
        """`careful` is whether the back end sends what doesn't block; no migration is then one transaction."""
        self.careful = careful and editor.target.postgresql
        self.following = following
        self.writer = following.writer
        self.editor = editor
        self.state = state
        self.app = app
        self.is_atomic(says=True)
        self.met = 0
        self.breaks: set[int] = set()
        """The emissions that begin a section of their own."""
        self.alone: set[int] = set()
        """The emissions that the user wrote: each is read by itself."""
        self.of_operations: list[tuple[int, int, int]] = []
        """The number of an operation and its emissions, from and to; once for each direction."""
        self.missed: set[int] = set()
        """The operations that were not understood, by number."""
        self.done: list[tuple[int, Given, State, State]] = []
        """What was done to the database: the number of each operation, and the states before and after it."""
        self.reversible = True
        """Whether Django can take the migration back: of one operation that has no way back, it refuses all."""
        self.back: int | None = None
        """The first emission of what takes the migration back; None where that isn't followed."""
        self.unseen: list[Span] = []
        """The operations that run code of which something was not understood."""
        following.schema = self._schema_call

    def is_atomic(self, *, says: bool) -> None:
        """The migration says whether it is one transaction; the dialect and the back end have their say too."""
        self.atomic = says
        self.whole = says and not self.editor.target.mysql and not self.careful

    def apply(self, operations: Iterable[Value], whole: Span) -> None:
        """All operations of the migration, and what Django keeps for its end."""
        self.editor.begin()
        for value in operations:
            self.state = self._both(value, self.state, whole, 0)
        self._sent(self.editor.end())
        for span, said in self.editor.left_out:
            self.following.problem("silently-skipped-constraint", span, said)
        self._mixed()

    def _mixed(self) -> None:
        """Code whose changes of rows can't be judged, in the migration that changes tables that exist."""
        changes = next((name for name in self.writer.places.senders.values() if name in _CHANGES), "")
        if not changes or not self.atomic:
            return
        how = (
            f"the locks of `{changes}` last until it has ended"
            if self.whole
            else f"`{changes}` is committed at once, and a failure in between leaves a half"
        )
        for span in self.unseen:
            message = f"`RunPython` runs in the migration that changes the schema: {how}"
            self.following.problem("mixed-data-and-schema", span, message)

    # One operation: on the state and on the database, or on one of them

    def _both(self, value: Value, state: State, whole: Span, depth: int) -> State:
        given = self._given(value, whole)
        if given is None or depth > _MOST_NESTED:
            return state
        if given.name == "SeparateDatabaseAndState":
            return self._separate(given, state, depth)
        first, missed = self._begin()
        after = self._forwards(given, state)
        if after is not None:
            self._database(given, state, after)
        self._end(first, missed)
        return state if after is None else after

    def _separate(self, given: Given, state: State, depth: int) -> State:
        after = state
        for one in _listed(given.get("state_operations")):
            after = self._only_state(one, after, given.span, depth + 1)
        at = state
        for one in _listed(given.get("database_operations")):
            inner = self._given(one, given.span)
            if inner is None:
                continue
            if inner.name == "SeparateDatabaseAndState":
                at = self._separate(inner, at, depth + 1)
                continue
            first, missed = self._begin()
            to = self._forwards(inner, at)
            if to is not None:
                self._database(inner, at, to)
                at = to
            self._end(first, missed)
        return after

    def _only_state(self, value: Value, state: State, whole: Span, depth: int) -> State:
        given = self._given(value, whole)
        if given is None or depth > _MOST_NESTED:
            return state
        if given.name == "SeparateDatabaseAndState":
            for one in _listed(given.get("state_operations")):
                state = self._only_state(one, state, whole, depth + 1)
            return state
        first, missed = self._begin()
        after = self._forwards(given, state)
        self._end(first, missed)
        return state if after is None else after

    # The way back

    def take_back(self) -> None:
        """What Django sends to take the migration back: nothing where it would refuse."""
        if not self.reversible:
            return
        ledger = self.editor.ledger
        self.editor.ledger = ledger.copy()
        self.editor.begin()
        self.back = self.writer.begun = len(self.writer.emissions)
        self.breaks.add(self.back)
        self.writer.transaction = ""
        self.following.back = True
        for number, given, before, after in reversed(self.done):
            first, missed = len(self.writer.emissions), self.following.missed
            self._database_back(number, given, after, before)
            self.of_operations.append((number, first, len(self.writer.emissions)))
            if self.following.missed > missed:
                self.missed.add(number)
        self._sent(self.editor.end())
        self.following.back = False
        self.editor.ledger = ledger

    def _database_back(self, number: int, given: Given, old: State, new: State) -> None:
        """One operation is taken back: from the state after it, `old`, to the one before it."""
        self.editor.place = given.span
        own = given.arguments.get("database_backwards")
        try:
            if isinstance(own, Function):
                self._own(given, own, old)
            elif given.name == "RunSQL":
                self._sql(given, given.get("reverse_sql"))
            elif given.name == "RunPython":
                self._python(given, self._code(given.get("reverse_code")), old)
            elif given.name in BACK and number not in self.missed:
                # What isn't known of a field that comes back was told where it was made, and judges nothing.
                sent = BACK[given.name](self.editor, self.app, given, old, new)
                self._sent([one for one in sent if not isinstance(one.pieces, Unknown)], careful=given.careful)
        except NotKnown as problem:
            self.following.opaque(given.span, str(problem))

    def _begin(self) -> tuple[int, int]:
        self.met += 1
        return len(self.writer.emissions), self.following.missed

    def _end(self, first: int, missed: int) -> None:
        self.of_operations.append((self.met, first, len(self.writer.emissions)))
        if self.following.missed > missed:
            self.missed.add(self.met)

    def _forwards(self, given: Given, state: State) -> State | None:
        try:
            if given.name == "RunSQL":
                after = state
                for one in _listed(given.get("state_operations")):
                    inner = self._given(one, given.span)
                    if inner is not None:
                        after = forwards(after, self.app, inner)
                return after
            return forwards(state, self.app, given)
        except NotKnown as problem:
            self.following.opaque(given.span, str(problem))
            return None

    def _given(self, value: Value, whole: Span) -> Given | None:
        """The operation that a value is; None, and said so, for what isn't one that is known."""
        if isinstance(value, Imported):
            value = self.following.runner.within(value.path, value.file, value.name)
        if not isinstance(value, Made):
            self.met += 1
            self.missed.add(self.met)
            self.following.opaque(whole, why(value, "an operation"))
            return None
        made = standing.known(self.following, value)
        if made is not None:
            return made
        self.met += 1
        self.missed.add(self.met)
        shown = value.path.lstrip("?.")
        self.following.opaque(value.span, f"the operation `{shown}` is not known: what it does is not followed")
        return None

    # What is sent

    def _database(self, given: Given, old: State, new: State) -> None:
        self.editor.place = given.span
        self.writer.places.senders[given.span] = given.name
        self.done.append((self.met, given, old, new))
        own = given.arguments.get("database_forwards")
        if isinstance(own, Function):
            if given.get("reversible") is False:
                self.reversible = False
            elif given.name == "own" and "database_backwards" not in given.arguments:
                self._no_way_back(given.span, f"`{given.shown}` has no `database_backwards`", told=True)
            self._own(given, own, old)
            return
        try:
            if given.name == "RunSQL":
                self._run_sql(given)
            elif given.name == "RunPython":
                self._run_python(given, old)
            elif given.name in SENDS:
                self._sent(SENDS[given.name](self.editor, self.app, given, old, new), careful=given.careful)
        except NotKnown as problem:
            self.following.opaque(given.span, str(problem))

    def _sent(self, sent: "Iterable[Sent]", *, careful: bool = False) -> None:
        if self.careful or (careful and self.editor.target.postgresql):
            from safecol.frontends.django.careful import statements

            sent = statements(sent)
        for one in sent if self.whole else map(_without_transaction, sent):
            if isinstance(one.pieces, Unknown):
                self.following.opaque(one.place, one.pieces.reason)
            else:
                self.writer.sql(one.pieces, one.place)

    def _own(self, given: Given, function: Function, old: State) -> None:
        """`database_forwards` of the project's own operation, followed."""
        me = Unknown("self", "it is the operation itself")
        unknown = Unknown("state", "it is a state of the models")
        app = plain(self.app, given.span)
        self.following.run(function, (me, app, EDITOR, unknown, unknown), Models(self.editor.target, old), given.span)

    # SQL and code

    def _run_sql(self, given: Given) -> None:
        sql = given.get("sql")
        if given.get("reverse_sql") is None:
            self._no_way_back(given.span, "`RunSQL` has no `reverse_sql`", told=not _is_noop(sql))
        self._sql(given, sql)

    def _sql(self, given: Given, sql: Value) -> None:
        if _is_noop(sql):
            return
        if isinstance(sql, Text):
            self._script(sql, given.span)
            return
        if type(sql) not in (list, tuple):
            raise NotKnown(why(sql, "the SQL"))
        for one in sql:
            pair = type(one) in (list, tuple) and len(one) > 0
            inner, parameters = (one[0], one[1] if len(one) > 1 else None) if pair else (one, None)
            if not isinstance(inner, Text):
                self.following.opaque(given.span, why(inner, "the SQL"))
                continue
            # Each is one call: several statements in it are one transaction even where the migration is none.
            if not self.whole:
                self._own_section("implicit")
            self._script(unescaped(inner) if parameters is not None else inner, given.span)
        if not self.whole:
            self._own_section("")

    def _no_way_back(self, span: Span, what: str, *, told: bool) -> None:
        self.reversible = False
        if told:
            self.following.problem("irreversible-migration", span, f"This migration can't be taken back: {what}")

    def _script(self, sql: Text, span: Span) -> None:
        if only_holes(sql):
            if str(sql).strip(" ;\n\t"):
                self.following.opaque(span, f"the SQL is not known: `{str(sql).strip()[2:-1]}`")
            return
        self.alone.add(len(self.writer.emissions))
        self.writer.script(sql, span)

    def _own_section(self, transaction: str) -> None:
        self.breaks.add(len(self.writer.emissions))
        self.writer.transaction = transaction

    def _run_python(self, given: Given, old: State) -> None:
        code = self._code(given.get("code"))
        if given.get("reverse_code") is None:
            self._no_way_back(given.span, "`RunPython` has no `reverse_code`", told=not _is_noop(code))
        self._python(given, code, old)

    def _python(self, given: Given, code: Value, old: State) -> None:
        if _is_noop(code):
            return
        if not isinstance(code, Function):
            raise NotKnown(why(code, "the code"))
        atomic = given.get("atomic")
        wrapped = not self.whole and (atomic is True or (self.atomic and atomic is not False))
        if wrapped:
            self._own_section("wrapped")
        first = len(self.writer.emissions)
        self.following.autocommit = not self.whole and not wrapped
        self.following.run(code, (APPS, EDITOR), Models(self.editor.target, old), given.span)
        if self.back is None and any(one.reason for one in self.writer.emissions[first:]):
            self.unseen.append(given.span)
        self.alone.update(range(first, len(self.writer.emissions)))
        if wrapped:
            self._own_section("")

    def _code(self, value: Value) -> Value:
        if isinstance(value, Imported):
            return self.following.runner.within(value.path, value.file, value.name)
        if isinstance(value, Made) and value.path == "functools.partial" and value.arguments:
            return self._code(value.arguments[0])
        return value

    def _schema_call(self, call: Made) -> bool:
        """`schema_editor.create_model(Model)` and its like in code; False for what is not followed."""
        models = self.following.models
        if models is None:
            return False
        self.editor.place = call.span
        try:
            sent = editing.statements(self.editor, models, call, self.following.named, self.following.helpers)
        except NotKnown:
            return False
        if sent is None:
            return False
        self._sent(sent)
        return True


def _without_transaction(sent: "Sent") -> "Sent":
    """A statement without SET CONSTRAINTS, which Django sends where there is no transaction too: it does nothing."""
    if isinstance(sent.pieces, Unknown) or len(sent.pieces) > 1:
        return sent
    (piece,) = sent.pieces
    return sent._replace(pieces=[piece._replace(text=_CONSTRAINTS.sub("", piece.text))])


def _is_noop(value: Value) -> bool:
    return path_of(value).endswith((".noop", "RunSQL.noop", "RunPython.noop")) or (
        isinstance(value, Text) and not value.strip()
    )


def _listed(value: Value) -> list[Value]:
    return list(value) if type(value) in (list, tuple) else []


def flattened(value: Value) -> Iterator[Value] | None:
    """The operations of a migration, lists in lists flattened; None when they aren't a list that is known."""
    if type(value) not in (list, tuple):
        return None
    return _flat(value, 0)


def _flat(values: Iterable[Value], depth: int) -> Iterator[Value]:
    for value in values:
        if type(value) in (list, tuple) and depth < _MOST_NESTED:
            yield from _flat(value, depth + 1)
        else:
            yield value
