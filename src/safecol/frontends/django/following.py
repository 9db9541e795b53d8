"""The text of a migration file comes in and is followed: its operations go out, and what code in them sends."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping

from safecol.frontends.django import files
from safecol.frontends.django.editing import SILENT
from safecol.frontends.django.given import why
from safecol.frontends.django.orm import GET_MODEL, WRITES, Models, Row, name_of, query, touches
from safecol.frontends.python.emitted import Piece, Writer
from safecol.frontends.python.modules import Project
from safecol.frontends.python.running import Runner
from safecol.frontends.python.values import (
    Class,
    External,
    Function,
    Imported,
    Made,
    Member,
    Text,
    Unknown,
    Value,
    joined,
    path_of,
    plain,
)
from safecol.patterns import lazy
from safecol.source import Span
from safecol.trace import Problem

_CHANGE = lazy(r"\s*(?:UPDATE|DELETE|INSERT)\b", re.IGNORECASE)
APPS, EDITOR = External("apps"), External("schema_editor")
_CONNECTIONS = ("schema_editor.connection", "django.db.connection", "django.db.connections")
_HARMLESS = frozenset(
    """builtins logging warnings time datetime os sys re json uuid random string textwrap collections itertools
    functools operator math decimal hashlib hmac base64 secrets copy enum typing pathlib traceback io contextlib gc
    dataclasses click tqdm pytz dateutil pprint structlog loguru six urllib zlib pickle html unicodedata swapper
    """.split()  # noqa: SIM905 - a list of words reads better without quotes
)
_HARMLESS_PATHS = (
    "django.utils.", "django.conf.", "django.core.cache", "django.core.exceptions", "django.contrib.auth.hashers",
    "django.db.transaction.", "django.db.models.", "django.core.management.color", "django.db.migrations.",
    "django.contrib.postgres.", "log.", "logger.", "_logger.", "LOG.", "LOGGER.", "stdout.", "self.stdout.",
    "django.core.files.", "django.core.validators.", "django.core.serializers.json", "django.db.utils.",
    "django.contrib.auth.management.", "django.contrib.contenttypes.management.", "django.db.reset_queries",
    "django.apps.apps.get_app_config", "mptt.register", "mptt.managers.TreeManager().contribute_to_class",
)  # fmt: skip
_RUN_ANYTHING = frozenset({"?exec", "?eval", "os.system", "os.popen"})
# Methods that give a field its name, and which of their arguments it is.
_NAMES = {"set_attributes_from_name": 0, "contribute_to_class": 1}
_READS = frozenset(
    {
        "cursor", "fetchone", "fetchall", "fetchmany", "ensure_connection", "close", "introspection", "table_names",
        "get_table_description", "get_autocommit", "savepoint", "savepoint_commit", "get_constraints", "quote_name",
        "get_sequences", "in_atomic_block", "check_constraints", "disable_constraint_checking", "get_relations",
        "enable_constraint_checking", "clear_cache", "mogrify",
    }
)  # fmt: skip


class Following:
    """The host of one migration file: `writer` has what was sent so far."""

    def __init__(
        self, text: str, dialect: str, path: str = "", helpers: Mapping[str, str] | None = None, root: str = ""
    ) -> None:
        """`path` is the file's absolute path: what it imports of its project is looked for around it.

        Below `root`, the project's folder, files that it reads are read.
        """
        self.writer = Writer()
        self.dialect = dialect
        self.helpers = helpers or {}
        self.runner = Runner(text, self, Project(path) if path else None)
        self.root = root
        self.constants: Mapping[str, int | float | str] = {}
        """Settings of the project that are the same wherever it runs."""
        self.models: Models | None = None
        self.initial: list[Made] | None = None
        """The calls of `super().__init__` while one of the project's classes is made."""
        self.following = False
        self.missed = 0
        self._told: set[tuple[str, str, Span]] = set()
        self.problems: list[Problem] = []
        """What is wrong with the code itself; spans are of the emitted text."""
        self.autocommit = False
        """Whether each statement of the code that is followed commits by itself."""
        self.back = False
        """Whether what takes the migration back is followed: what is wrong with it is no danger to what runs."""
        self.over_rows = False
        self.loops: list[tuple[ast.stmt, int]] = []
        """The loops around what is followed, each with its first emission; -1 for one that goes through no rows."""
        self.named: dict[Span, str] = {}
        """The names that code gives to the fields that it makes, by where they are made."""
        self.schema: Callable[[Made], bool] = lambda _call: False
        """Sends what a call of a method of the schema editor does; False for one that isn't known."""

    @property
    def active(self) -> bool:
        """Whether what is called is sent: not what modules do when they are imported."""
        return self.following and not self.runner.loading

    def opaque(self, span: Span, reason: str) -> None:
        """Something that was not understood."""
        self.missed += 1
        self.writer.opaque(span, f"on the way back, {reason}" if self.back else reason)

    def problem(self, rule: str, span: Span, message: str) -> None:
        """Something that is wrong, told once a place."""
        made = (rule, message, span)
        if made not in self._told and not self.back:
            self._told.add(made)
            self.problems.append(Problem(rule, self.writer.mark(span), message))

    def migration(self) -> Class | None:
        """The class Migration of the file."""
        found = self.runner.module.names.get("Migration")
        if isinstance(found, Imported):
            found = self.runner.within(found.path, found.file, found.name)
        return found if isinstance(found, Class) else None

    def attribute_of(self, made: Class, name: str, default: Value = None) -> Value:
        """The value of a class's attribute, its own or that of a class it is made from."""
        return next((one.names[name] for one in self._classes(made) if name in one.names), default)

    def run(self, function: Function, arguments: tuple[Value, ...], models: Models, span: Span) -> None:
        """Follow a function that a migration runs: what it sends is written down."""
        self.models = models
        self.following = True
        self.writer.begun = len(self.writer.emissions)
        try:
            self.runner.call(function, arguments, {}, span)
        finally:
            self.following = False
            self.writer.conditional = False
            self.models = None

    # What the runner asks

    def attribute(self, base: Value, name: str) -> Value:
        """What the dialect decides, and what rows have been given; NotImplemented for everything else."""
        if isinstance(base, Row):
            return base.changed.get(name, NotImplemented)
        path = path_of(base)
        if path == "django.conf.settings" and not self.following and name in self.constants:
            value = self.constants[name]
            return plain(value, Span(0, 0)) if isinstance(value, str) else value
        if name in ("vendor", "display_name") and path.startswith(_CONNECTIONS):
            vendor = "mysql" if self.dialect == "mariadb" else self.dialect
            return plain(vendor, Span(0, 0)) if name == "vendor" else NotImplemented
        if name == "mysql_is_mariadb" and path.startswith(_CONNECTIONS):
            return self.dialect == "mariadb"
        if name == "alias" and path.startswith(_CONNECTIONS):
            return plain("default", Span(0, 0))
        if name == "db_table" and path.endswith("._meta") and self.models is not None and isinstance(base, Member):
            from safecol.frontends.django.columns import table_of

            found = query(base.base)
            model = self.models.of(found.root) if found is not None else None
            if model is not None:
                return plain(table_of(self.models.target, self.models.state, model), Span(0, 0))
        return NotImplemented

    def assigned(self, base: Value, name: str, value: Value) -> None:
        """An attribute of something gets a value."""
        if isinstance(base, Row):
            base.changed[name] = value
        elif name == "name" and isinstance(base, Made) and isinstance(value, Text):
            self.named[base.span] = str(value)

    def item(self, value: Value) -> Value:
        """What going through a query gives each time."""
        if self.models is None or not self.active:
            return NotImplemented
        if isinstance(value, Made) and value.path.endswith("sequence_reset_sql") and self.dialect == "postgresql":
            return plain("SELECT setval('${sequence}', 1)", value.span)
        found = self.models.row(value)
        self.over_rows = found is not NotImplemented
        return found

    def made(self, call: Made) -> Value:
        """Write down what a call sends; NotImplemented when it sends nothing."""
        path, name = call.path, name_of(call)
        if path.startswith("swapper."):
            return _swappable(call, name)
        if self.initial is not None and name == "__init__" and "super()" in path:
            self.initial.append(call)
            return None
        if isinstance(call.base, Class) and path.startswith(".") and path.count(".") == 1:
            return self._initialised(call, call.base)
        if name in ("read", "read_text"):
            return files.read(call, self.root)
        if not self.active or self.models is None:
            return NotImplemented
        if name in _NAMES and isinstance(call.base, Made):
            given = call.argument(_NAMES[name], "name")
            if isinstance(given, Text):
                self.named[call.base.span] = str(given)
            return None
        if path == GET_MODEL:
            return NotImplemented
        if path == f"{GET_MODEL}()":
            model = self.models.of(call.base)
            return NotImplemented if model is None else Row(model, new=True, changed=call.keywords)
        if name in ("execute", "executemany", "callproc", "copy_expert") and (
            path.startswith(("schema_editor.", "django.db.connection")) or "cursor" in path.lower()
        ):
            return self._execute(call)
        if path in _RUN_ANYTHING:
            self.opaque(call.span, f"what `{_shown(path)}` runs is not known")
            return Unknown(f"{name}()", "what it runs is not known")
        if path == "schema_editor.quote_name":
            return self._quoted(call.argument(0, "name"), call.span)
        if path.startswith("schema_editor.") and "connection" not in path and "(" not in path:
            if not self.schema(call):
                self.opaque(call.span, f"`{path}(…)` changes the schema in a way that is not followed")
            return Unknown(f"{name}()", "it is what the schema editor answers") if name in SILENT else None
        if name in WRITES:
            written = self.models.statements(call)
            if written is not None:
                self._of_application(call)
                for one in written:
                    self.writer.sql([Piece(one)], call.span)
                return self.models.result(call)
        if name == "call_command":
            self.opaque(call.span, "what a management command does is not known")
            return Unknown("call_command()", "it is what a command answers")
        answer = self.models.result(call)
        if answer is not NotImplemented:
            return answer
        if not self._harmless(path) and touches((*call.arguments, *call.keywords.values())):
            self.opaque(call.span, f"`{_shown(path)}` is not in this project, and it is given the database")
            return Unknown(f"{name}()", "it is not in this project")
        return NotImplemented

    def _quoted(self, name: Value, span: Span) -> Value:
        """A name as the schema editor quotes it."""
        mark = plain("`" if self.dialect in ("mysql", "mariadb") else '"', span)
        if not isinstance(name, Text):
            return Unknown("quote_name()", "the name is not known")
        return name if name.startswith(mark) and name.endswith(mark) else joined([mark, name, mark])

    def _of_application(self, call: Made) -> None:
        """Tell of a model that is imported where the state's own was meant."""
        found = query(call)
        root = found.root if found is not None else None
        if isinstance(root, (Class, External)):
            shown = root.name if isinstance(root, Class) else root.path
            message = f"`{shown}` is the application's own model: when it changes, this migration changes with it"
            self.problem("application-import", call.span, message)

    def _initialised(self, call: Made, made: Class) -> Value:
        """An instance of a class of the project, with the arguments that its `__init__` hands on to Django's."""
        before, outer = call, self.initial
        for one in self._classes(made):
            function = one.names.get("__init__")
            if not isinstance(function, Function):
                continue
            self.initial = []
            me = Unknown("self", "it is the instance itself")
            self.runner.call(function, (me, *call.arguments), call.keywords, call.span)
            handed, self.initial = self.initial, outer
            if not handed:
                return before
            call = call._replace(arguments=handed[0].arguments, keywords=handed[0].keywords)
        return call if call is not before else NotImplemented

    def _classes(self, made: Class) -> Iterator[Class]:
        """A class and the project's classes that it is made from, nearest first."""
        pending: list[Value] = [made]
        for _ in range(20):
            if not pending:
                return
            at = pending.pop(0)
            if isinstance(at, Imported):
                at = self.runner.within(at.path, at.file, at.name)
            if isinstance(at, Class):
                yield at
                pending = [*at.bases, *pending]

    def _execute(self, call: Made) -> Value:
        """`schema_editor.execute(sql)`, `cursor.execute(sql, parameters)`."""
        sql, parameters = call.argument(0, "sql"), call.argument(1, "params")
        answer = Unknown("execute()", "it is what the server answers")
        if call.path.endswith("callproc"):
            sql = None
        if not isinstance(sql, Text) or only_holes(sql):
            self.opaque(call.span, why(sql, "the SQL"))
            return answer
        self.writer.script(unescaped(sql) if parameters is not None else sql, call.span)
        return answer

    def stated(self, value: Value) -> None:
        """A call that stands as a statement, and that nothing took."""
        if not self.active or not isinstance(value, Made) or self._harmless(value.path):
            return
        name = name_of(value)
        if isinstance(value.base, Row) or query(value) is not None or name in _READS or name in WRITES:
            return  # a method of a model: migrations have none of the project's own
        if value.path.startswith(("super()", ".")) or isinstance(value.base, (Class, Unknown)):
            self._unknown_base(value, name)
            return
        self.opaque(value.span, f"`{_shown(value.path)}` is not in this project: what it does is not known")

    def _unknown_base(self, value: Made, name: str) -> None:
        if name in WRITES and not value.path.startswith("super()"):
            self.opaque(value.span, f"the rows that `{_shown(value.path)}` writes are not known")

    def enter(self, value: Value) -> Value:
        """A block begins: a cursor, a transaction."""
        return value

    def leave(self, value: Value) -> None:
        """A block ends."""

    def repeating(self, node: ast.stmt) -> bool:
        """A loop begins: one that runs outside of a transaction changes rows in batches."""
        before = self.writer.batched
        source = ast.unparse(node)
        commits = self.autocommit or "transaction.atomic(" in source or ".commit()" in source
        self.writer.batched = before or commits
        over_rows = isinstance(node, (ast.For, ast.AsyncFor)) and self.over_rows and not self.writer.batched
        self.loops.append((node, len(self.writer.emissions) if over_rows else -1))
        self.over_rows = False
        return before

    def repeated(self, before: bool) -> None:
        """A loop ends: what it did for each of the rows that it went through."""
        self.writer.batched = before
        node, first = self.loops.pop()
        if first < 0 or not self.active or any(outer >= 0 for _, outer in self.loops):
            return
        sent = self.writer.emissions[first:]
        if any(not one.reason and _CHANGE.match(self.writer.text, one.start, one.end) for one in sent):
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
            self.opaque(self.runner.positions.span(node), reason)

    def _harmless(self, path: str) -> bool:
        shown = path.lstrip("?.")
        if shown.startswith("builtins.getattr()"):  # a method by a name that isn't known
            return False
        return (
            shown.partition(".")[0].removesuffix("()") in _HARMLESS
            or shown.startswith(_HARMLESS_PATHS)
            or any(word in shown for word in ("getLogger()", "get_logger()", ".stdout.", ".stderr."))
            or self.helpers.get(shown) == "nothing"
        )


