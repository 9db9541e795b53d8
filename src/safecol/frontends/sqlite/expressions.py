"""Expressions in SQLite's order of operators: a cursor comes in, expressions without dialect words go out."""

from safecol.expressions import (
    Call,
    Case,
    Cast,
    Collection,
    ColumnReference,
    Expression,
    Junction,
    Literal,
    NullTest,
    Operator,
    TypeName,
    Unknown,
)
from safecol.frontends.sqlite.cursor import Cursor, Problem
from safecol.frontends.sqlite.scopes import Scope

_MOST = 200  # nested deeper than the server itself allows at ten times the depth
_BINARY = {
    "OR": 1, "AND": 2,
    "=": 4, "==": 4, "<>": 4, "!=": 4, "IS": 4, "BETWEEN": 4, "IN": 4, "MATCH": 4, "LIKE": 4, "REGEXP": 4, "GLOB": 4,
    "ISNULL": 4, "NOTNULL": 4, "NOT": 4,
    "<": 5, "<=": 5, ">": 5, ">=": 5,
    "&": 7, "|": 7, "<<": 7, ">>": 7, "+": 8, "-": 8, "*": 9, "/": 9, "%": 9, "||": 10, "->": 10, "->>": 10,
    "COLLATE": 11,
}  # fmt: skip
_WORDS = {"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME"}
_AFTER_NOT = {"IN", "LIKE", "GLOB", "REGEXP", "MATCH", "BETWEEN", "NULL"}


def expression(cursor: Cursor, scope: Scope, least: int = 0) -> Expression:
    """The expression that begins here, with operators that bind at least as strongly as `least`."""
    cursor.depth += 1
    if cursor.depth > _MOST:
        raise Problem("nested too deeply to be analyzed", known=True)
    try:
        left = _prefix(cursor, scope)
        while True:
            token = cursor.peek()
            strength = _BINARY.get(token.word, -1)
            if strength < least or strength < 0:
                return left
            if token.word == "NOT" and cursor.peek(1).word not in _AFTER_NOT:
                return left
            left = _infix(cursor, scope, left, strength)
    finally:
        cursor.depth -= 1


def _prefix(cursor: Cursor, scope: Scope) -> Expression:
    token = cursor.peek()
    word = token.word
    if word == "NOT" and not cursor.sees("NOT", "EXISTS"):
        cursor.at += 1
        return Junction("not", (expression(cursor, scope, 3),))
    if word in {"-", "+", "~"}:
        cursor.at += 1
        inner = expression(cursor, scope, 12)
        if word == "-" and isinstance(inner, Literal) and inner.kind == "number":
            return Literal("number", "-" + inner.value)
        return inner if word == "+" else Operator(word, (inner,))
    if word == "(":
        return _parenthesised(cursor, scope)
    if token.kind in {"string", "number", "blob", "parameter"}:
        cursor.at += 1
        if token.kind == "string":
            value = token.text[1:-1].replace("''", "'")
            scope.reading.literals.append(value)
            return Literal("string", value)
        if token.kind == "parameter":
            return Unknown(token.text)
        return Literal("number" if token.kind == "number" else "bits", token.text)
    if token.kind == "word":
        found = _keyword(cursor, scope, word)
        if found is not None:
            return found
    return _reference(cursor, scope)


def _parenthesised(cursor: Cursor, scope: Scope) -> Expression:
    if cursor.peek(1).word in {"SELECT", "VALUES", "WITH"}:
        return _subquery(cursor, scope)
    cursor.need("(")
    items = [expression(cursor, scope)]
    while cursor.take(","):
        items.append(expression(cursor, scope))
    cursor.need(")")
    return items[0] if len(items) == 1 else Collection("row", tuple(items))


