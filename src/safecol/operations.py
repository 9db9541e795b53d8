"""What a migration does, as small immutable values without dialect words.

Front ends turn statements of any language into these; the context folds over them; effects and rules select on them.
One record serves every kind of operation: `kind` says which (see `KINDS`), and the fields that it needs are set.
Inline constraints of a new column (`ADD COLUMN c int UNIQUE`) are operations of their own with the flag `inline`.
"""

from safecol.expressions import Expression, TypeName
from safecol.records import NamedTuple
from safecol.source import Span


class Name(NamedTuple):
    """A relation, type or routine name as folded by the dialect; `schema` is None unless written."""

    name: str
    schema: str | None = None

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


class ColumnDefinition(NamedTuple):
    """A column of CREATE TABLE or ADD COLUMN.

    `nullable` is False for NOT NULL (and for serial, identity and primary key columns); `default` is None without a
    DEFAULT clause; `identity` is `always`, `by default` or `auto` (AUTO_INCREMENT, AUTOINCREMENT); `generated` is
    `stored` or `virtual` with `expression`; `serial` is True for PostgreSQL's serial types, whose `type` is then the
    integer type. `null_written` is True where NULL stands in the text. `on_update` is what ON UPDATE sets. `first` and
    `after` say where a new or changed column goes; neither: at the end, or where it is. `options` are what else was
    written (`srid`, `column-format`, `unversioned`; (`default`, `expression`) where the default stands in parentheses).
    """

    name: str
    type: TypeName
    span: Span
    nullable: bool = True
    default: Expression | None = None
    identity: str | None = None
    generated: str | None = None
    expression: Expression | None = None
    serial: bool = False
    collation: str | None = None
    charset: str | None = None
    comment: str | None = None
    on_update: Expression | None = None
    first: bool = False
    after: str | None = None
    invisible: bool = False
    null_written: bool = False
    options: tuple[tuple[str, str], ...] = ()


class ConstraintDefinition(NamedTuple):
    """`kind` is `check`, `not-null`, `unique`, `primary-key`, `foreign-key` or `exclusion`.

    `name` is None when the server will choose one. `validated` is False for NOT VALID; `enforced` for NOT ENFORCED.
    `referenced` and `referenced_columns` (empty: its primary key) belong to foreign keys.
    `index` is the name after USING INDEX. `elements` are the key parts of a unique or primary key in full, where they
    may be prefixes, expressions or descending. `on_update` as `on_delete`. `options` has `inline` for one of a column.
    """

    kind: str
    name: str | None
    columns: tuple[str, ...]
    span: Span
    expression: Expression | None = None
    referenced: Name | None = None
    referenced_columns: tuple[str, ...] = ()
    index: str | None = None  # type: ignore[assignment]  # hides tuple.index, which nobody needs of a record
    validated: bool = True
    enforced: bool = True
    deferrable: bool = False
    initially_deferred: bool = False
    no_inherit: bool = False
    including: tuple[str, ...] = ()
    on_delete: str | None = None
    method: str | None = None
    options: frozenset[str] = frozenset()
    elements: tuple["IndexElement", ...] = ()
    on_update: str | None = None


class IndexElement(NamedTuple):
    """A column (`column` set) or an expression of an index; `length` is that of a prefix: `name(10)`."""

    column: str | None
    expression: Expression | None = None
    descending: bool = False
    nulls: str | None = None
    operator_class: str | None = None
    collation: str | None = None
    length: int | None = None


class IndexDefinition(NamedTuple):
    """`name` is None when the server will choose one; `method` is `btree`, `gin`, `fulltext`, `spatial` and so on.

    `visible` is False for one that the planner is told not to use (INVISIBLE, IGNORED).
    """

    name: str | None
    elements: tuple[IndexElement, ...]
    unique: bool = False
    method: str = "btree"
    predicate: Expression | None = None
    including: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    visible: bool = True
    options: tuple[tuple[str, str], ...] = ()


