"""What a version file calls comes in, call by call; the statements that it sends are written down, none is sent."""

import ast
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from safecol.frontends.alembic import statements
from safecol.frontends.alembic.batches import COPY, Batch, Batched, copies, of_copy, untold, what_copies
from safecol.frontends.alembic.harmless import OP, harmless, shown, touches
from safecol.frontends.alembic.names import Fixed, NotKnown, Refused, Target, qualified
from safecol.frontends.alembic.operations import OPERATIONS, Statement, of_batch, sent
from safecol.frontends.alembic.types import EnumType, create_enum, enum_of
from safecol.frontends.python.emitted import Piece, Writer
from safecol.frontends.python.modules import Project
from safecol.frontends.python.running import Runner
from safecol.frontends.python.values import (
    Class,
    External,
    Function,
    Made,
    Member,
    Text,
    Unknown,
    Value,
    path_of,
    plain,
)
from safecol.operations import Forgotten, Name
from safecol.patterns import lazy
from safecol.source import Span
from safecol.trace import Problem

_BATCH = f"{OP}.batch_alter_table"
_EXECUTES = frozenset({"execute", "exec_driver_sql", "scalar", "scalars", "run_sync"})
_ROWS = frozenset(
    {
        "add", "add_all", "merge", "bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings", "update",
        "delete", "insert",
    }
)  # fmt: skip
_ENDS = frozenset({"close", "commit", "rollback", "flush", "begin", "expunge_all", "remove"})
_SILENT = frozenset({"get_bind", "get_context", "f", "inline_literal", "batch_alter_table", "implementation_for",
                     "register_operation"})  # fmt: skip
_ANSWER = lazy(r"execute\(\)|exec_driver_sql\(\)|scalars\(\)|query\(\)|fetchall|what the server answers")
_CHANGE = lazy(r"(?i)\s*(?:update|delete|insert|merge|replace)\b")