def _keyword(cursor: Cursor, scope: Scope, word: str) -> Expression | None:
    if word == "NULL":
        cursor.at += 1
        return Literal("null", "")
    if word in {"TRUE", "FALSE"} and cursor.peek(1).word not in {".", "("}:
        cursor.at += 1
        return Literal("boolean", word.lower())
    if word in _WORDS:
        cursor.at += 1
        return Call(word.lower())
    if word == "CASE":
        return _case(cursor, scope)
    if word == "CAST" and cursor.peek(1).word == "(":
        cursor.at += 2
        inner = expression(cursor, scope)
        cursor.need("AS")
        kind = type_name(cursor)
        cursor.need(")")
        return Cast(inner, kind)
    if word in {"EXISTS", "NOT"}:
        negated = cursor.take("NOT")
        cursor.need("EXISTS")
        found: Expression = _subquery(cursor, scope)
        return Junction("not", (found,)) if negated else found
    if word == "RAISE" and cursor.peek(1).word == "(":
        cursor.at += 2
        action = cursor.one_of("IGNORE", "ROLLBACK", "ABORT", "FAIL")
        if action != "IGNORE":
            cursor.need(",")
            expression(cursor, scope)
        cursor.need(")")
        return Call("raise")
    return None


def _subquery(cursor: Cursor, scope: Scope) -> Expression:
    from safecol.frontends.sqlite.queries import subquery  # which is made of expressions

    return subquery(cursor, scope)


def _case(cursor: Cursor, scope: Scope) -> Expression:
    cursor.need("CASE")
    subject = None if cursor.sees("WHEN") else expression(cursor, scope)
    branches = []
    while cursor.take("WHEN"):
        condition = expression(cursor, scope)
        cursor.need("THEN")
        branches.append((condition, expression(cursor, scope)))
    otherwise = expression(cursor, scope) if cursor.take("ELSE") else None
    cursor.need("END")
    return Case(subject, tuple(branches), otherwise)


def _reference(cursor: Cursor, scope: Scope) -> Expression:
    token = cursor.peek()
    first = cursor.name()
    if cursor.sees("(") and token.kind in {"word", "quoted"}:
        return _call(cursor, scope, first)
    parts = [first]
    while cursor.take("."):
        parts.append("*" if cursor.take("*") else cursor.name())
    found = tuple(parts)
    # A quoted name that is no column is a string; which, is for those to say who know the columns.
    scope.refer(found, double_quoted=len(found) == 1 and token.text.startswith('"'))
    return ColumnReference(found)


def _call(cursor: Cursor, scope: Scope, name: str) -> Expression:
    cursor.need("(")
    scope.reading.calls.append(name)
    arguments: list[Expression] = []
    cursor.take("DISTINCT")
    if cursor.take("*"):
        arguments.append(ColumnReference(("*",)))
    elif not cursor.sees(")"):
        arguments.append(expression(cursor, scope))
        while cursor.take(","):
            arguments.append(expression(cursor, scope))
        _order(cursor, scope)
    cursor.need(")")
    if cursor.sees("FILTER", "("):
        cursor.at += 2
        cursor.need("WHERE")
        expression(cursor, scope)
        cursor.need(")")
    if cursor.take("OVER"):
        if cursor.sees("("):
            window(cursor, scope)
        else:
            cursor.name()
    return Call(name, tuple(arguments))


def _order(cursor: Cursor, scope: Scope) -> None:
    if not cursor.take("ORDER", "BY"):
        return
    ordering(cursor, scope)
    while cursor.take(","):
        ordering(cursor, scope)


def ordering(cursor: Cursor, scope: Scope) -> tuple[Expression, bool, str | None]:
    """One term of ORDER BY or of an index: the expression, whether it descends, and where NULLs go."""
    found = expression(cursor, scope)
    descending = cursor.one_of("ASC", "DESC") == "DESC"
    nulls = None
    if cursor.take("NULLS"):
        nulls = cursor.one_of("FIRST", "LAST").lower()
    return found, descending, nulls


def window(cursor: Cursor, scope: Scope) -> None:
    """A window's definition, in parentheses."""
    cursor.need("(")
    if cursor.is_name() and cursor.peek().word not in {"PARTITION", "RANGE", "ROWS", "GROUPS"}:
        cursor.name()
    if cursor.take("PARTITION", "BY"):
        expression(cursor, scope)
        while cursor.take(","):
            expression(cursor, scope)
    _order(cursor, scope)
    if cursor.one_of("RANGE", "ROWS", "GROUPS"):
        between = cursor.take("BETWEEN")
        _bound(cursor, scope)
        if between:
            cursor.need("AND")
            _bound(cursor, scope)
        if cursor.take("EXCLUDE") and not (
            cursor.take("NO", "OTHERS") or cursor.take("CURRENT", "ROW") or cursor.one_of("GROUP", "TIES")
        ):
            raise cursor.unexpected()
    cursor.need(")")