class PartitionBound(NamedTuple):
    """`kind` is `range`, `list`, `hash` or `default`. Bounds are expressions; MINVALUE is `Unknown("minvalue")`."""

    kind: str
    lower: tuple[Expression, ...] = ()
    upper: tuple[Expression, ...] = ()
    values: tuple[Expression, ...] = ()


class PartitionKey(NamedTuple):
    """PARTITION BY: `strategy` is `range`, `list`, `hash`, `key` or `system-time`.

    `partitions` are the names of those that the same clause makes; `number` is what follows PARTITIONS. `unbounded` is
    True where one of them takes all that is higher.
    """

    strategy: str
    elements: tuple[IndexElement, ...]
    partitions: tuple[str, ...] = ()
    number: int | None = None
    unbounded: bool = False


class TableDefinition(NamedTuple):
    """CREATE TABLE: `persistence` is `permanent`, `temporary` or `unlogged`.

    `like` and `inherits` name other tables; `partition_of` with `bound` makes it a partition. `indexes` are those that
    stand among the columns and are no constraints.
    """

    columns: tuple[ColumnDefinition, ...] = ()
    constraints: tuple[ConstraintDefinition, ...] = ()
    persistence: str = "permanent"
    like: tuple[Name, ...] = ()
    inherits: tuple[Name, ...] = ()
    partition_by: PartitionKey | None = None
    partition_of: Name | None = None
    bound: PartitionBound | None = None
    options: tuple[tuple[str, str], ...] = ()
    indexes: tuple[IndexDefinition, ...] = ()


class RoutineDefinition(NamedTuple):
    """CREATE FUNCTION or PROCEDURE: `volatility` is `volatile`, `stable`, `immutable` or None (not said).

    `body` is the source text of the body; `atomic` is True for a parsed body (BEGIN ATOMIC, RETURN), whose relations
    and columns are then dependencies. `parameters` are the names of all parameters, OUT included.
    """

    language: str
    arguments: tuple[TypeName, ...]
    volatility: str | None
    body: str
    body_span: Span | None = None
    atomic: bool = False
    returns: TypeName | None = None
    options: frozenset[str] = frozenset()
    parameters: tuple[str, ...] = ()


class TypeDefinition(NamedTuple):
    """CREATE TYPE, ENUM or DOMAIN: `kind` is `enum`, `domain`, `composite`, `range` or `base`."""

    kind: str
    labels: tuple[str, ...] = ()
    base: TypeName | None = None
    attributes: tuple[ColumnDefinition, ...] = ()
    constraints: tuple[ConstraintDefinition, ...] = ()
    default: Expression | None = None
    nullable: bool = True


class QueryUse(NamedTuple):
    """What a query or a parsed body reads: relations, and columns as (relation or None, column).

    `sources` tell what the outputs of a view are made of: the type of a cast, or (relation, column); None is all else.
    """

    relations: tuple[Name, ...] = ()
    columns: tuple[tuple[str | None, str], ...] = ()
    star: bool = False
    outputs: tuple[str | None, ...] = ()
    sources: tuple[TypeName | tuple[Name, str] | None, ...] = ()


class TriggerDefinition(NamedTuple):
    """`columns` are those of UPDATE OF; `when` the condition; `routine` what it executes.

    Where it has a body of its own, `body` is its text; `timing` is `before`, `after` or `instead of`.
    """

    routine: Name | None = None
    columns: tuple[str, ...] = ()
    when: Expression | None = None
    events: tuple[str, ...] = ()
    timing: str | None = None
    body: str = ""
    body_span: Span | None = None


Definition = (
    ColumnDefinition
    | ConstraintDefinition
    | IndexDefinition
    | TableDefinition
    | RoutineDefinition
    | TypeDefinition
    | TriggerDefinition
    | PartitionBound
    | PartitionKey
    | QueryUse
)

NO_FLAGS: frozenset[str] = frozenset()


