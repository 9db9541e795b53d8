"""The context: a fold over operations. It is asked, not read: what is known about the schema, session and transaction.

Answers are yes, no or None (unknown). `safecol.history` applies operations to the schema; this module keeps the
session: transaction, savepoints, settings, locks held.
"""

from safecol.dialects import registry
from safecol.operations import Name, Operation, Section
from safecol.records import NamedTuple
from safecol.schema import Column, Index, Schema, Table
from safecol.trace import HeldLock, Trace


class _Settings(NamedTuple):
    """What was set at a point: for the session, in the transaction alone, and for the session but reset in it."""

    session: dict[str, str]
    local: dict[str, str]
    hidden: dict[str, str]


class Savepoint(NamedTuple):
    name: str
    mark: int
    settings: _Settings
    held: int


class Context:
    """What is known before the next statement.

    `version` is the server's, as the number that its dialect compares; `dialect` its name. `file` numbers the current
    file from 1; `new_since` the first file of the current change set: tables made from then on are new, and those of
    `kin`, earlier files that run together with this one wherever it runs. `new_labels` are enum values added in the
    open transaction with their type, `new_types` the types made in it. `unseen` is True once code ran that was not read
    and that drops something. `before` are the traces of the change set so far. `judged` is whether anyone asks what
    statements do, beside what they leave behind.
    """

    def __init__(
        self, dialect: str, version: int, *, default_schema: str = "public", timezone: str | None = None
    ) -> None:
        self.dialect = dialect
        self.version = version
        self.default_schema = default_schema
        self.timezone = timezone
        self.schema = Schema(default_schema)
        self.search_path: tuple[str, ...] = (default_schema,)
        self.file = 0
        self.new_since = 1
        self.kin: frozenset[int] = frozenset()
        self.assume_rows = True
        self.session: dict[str, str] = {}
        self.local: dict[str, str] = {}
        self.held: list[HeldLock] = []
        self.transaction: int | None = None
        self.transactions = 0
        self.explicit = False
        self.kind = "none"
        self.new_labels: dict[str, str] = {}
        self.new_types: set[str] = set()
        self.unseen = False
        self.before: tuple[Trace, ...] = ()
        self.judged = True
        known = registry.known(dialect)
        self._of_the_server = known.system_schemas
        self._undoes_settings = known.undoes_settings
        self._mark = 0
        self._hidden: dict[str, str] = {}
        self._before = _Settings({}, {}, {})
        self._savepoints: list[Savepoint] = []
        self._one_call = False
        self.small: frozenset[str] = frozenset()

    # Names

    def key(self, name: Name) -> str:
        """The name as shown and as kept: without the default schema."""
        schema = name.schema
        if not self.default_schema and schema and schema.lower() not in self._of_the_server:
            self._adopt(schema)
        if schema is None:
            if self.search_path == (self.default_schema,):
                return name.name
            for candidate in self.search_path:
                key = name.name if candidate == self.default_schema else f"{candidate}.{name.name}"
                if key in self.schema.tables or key in self.schema.indexes:
                    return key
            schema = self.search_path[0] if self.search_path else self.default_schema
        return name.name if schema == self.default_schema else f"{schema}.{name.name}"

    def _adopt(self, schema: str) -> None:
        """Where nothing says what the default schema is, the first that is named is: most files name but one."""
        self.default_schema = self.schema.default_schema = schema
        if self.search_path == ("",):
            self.search_path = (schema,)

    # The schema

    def table(self, name: Name | str) -> Table | None:
        """The table, view or materialized view, when anything is known of it."""
        return self.schema.tables.get(name if isinstance(name, str) else self.key(name))

    def column(self, table: str, column: str) -> Column | None:
        """The column, when known."""
        known = self.schema.tables.get(table)
        return known.columns.get(column) if known else None

    def index(self, name: Name) -> Index | None:
        """The index, when known."""
        return self.schema.indexes.get(self.key(name))

    def exists(self, key: str) -> bool | None:
        """Whether a relation exists: None when it was never seen and not everything before is known."""
        schema = self.schema
        if key in schema.tables or key in schema.indexes or key in schema.sequences:
            return True
        return False if schema.complete else None

    def is_new(self, key: str) -> bool:
        """Whether the current change set made this table (or it is temporary): nobody else can be using it."""
        known = self.schema.tables.get(key)
        if known is None:
            return False
        return known.persistence == "temporary" or known.file >= self.new_since or known.file in self.kin

    def made_here(self, key: str) -> bool:
        """Whether the current file made this table."""
        known = self.schema.tables.get(key)
        return known is not None and known.file == self.file > 0

    def has_rows(self, key: str) -> bool:
        """Whether a table is taken to have rows: those that existed before the change set are."""
        known = self.schema.tables.get(key)
        if known is None:
            return self.assume_rows
        if known.populated is not None:
            return known.populated
        # Emptied before the current change set: the application has written rows since.
        if known.emptied >= 0 and known.emptied >= self.new_since:
            return False
        new = (known.file >= self.new_since and known.file > 0) or known.file in self.kin
        return self.assume_rows and not new

    # The session

    def setting(self, name: str) -> str | None:
        """The value in effect, as text; None when nothing set it."""
        return self.local.get(name, self.session.get(name))

    @property
    def in_transaction(self) -> bool | None:
        """Whether a transaction block is open; None when the runner is not known."""
        if self.transaction is not None:
            return True
        return None if self.kind == "unknown" else False

    def start_section(self, section: Section, statements: int) -> None:
        """Enter a section as its runner does."""
        self.kind = section.transaction
        self._one_call = self.kind == "implicit" and statements > 1
        if self.kind == "implicit" and not self._one_call:
            self.kind = "none"
        if self.kind == "autocommit":
            self.kind = "none"
        if self.kind in ("wrapped", "implicit", "shared"):
            self._begin()

    def end_section(self) -> None:
        """Leave a section: what the runner opened is committed."""
        if self.transaction is not None:
            self._commit()
        self.kind = "none"
        self.explicit = False

    def control(self, operation: Operation) -> None:
        """Transaction control, as the server does it."""
        kind = operation.kind
        if kind == "begin":
            if self.transaction is None:
                self._begin()
            self.explicit = True
            if self.kind in ("none", "unknown"):
                self.kind = "explicit"
        elif kind == "savepoint":
            self._savepoints.append(
                Savepoint(operation.value or "", self.schema.mark(), self._settings(), len(self.held))
            )
        elif kind == "rollback-to":
            self._rollback_to(operation.value or "")
        elif kind == "release":
            names = [point.name for point in self._savepoints]
            if operation.value in names:
                del self._savepoints[names.index(operation.value) :]
        elif kind in ("commit", "rollback", "prepare-transaction"):
            self._end(kind == "rollback", chained="chained" in operation.flags)

    def commit_by_itself(self) -> None:
        """A statement begins that ends the open transaction and is one of its own."""
        if self.transaction is not None:
            self._commit()
        self.explicit = False
        if self.kind == "explicit":
            self.kind = "none"

    def begin_again(self) -> None:
        """Such a statement has ended: in the runner's session, which doesn't commit by itself, another begins."""
        if self.kind in ("wrapped", "shared"):
            self._begin()

    def enter_body(self) -> bool:
        """Begin the transaction that a body runs in where none is open; returns whether one was begun."""
        if self.transaction is not None:
            return False
        self._begin()
        return True

    def leave_body(self) -> None:
        """Commit the transaction that `enter_body` began."""
        self._commit()

    def _end(self, undo: bool, *, chained: bool) -> None:
        was = self.kind
        if self.transaction is not None:
            if undo:
                self._rollback()
            else:
                self._commit()
        self.explicit = False
        # After a COMMIT inside what the runner wrapped, the rest of the file runs without a transaction; of several
        # statements in one call the server makes a transaction again.
        self.kind = "unknown" if was == "unknown" else "none"
        if self._one_call:
            self._begin()
            self.kind = "implicit"
        elif chained:
            self._begin()
            self.kind = "explicit"
            self.explicit = True

    def _begin(self) -> None:
        self.transactions += 1
        self.transaction = self.transactions
        self._mark = self.schema.mark()
        self._before = self._settings()

    def _commit(self) -> None:
        self._close()
        self.schema.log.clear()

    def _rollback(self) -> None:
        self.schema.undo(self._mark)
        if self._undoes_settings:
            self._restore(self._before)
        self._close()

    def _close(self) -> None:
        self.transaction = None
        self._restore(_Settings({**self._hidden, **self.session}, {}, {}))
        self.held = []
        self.new_labels = {}
        self.new_types = set()
        self._savepoints = []

    def _rollback_to(self, name: str) -> None:
        names = [point.name for point in self._savepoints]
        if name not in names:
            return
        at = len(names) - 1 - names[::-1].index(name)
        point = self._savepoints[at]
        self.schema.undo(point.mark)
        if self._undoes_settings:
            self._restore(point.settings)
        del self.held[point.held :]
        del self._savepoints[at + 1 :]

    def reset_all(self) -> None:
        """RESET ALL and DISCARD ALL: nothing that was set is in effect any more."""
        self._restore(_Settings({}, {}, {}))

    def set(self, name: str, value: str | None, *, local: bool) -> None:
        """SET or SET LOCAL; `value` None resets. SET LOCAL outside a transaction does nothing."""
        if local and self.transaction is None and self.kind != "unknown":
            return
        if not local or value is None:
            self.local.pop(name, None)
        if not local:
            self._hidden.pop(name, None)
        if value is not None:
            (self.local if local else self.session)[name] = value
        elif name in self.session:
            reset = self.session.pop(name)
            if local:  # the end of the transaction brings it back
                self._hidden[name] = reset
        if name == "search_path":
            self._follow_search_path()
            if value is not None and not local and not self.default_schema:
                self._adopt(self.search_path[0])

    def _settings(self) -> _Settings:
        return _Settings(dict(self.session), dict(self.local), dict(self._hidden))

    def _restore(self, settings: _Settings) -> None:
        self.session, self.local, self._hidden = (dict(part) for part in settings)
        self._follow_search_path()

    def _follow_search_path(self) -> None:
        value = self.setting("search_path")
        parts = [part.strip().strip("\"'") for part in value.split(",")] if value is not None else []
        self.search_path = tuple(part for part in parts if part and part != "$user") or (self.default_schema,)