def _bound(cursor: Cursor, scope: Scope) -> None:
    if cursor.take("CURRENT", "ROW"):
        return
    if not cursor.take("UNBOUNDED"):
        expression(cursor, scope, 5)
    if not cursor.one_of("PRECEDING", "FOLLOWING"):
        raise cursor.unexpected("expected PRECEDING or FOLLOWING")


def _infix(cursor: Cursor, scope: Scope, left: Expression, strength: int) -> Expression:
    word = cursor.next().word
    negated = word == "NOT"
    if negated:
        word = cursor.next().word
    found = _operated(cursor, scope, left, word, strength, negated=negated)
    return Junction("not", (found,)) if negated and not isinstance(found, NullTest) else found


def _operated(cursor: Cursor, scope: Scope, left: Expression, word: str, strength: int, *, negated: bool) -> Expression:
    if word in {"AND", "OR"}:
        right = expression(cursor, scope, strength + 1)
        name = word.lower()
        parts = left.arguments if isinstance(left, Junction) and left.name == name else (left,)
        return Junction(name, (*parts, right))
    if word in {"ISNULL", "NOTNULL", "NULL"}:
        return NullTest(left, negated=word == "NOTNULL" or negated)
    if word == "COLLATE":
        return Operator("collate", (left, Literal("string", cursor.name())))
    if word == "BETWEEN":
        lower = expression(cursor, scope, 5)
        cursor.need("AND")
        return Operator("between", (left, lower, expression(cursor, scope, 5)))
    if word == "IN":
        return _in(cursor, scope, left)
    if word == "IS":
        return _is(cursor, scope, left)
    right = expression(cursor, scope, strength + 1)
    if word in {"LIKE", "GLOB", "REGEXP", "MATCH"}:
        if cursor.take("ESCAPE"):
            expression(cursor, scope, 6)
        return Operator(word.lower(), (left, right))
    return Operator("=" if word == "==" else "<>" if word == "!=" else word, (left, right))


def _in(cursor: Cursor, scope: Scope, left: Expression) -> Expression:
    if not cursor.sees("("):
        relation = cursor.relation()  # IN table, or IN function(…)
        scope.reading.relations.append(relation)
        if cursor.sees("("):
            cursor.skip_parentheses()
        return Operator("in", (left, Unknown("a table")))
    if cursor.peek(1).word in {"SELECT", "VALUES", "WITH"}:
        return Operator("in", (left, _subquery(cursor, scope)))
    cursor.need("(")
    items = []
    while not cursor.sees(")"):
        items.append(expression(cursor, scope))
        if not cursor.take(","):
            break
    cursor.need(")")
    return Operator("in", (left, Collection("list", tuple(items))))


def _is(cursor: Cursor, scope: Scope, left: Expression) -> Expression:
    negated = cursor.take("NOT")
    if cursor.take("DISTINCT", "FROM"):
        found: Expression = Operator("is distinct from", (left, expression(cursor, scope, 5)))
        return Junction("not", (found,)) if negated else found
    right = expression(cursor, scope, 5)
    if isinstance(right, Literal) and right.kind == "null":
        return NullTest(left, negated=negated)
    found = Operator("is", (left, right))
    return Junction("not", (found,)) if negated else found


def type_name(cursor: Cursor) -> TypeName:
    """A type as SQLite has it: any words, and up to two numbers in parentheses."""
    words = []
    while (cursor.is_name() or cursor.peek().kind == "string") and not cursor.sees("GENERATED", "ALWAYS"):
        words.append(cursor.name())
    modifiers: tuple[int | str, ...] = ()
    if words and cursor.take("("):
        numbers = [_modifier(cursor)]
        while cursor.take(","):
            numbers.append(_modifier(cursor))
        cursor.need(")")
        modifiers = tuple(numbers)
    return TypeName(" ".join(words), modifiers)


def _modifier(cursor: Cursor) -> int | str:
    if cursor.peek().kind == "word":
        return cursor.name()  # varchar(max)
    number = cursor.number()
    return int(number) if number.lstrip("+-").isdigit() else number