class Operation(NamedTuple):
    """One thing that a statement does.

    `relation` is what it acts on (table, index, view, sequence, type, routine: `object` says which word was written);
    `target` a second relation (the new parent, the partition, the index to use); `reads` other relations it reads.
    `column` and `new_name` are names; `expression` a new default, USING, WHERE or generated expression; `type` a new
    type (`definition` may then say what the column was); `value` a setting's value or an option's text. `span` covers
    the clause. `flags` come from `FLAGS`.

    Where the names of indexes belong to their table, `relation` of DROP INDEX and its kin is the table and `value` the
    index. `options` of each clause of a statement hold what the statement asks of the server: `algorithm`, `lock`
    (lower case), `wait` (seconds). `modify-column` has the whole new definition of `column`, with `new_name` where it
    renames it. The option `loop` names the outermost loop of a body that it stands in.
    """

    kind: str
    span: Span
    relation: Name | None = None
    object: str = "table"
    column: str | None = None
    new_name: str | None = None
    target: Name | None = None
    type: TypeName | None = None
    expression: Expression | None = None
    definition: Definition | None = None
    query: QueryUse | None = None
    reads: tuple[Name, ...] = ()
    value: str | None = None
    flags: frozenset[str] = NO_FLAGS
    options: tuple[tuple[str, str], ...] = ()


class Opaque(NamedTuple):
    """Text that was not understood, and why; never dropped. `syntax` is True when the server would refuse it too."""

    span: Span
    reason: str
    syntax: bool = False


class Forgotten(NamedTuple):
    """What isn't known of a table any more: its constraints of this kind, `index` its indexes, "" all of both.

    `text` is its definition alone: how the table would be made anew.
    """

    relation: Name
    kind: str = ""


class Statement(NamedTuple):
    """One statement: `number` counts from 1 in its file; `span` excludes the terminator and leading comments.

    `opaque` is set when some of it was not understood; `operations` then hold what was. `parts` are the statements of a
    body that runs as part of this one (a DO block), in order: they carry its number and spans of their own. `versions`
    are what servers below a version (its number) run instead, lowest first: where comments are code from one on.
    `forgets` is what nobody knows after it, where it dropped something whose name isn't known.
    """

    number: int
    span: Span
    operations: tuple[Operation, ...]
    opaque: Opaque | None = None
    parts: tuple["Statement", ...] = ()
    versions: tuple[tuple[int, tuple[Operation, ...]], ...] = ()
    forgets: tuple[Forgotten, ...] = ()


class Section(NamedTuple):
    """A part of a file that a runner executes as a unit.

    `direction` is `up` or `down`. `transaction` is how the runner sends it: `wrapped` (in a transaction),
    `implicit` (one call: several statements are one transaction), `autocommit` (each statement alone),
    `shared` (one transaction over all pending files), `unknown` (the runner is not known).
    """

    direction: str
    span: Span
    transaction: str
    label: str = ""


class Migration(NamedTuple):
    """One file, read: its statements by section. `path` as shown; `history` names the sequence it belongs to."""

    path: str
    history: str
    runner: str
    dialect: str
    sections: tuple[tuple[Section, tuple[Statement, ...]], ...]
    comments: tuple[tuple[Span, str], ...] = ()


