"""Expressions of SQL as small values without dialect words: what defaults, checks and casts are made of.

Front ends build them; judgements about volatility, nullability proofs and casts read them.
Names are folded as the dialect folds them (unquoted `NOW()` is `now` on PostgreSQL).
"""

from collections.abc import Iterator

from safecol.records import NamedTuple


class TypeName(NamedTuple):
    """A column or cast type: `numeric(10,2)[]` is `TypeName("numeric", (10, 2), 1)`.

    `name` is the dialect's internal spelling (`int4`, `varchar`, `timestamptz`, `bpchar`); `schema` is None unless
    the source names one that is not the system catalog's.
    """

    name: str
    modifiers: tuple[int | str, ...] = ()
    array: int = 0
    schema: str | None = None


def is_masked(name: str) -> bool:
    """Whether a word is what masking put in place of a placeholder, such as `{{length}}`, that stood alone."""
    return len(name) > 1 and name[0] == "s" and not name[1:].strip("_")


def is_open(kind: TypeName) -> bool:
    """Whether a length or a precision of a type is a placeholder: nobody knows then which type it is exactly."""
    return any(isinstance(part, str) and is_masked(part) for part in kind.modifiers)


class Literal(NamedTuple):
    """A constant. `kind` is `string`, `number`, `boolean` (`"true"`, `"false"`), `null` or `bits`."""

    kind: str
    value: str


class ColumnReference(NamedTuple):
    """`parts` of `t.c` are `("t", "c")`; a star is `"*"`."""

    parts: tuple[str, ...]


class Call(NamedTuple):
    """A function call; `current_timestamp`-like words are calls without arguments (`current_timestamp`).

    `schema` is None unless written. COALESCE, GREATEST, LEAST and NULLIF are calls of those names.
    """

    name: str
    arguments: tuple["Expression", ...] = ()
    schema: str | None = None


class Cast(NamedTuple):
    argument: "Expression"
    type: TypeName


class Operator(NamedTuple):
    """`name` is the symbol, or `in`, `like`, `between`, `is distinct from`, `any`, `collate`, `subscript`."""

    name: str
    arguments: tuple["Expression", ...]


class Junction(NamedTuple):
    """`name` is `and`, `or` or `not`."""

    name: str
    arguments: tuple["Expression", ...]


class NullTest(NamedTuple):
    """`argument IS NULL`, or IS NOT NULL when `negated`."""

    argument: "Expression"
    negated: bool


class BooleanTest(NamedTuple):
    """`argument IS TRUE`; `test` is `true`, `not true`, `false`, `not false`, `unknown`, `not unknown`."""

    argument: "Expression"
    test: str


class Case(NamedTuple):
    """`subject` is None for a searched CASE; `branches` are (condition, value); `otherwise` is None without ELSE."""

    subject: "Expression | None"
    branches: tuple[tuple["Expression", "Expression"], ...]
    otherwise: "Expression | None"


class Collection(NamedTuple):
    """`kind` is `array`, `row` or `list`."""

    kind: str
    items: tuple["Expression", ...]


class Subquery(NamedTuple):
    """A subquery; only the relations that it reads are kept."""

    relations: tuple[str, ...]


class Unknown(NamedTuple):
    """An expression that was not understood; `text` says what it was."""

    text: str


Expression = (
    Literal
    | ColumnReference
    | Call
    | Cast
    | Operator
    | Junction
    | NullTest
    | BooleanTest
    | Case
    | Collection
    | Subquery
    | Unknown
)


def children(expression: Expression) -> tuple[Expression, ...]:
    """The direct parts of an expression."""
    if isinstance(expression, (Call, Operator, Junction)):
        return expression.arguments
    if isinstance(expression, (Cast, NullTest, BooleanTest)):
        return (expression.argument,)
    if isinstance(expression, Collection):
        return expression.items
    if isinstance(expression, Case):
        inner = [part for branch in expression.branches for part in branch]
        return tuple(part for part in (expression.subject, *inner, expression.otherwise) if part is not None)
    return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and everything in it, parents first; iterative, so depth is no limit."""
    pending = [expression]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(children(current)))


def columns(expression: Expression) -> set[str]:
    """The column names (last part) that an expression reads."""
    return {part.parts[-1] for part in walk(expression) if isinstance(part, ColumnReference)}


def conjuncts(condition: Expression) -> Iterator[Expression]:
    """What a condition joins by AND, at any depth."""
    if isinstance(condition, Junction) and condition.name == "and":
        for part in condition.arguments:
            yield from conjuncts(part)
    else:
        yield condition