def _swappable(call: Made, name: str) -> Value:
    """`swapper.get_model_name("app", "Model")`: the model itself, which a setting may replace."""
    app, model = call.argument(0, "app_label"), call.argument(1, "model")
    if isinstance(app, Text) and isinstance(model, Text):
        if name == "get_model_name":
            return plain(f"{app}.{model}", call.span)
        return {"swappable_setting": None, "is_swapped": False}.get(name, NotImplemented)
    if name == "split" and isinstance(app, Text):
        return [plain(part, call.span) for part in str(app).split(".")]
    return NotImplemented


def unescaped(sql: Text) -> Text:
    """SQL that has parameters, as the server gets it: `%%` is one `%`."""
    if "%%" not in sql:
        return sql
    parts, at, text = [], 0, str(sql)
    while (found := text.find("%%", at)) >= 0:
        parts.append(sql.part(at, found + 1))
        at = found + 2
    return joined([*parts, sql.part(at, len(text))])


def only_holes(text: Text) -> bool:
    """Whether nothing of a string is known."""
    plain_text, at, found = str(text), 0, []
    for start, end in text.holes:
        found.append(plain_text[at:start])
        at = end
    return not "".join((*found, plain_text[at:])).strip(" ;\n\t")


def _shown(path: str) -> str:
    return path.lstrip("?.").replace("()", "(…)")