# Kinds of operations, by what they act on. A front end uses no other; a rule page may name no other.
KINDS: dict[str, tuple[str, ...]] = {
    "table": (
        "create-table", "create-table-as", "drop-table", "rename-table", "move-to-schema", "truncate", "lock-table",
        "set-table-options", "set-logged", "set-unlogged", "set-tablespace", "set-access-method", "change-owner",
        "set-replica-identity", "change-row-security", "attach-partition", "detach-partition", "finalize-detach",
        "add-inheritance", "drop-inheritance", "set-cluster-index", "cluster", "vacuum", "vacuum-full", "analyze",
        "of-type", "set-foreign-options", "create-foreign-table", "convert-charset", "rebuild-table", "order-rows",
        "toggle-keys", "discard-tablespace", "import-tablespace", "optimize", "check-table", "repair-table",
        "unlock-tables", "flush", "add-versioning", "drop-versioning", "add-period", "drop-period",
    ),
    "partition": (
        "partition-table", "remove-partitioning", "add-partition", "drop-partition", "truncate-partition",
        "reorganize-partition", "exchange-partition", "coalesce-partition", "rebuild-partition", "optimize-partition",
        "analyze-partition", "check-partition", "repair-partition", "convert-partition", "discard-partition",
        "import-partition",
    ),
    "column": (
        "add-column", "drop-column", "rename-column", "change-type", "set-not-null", "drop-not-null", "set-default",
        "drop-default", "add-identity", "drop-identity", "change-identity", "set-expression", "drop-expression",
        "set-column-storage", "set-compression", "set-statistics", "set-column-options",
        "modify-column", "change-column-visibility",
    ),
    "constraint": (
        "add-constraint", "drop-constraint", "validate-constraint", "alter-constraint", "rename-constraint",
        "set-constraints",
    ),
    "index": (
        "create-index", "drop-index", "reindex", "rename-index", "set-index-options", "attach-index",
        "set-index-statistics", "index-depends", "change-index-visibility",
    ),
    "view": (
        "create-view", "drop-view", "rename-view", "alter-view", "create-materialized-view", "refresh-view",
    ),
    "type": (
        "create-enum", "add-enum-value", "rename-enum-value", "create-domain", "domain-add-constraint",
        "domain-drop-constraint", "domain-validate-constraint", "domain-set-not-null", "domain-drop-not-null",
        "domain-set-default", "create-type", "drop-type", "rename-type", "alter-type-attribute", "add-type-attribute",
        "drop-type-attribute",
    ),
    "routine": ("create-routine", "drop-routine", "alter-routine", "call", "do-block"),
    "trigger": ("create-trigger", "drop-trigger", "rename-trigger", "toggle-trigger", "trigger-depends"),
    "rule": ("create-rule", "drop-rule", "rename-rule", "toggle-rule"),
    "policy": ("create-policy", "alter-policy", "drop-policy"),
    "sequence": ("create-sequence", "alter-sequence", "drop-sequence", "rename-sequence"),
    "statistics": ("create-statistics", "alter-statistics", "drop-statistics"),
    "schema": ("create-schema", "drop-schema", "rename-schema"),
    "data": ("insert", "update", "delete", "merge", "select", "copy-in", "copy-out", "explain"),
    "transaction": ("begin", "commit", "rollback", "savepoint", "release", "rollback-to", "prepare-transaction"),
    "session": ("set", "reset", "discard", "listen", "cursor"),
    "cluster": (
        "create-database", "drop-database", "alter-database", "create-tablespace", "drop-tablespace", "alter-system",
        "create-subscription", "alter-subscription", "drop-subscription", "checkpoint",
    ),
    "other": (
        "comment", "grant", "revoke", "create-role", "alter-role", "drop-role", "create-extension", "alter-extension",
        "drop-extension", "create-publication", "alter-publication", "drop-publication", "create-object",
        "alter-object", "drop-object", "rename-object", "reassign-owned", "drop-owned", "security-label",
        "move-all-to-tablespace", "change-object-owner",
    ),
}  # fmt: skip

# Neutral words that a statement may carry; a front end uses no other.
FLAGS: frozenset[str] = frozenset(
    {
        "concurrently", "if-exists", "if-not-exists", "or-replace", "only", "cascade", "restrict", "inline", "local",
        "temporary", "unlogged", "no-data", "using-index", "chained", "recursive", "where", "always-true",
        "select-source", "values-source", "on-conflict", "for-update", "verbose", "analyze", "whole-database",
        "enable", "disable", "force", "no-force", "restart-identity", "default-value", "limit",
        "through-alter-table", "explicit-name", "security-definer", "using-clause", "system", "schema-wide",
        "skipped-values", "session", "column-list", "conditional", "batched", "understood", "unwritten", "unsupported",
        "ignore", "replace", "online", "not-enforced", "keep-order", "with-validation", "without-validation",
        "client-default", "named-type",
    }
)  # fmt: skip