class Following:
    """The host of one version file: `writer` has what was sent so far."""

    def __init__(self, text: str, to: Target, path: str = "", helpers: Mapping[str, str] | None = None) -> None:
        """`path` is the file's absolute path: what it imports of its project is looked for around it.

        `helpers` says what functions of the project stand for, by their dotted path or their name.
        """
        self.helpers = helpers or {}
        self.writer = Writer()
        self.to = to
        # MariaDB is mostly reached as MySQL.
        self.spoken = "mysql" if to.is_mysql else to.dialect
        self.runner = Runner(text, self, Project(path, outside=self.helpers) if path else None)
        self.following = False
        self.met = 0
        self.missed = 0
        self.looped = ""
        self.touched = False
        self.loops: list[tuple[ast.stmt, int]] = []
        self.opened = self.committed = False
        self.engines: Mapping[str, str] = {}
        self.problems: list[tuple[str, Problem]] = []
        self.direction = "up"
        self.batches: list[Batch] = []

    @property
    def active(self) -> bool:
        """Whether what is called is sent: not what modules do when they are imported."""
        return self.following and not self.runner.loading

    # What the runner asks

    def attribute(self, base: Value, name: str) -> Value:
        """Constants that the dialect decides; NotImplemented for everything else."""
        path = path_of(base)
        if name == "name" and path.endswith((".dialect", ".engine", ".impl")):
            return plain(self.spoken, Span(0, 0))
        if name == "name" and isinstance(base, Unknown) and base.source.endswith((".dialect", ".engine")):
            return plain(self.spoken, Span(0, 0))
        if name in ("url", "drivername") and path.endswith((".engine", ".bind", "get_bind()", ".url")):
            return plain(f"{self.spoken}://" if name == "url" else self.spoken, Span(0, 0))
        if name == "as_sql" and path.endswith("get_context()"):
            return False
        return NotImplemented

    def made(self, call: Made) -> Value:
        """Write down what a call sends; NotImplemented when it sends nothing."""
        if not self.active:
            return NotImplemented
        path = call.path
        if path.endswith(".is_offline_mode"):
            return False
        if (
            path == "builtins.isinstance"
            and len(call.arguments) == 2
            and path_of(call.arguments[0]).endswith(".dialect")
        ):
            return self._is_dialect(call.arguments[1])
        if ".identifier_preparer." in path and call.arguments:
            return call.arguments[0]
        stands = self._stands_for(path)
        if stands == "nothing":
            return None
        if stands:
            path = f"{OP}.get_context().{stands}" if stands == "autocommit_block" else f"{OP}.{stands}"
            call = call._replace(path=path)
        name = path.rpartition(".")[2]
        if path.startswith(f"{_BATCH}()."):
            return self._in_batch(call, name) if "(" not in path[len(_BATCH) + 3 :] else NotImplemented
        if path.startswith(f"{OP}."):
            rest = path[len(OP) + 1 :]
            if "(" not in rest and "." not in rest:
                return self._operation(call, rest)
        if name in _EXECUTES and (call.arguments or call.keywords):
            return self._execute(call)
        if name == "commit" and path == f"{OP}.get_bind().commit":
            self.writer.sql([Piece("COMMIT AND CHAIN")], call.span)
            self.committed = True
            return None
        if name in ("create", "drop", "create_all", "drop_all"):
            return self._schema_item(call, name)
        if name in ("update", "delete") and ".query()" in path:
            self._send(call, partial(statements.of_query, self.to, call))
            return Unknown(f"{name}()", "it is what a session answers")
        if name in ("Session", "sessionmaker", "scoped_session"):  # the application's own, given the connection
            return NotImplemented
        if name in _ROWS and "ession" in path and not harmless(path):
            self.opaque(call.span, "the rows that a session writes are not known")
            return Unknown(f"{name}()", "it is what a session answers")
        if not (harmless(path) or path.startswith("sqlalchemy.")) and any(
            map(touches, (*call.arguments, *call.keywords.values()))
        ):
            self.opaque(call.span, f"`{shown(path)}` is not in this file, and it is given the connection")
            return Unknown(f"{name}()", "it is not in this file")
        return NotImplemented if not stands else call

    def _is_dialect(self, kinds: Value) -> Value:
        """Whether the dialect is one of these classes of the toolkit's."""
        paths = [path_of(one) for one in (kinds if type(kinds) in (list, tuple) else (kinds,))]
        if not all(path.startswith("sqlalchemy.dialects.") for path in paths):
            return NotImplemented
        return any(path.split(".")[2] == self.spoken for path in paths)

    def _stands_for(self, path: str) -> str:
        """What the settings say a function of the project is like: `nothing`, or an operation of Alembic's."""
        if not self.helpers or path.startswith(("alembic.", "sqlalchemy.")):
            return ""
        bare = path.lstrip(".?")
        known = self.helpers.get(bare) or self.helpers.get(bare.rpartition(".")[2]) or ""
        if not known and path.startswith("."):
            known = next((one for key, one in self.helpers.items() if key.endswith(f".{bare}")), "")
        return known.rpartition(".")[2]

    def stated(self, value: Value) -> None:
        """A call that stands as a statement, and that nothing took."""
        # What is done to a list or set of the program's own is no business of the database's.
        own = isinstance(value, Made) and (
            value.path.lstrip("?").startswith(("{", "[", "(")) or value.path.endswith(("].append", "].extend", "].add"))
        )
        if self.active and isinstance(value, Made) and not own and not harmless(value.path):
            root = value.path.lstrip("?.").partition(".")[0]
            name = value.path.rpartition(".")[2]
            if root not in ("sqlalchemy", "alembic", "sa", "super()") and name not in _ENDS:
                self.opaque(value.span, f"`{shown(value.path)}` is not in this file: what it does is not known")

    def enter(self, value: Value) -> Value:
        """A block begins: one that commits and sends what is in it outside of a transaction, or a batch."""
        if path_of(value).endswith(".autocommit_block()"):
            self.writer.transaction = "autocommit"
            if self.opened and not self.committed and self.active and isinstance(value, Made):
                message = "env.py hands over a connection that is in a transaction: an autocommit block fails in it"
                self.problem("autocommit-in-open-transaction", value.span, message)
        if isinstance(value, Made) and value.path == _BATCH:
            self.batches.append(Batch(value, []))
        return value

    def leave(self, value: Value) -> None:
        """A block ends: a batch sends what it has gathered."""
        if self.batches and value == self.batches[-1].call:
            self._flush(self.batches.pop())
        if path_of(value).endswith(".autocommit_block()"):
            self.writer.transaction = ""

    def repeating(self, node: ast.stmt) -> bool:
        """A loop begins: one that commits each time round changes rows in batches."""
        before = self.writer.batched
        commits = self.writer.transaction == "autocommit" or "commit" in ast.unparse(node).lower()
        self.writer.batched = before or commits
        over_rows = isinstance(node, (ast.For, ast.AsyncFor)) and _ANSWER.search(self.looped) is not None
        self.touched = False
        self.loops.append((node, len(self.writer.emissions) if over_rows and not commits else -1))
        return before

    def item(self, value: Value) -> Value:
        """What a loop goes through when that is not known: the rows of an answer, perhaps."""
        self.looped = f"{value.source}: {value.reason}" if isinstance(value, Unknown) else path_of(value)
        return NotImplemented

    def assigned(self, base: Value, _name: str, _value: Value) -> None:
        """An attribute is set: of a row that a session has read, which the session then writes."""
        if self.active and self.loops and isinstance(base, Unknown) and "query()" in self.looped:
            self.touched = True

    def repeated(self, before: bool) -> None:
        """A loop ends: what it did for each of the rows that it went through."""
        self.writer.batched = before
        node, first = self.loops.pop()
        if first < 0 or not self.active or any(outer >= 0 for _, outer in self.loops):
            return
        changes = [
            one
            for one in self.writer.emissions[first:]
            if _CHANGE.match(self.writer.text, one.start, one.end) is not None and not one.reason
        ]
        if changes or self.touched:
            message = "Rows are read into the program and changed by a statement each, in one transaction"
            self.problem("row-loop-backfill", self.runner.evaluator.positions.span(node), message)

    def guarded(self, condition: bool) -> bool:
        """What follows runs under a condition, or not."""
        before = self.writer.conditional
        self.writer.conditional = condition
        return before

    def ignored(self, node: ast.stmt, reason: str) -> None:
        """A statement that was not followed."""
        if self.active:
            self.opaque(self.runner.evaluator.positions.span(node), reason)

    # What calls send

    def _operation(self, call: Made, name: str) -> Value:
        if name == "execute":
            return self._execute(call)
        if name == "f":
            first = call.arguments[0] if call.arguments else None
            return Fixed(str(first), first.origins, first.holes) if isinstance(first, Text) else first
        if name in _SILENT:
            return NotImplemented
        if name == "run_async" and call.arguments and isinstance(call.arguments[0], Function):
            bind = Made(f"{OP}.get_bind", (), {}, call.span, External(OP))
            return self.runner.call(call.arguments[0], (bind, *call.arguments[1:]), call.keywords, call.span)
        if name not in OPERATIONS:
            self.opaque(call.span, f"`op.{name}` is not an operation of Alembic's own")
            return Unknown(f"op.{name}()", "it is not an operation of Alembic's own")
        self._send(call, partial(sent, self.to, name, call))
        if name == "create_table":
            return Made("sqlalchemy.Table", call.arguments, call.keywords, call.span)
        return None

    def _send(self, call: Made, statements_of: Callable[[], Iterator[Statement]]) -> None:
        """Write down the statements of an operation, all that come before what is not known or refused."""
        self.met += 1
        missed = False
        try:
            for made in statements_of():
                if isinstance(made, Unknown):
                    missed = True
                    self.writer.opaque(call.span, made.reason)
                else:
                    self.writer.sql(made, call.span)
        except NotKnown as problem:
            missed = True
            self.writer.opaque(call.span, str(problem), problem.forgets)
        except Refused as problem:
            if self.writer.conditional:  # perhaps for another dialect, in a way that is not seen here
                return
            self.problem(problem.rule, call.span, str(problem), problem.cure)
        self.missed += missed

    def problem(self, rule: str, place: Span, message: str, cure: str = "") -> None:
        """Something that goes wrong before the server sees it."""
        span = self.writer.mark(place)
        self.problems.append((self.direction, Problem(rule, span, message, cure)))

    def _in_batch(self, call: Made, name: str) -> Value:
        moved = of_batch(call, name)
        if name not in OPERATIONS or not self.batches or self.batches[-1].call != call.base:
            return self._operation(moved, name)
        one = Batched(moved, name, self.writer.conditional, self.writer.batched)
        self.batches[-1].waiting.append(one)
        return None

    def _flush(self, batch: Batch) -> None:
        copying = copies(self.to, batch)
        if copying and self.to.is_sqlite:
            table = batch.call.argument(0, "table_name")
            shown = f"`{table}`" if isinstance(table, Text) else "the table"
            why = what_copies(batch) or '`recreate="always"`'
            self.problem(COPY, batch.call.span, f"{why} in a batch copies all of {shown} to a new table")
            if isinstance(table, Text) and untold(batch):
                self.writer.forget(batch.call.span, (Forgotten(Name(str(table)), "text"),))
        elif copying:
            self.opaque(
                batch.call.span, 'with `recreate="always"` the table is copied to a new one, which takes its place'
            )
        before = self.writer.conditional, self.writer.batched
        for one in batch.waiting:
            self.writer.conditional, self.writer.batched = one.conditional, one.batched
            if copying and self.to.is_sqlite:
                self._send(one.call, partial(of_copy, self.to, one))
            else:
                self._send(one.call, partial(sent, self.to, one.name, one.call))
        self.writer.conditional, self.writer.batched = before

    def _execute(self, call: Made) -> Value:
        value = call.argument(0, "sqltext", call.keywords.get("statement"))
        answer = Unknown("execute()", "it is what the server answers")
        self.met += 1
        text = statements.text_of(value)
        if text is not None:
            if text.holes and not _outside_holes(text).strip(" ;\n\t"):
                self.missed += 1
                self.writer.opaque(call.span, f"the SQL is not known: `{str(text)[2:-1]}`")
            else:
                self.writer.script(text, call.span)
            return answer
        if statements.is_read(value):
            return answer
        try:
            for made in statements.of_core(self.to, value):
                self.writer.sql(made, call.span)
        except NotKnown as problem:
            self.missed += 1
            self.writer.opaque(call.span, str(problem))
        return answer

    def _schema_item(self, call: Made, name: str) -> Value:
        """`enum.create(bind)`, `table.drop(bind)`, `metadata.create_all(bind)`."""
        base = call.base
        check = call.keywords.get("checkfirst", True)
        try:
            made = enum_of(self.to, base)
        except NotKnown:
            made = None
        if isinstance(made, EnumType):
            self.met += 1
            before = self.guarded(self.writer.conditional or (check is not False and name == "create"))
            exists = "IF EXISTS " if check is not False else ""
            self.writer.sql(
                [Piece(create_enum(self.to, made) if name == "create" else f"DROP TYPE {exists}{made.name}")], call.span
            )
            self.guarded(before)
            return None
        kind = path_of(base).removesuffix("()").rpartition(".")[2]
        if (
            kind in ("Table", "Index")
            or isinstance(base, Class)
            or (isinstance(base, Member) and base.name == "__table__")
        ):
            return self._table_item(call, base, name)
        if kind == "Sequence" and isinstance(base, Made):
            self.met += 1
            sequence = qualified(self.to, base.argument(0, "name"), base.keywords.get("schema"), "the sequence")
            self.writer.sql([Piece(f"{name.upper()} SEQUENCE {sequence}")], call.span)
            return None
        if name.endswith("_all") or any(map(touches, (*call.arguments, *call.keywords.values()))):
            self.opaque(call.span, f"what `{shown(call.path)}` makes is not in this file")
            return None
        return NotImplemented

    def _table_item(self, call: Made, base: Value, name: str) -> Value:
        if isinstance(base, Made) and base.path.endswith("Table") and len(base.arguments) > 1:
            arguments = (
                base.arguments[0],
                *(one for one in base.arguments[1:] if path_of(one).rpartition(".")[2] != "MetaData()"),
            )
            return self._operation(
                Made(f"{OP}.{name}_table", arguments[: None if name == "create" else 1], base.keywords, call.span),
                f"{name}_table",
            )
        self.opaque(call.span, f"what `{shown(call.path)}` makes is not known")
        return None

    def opaque(self, span: Span, reason: str) -> None:
        """Something that was not understood."""
        self.met += 1
        self.missed += 1
        self.writer.opaque(span, reason)


def _outside_holes(text: Text) -> str:
    plain_text, at, found = str(text), 0, []
    for start, end in text.holes:
        found.append(plain_text[at:start])
        at = end
    return "".join((*found, plain_text[at:]))
