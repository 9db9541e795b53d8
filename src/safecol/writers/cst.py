"""The source of a call comes in; the same call with other arguments goes out, its comments and layout kept."""

from collections.abc import Callable, Iterable, Sequence

import libcst
from libcst import Arg, BaseExpression, Call

BARE = libcst.Module([])


def parse(code: str) -> Call | None:
    """The call that an expression is; None for other expressions."""
    try:
        found = libcst.parse_expression(code)
    except libcst.ParserSyntaxError:
        return None
    return found if isinstance(found, Call) else None


def expression(code: str) -> BaseExpression:
    """The node of an expression."""
    return libcst.parse_expression(code)


def source(node: libcst.CSTNode) -> str:
    """The source of a node."""
    return BARE.code_for_node(node)


def name(call: Call) -> str:
    """The last name of what is called: `create_index` of `op.create_index`."""
    called = call.func
    if isinstance(called, libcst.Attribute):
        return called.attr.value
    return called.value if isinstance(called, libcst.Name) else ""


def called_on(call: Call) -> str:
    """The source of what the method is called on: `op` of `op.create_index`; empty for a plain function."""
    return source(call.func.value) if isinstance(call.func, libcst.Attribute) else ""


def keyword(arg: Arg) -> str:
    """The keyword of an argument; empty for others."""
    return arg.keyword.value if arg.keyword is not None else ""


def argument(call: Call, position: int, *keywords: str) -> BaseExpression | None:
    """An argument by its position (negative for none) or one of its keywords."""
    for arg in call.args:
        if keyword(arg) in keywords:
            return arg.value
    if 0 <= position < len(call.args) and not any(
        arg.star or arg.keyword is not None for arg in call.args[: position + 1]
    ):
        return call.args[position].value
    return None


def written(call: Call, position: int, *keywords: str) -> str:
    """The source of an argument; empty when it isn't given."""
    found = argument(call, position, *keywords)
    return source(found) if found is not None else ""


def on(call: Call, base: str, method: str = "") -> Call:
    """The call on something else, or of another method of it."""
    return call.with_changes(func=libcst.parse_expression(f"{base}.{method or name(call)}"))


def named(call: Call, other: str) -> Call:
    """The same arguments for another function, by its plain name."""
    return call.with_changes(func=libcst.Name(other))


def with_keyword(call: Call, word: str, value: str) -> Call:
    """The call with an argument added or replaced."""
    for arg in call.args:
        if keyword(arg) == word:
            return with_value(call, arg, libcst.parse_expression(value))
    made = Arg(
        libcst.parse_expression(value),
        keyword=libcst.Name(word),
        equal=libcst.AssignEqual(libcst.SimpleWhitespace(""), libcst.SimpleWhitespace("")),
    )
    return _listed(call, [*call.args, made])


def with_value(call: Call, arg: Arg, value: BaseExpression) -> Call:
    """The call with another value for one of its arguments."""
    return call.with_changes(args=[one.with_changes(value=value) if one is arg else one for one in call.args])


def with_argument(call: Call, position: int, value: str) -> Call:
    """The call with a value at a position: inserted where `position` counts from 0, by its place alone."""
    made = Arg(libcst.parse_expression(value))
    return _listed(call, [*call.args[:position], made, *call.args[position:]])


def without(call: Call, unwanted: Callable[[Arg], bool]) -> Call:
    """The call without some of its arguments."""
    kept = [arg for arg in call.args if not unwanted(arg)]
    return call if len(kept) == len(call.args) else _listed(call, kept)


def without_keywords(call: Call, words: Iterable[str]) -> Call:
    """The call without the arguments of these names."""
    unwanted = frozenset(words)
    return without(call, lambda arg: keyword(arg) in unwanted)


def _listed(call: Call, wanted: Sequence[Arg]) -> Call:
    """The call with these arguments, separated and ended as its own are."""
    if not wanted:
        return call.with_changes(args=(), whitespace_before_args=libcst.SimpleWhitespace(""))
    commas = [arg.comma for arg in call.args[:-1] if isinstance(arg.comma, libcst.Comma)]
    separator = _uncommented(commas[0]) if commas else _separator(call)
    end: libcst.Comma | libcst.MaybeSentinel = libcst.MaybeSentinel.DEFAULT
    after: libcst.BaseParenthesizableWhitespace = libcst.SimpleWhitespace("")
    if call.args:
        last = call.args[-1]
        after = last.whitespace_after_arg
        end = last.comma if wanted[-1] is last or not isinstance(last.comma, libcst.Comma) else _uncommented(last.comma)
    known = set(map(id, call.args[:-1]))
    made = [
        arg
        if id(arg) in known and isinstance(arg.comma, libcst.Comma)
        else arg.with_changes(comma=separator, whitespace_after_arg=libcst.SimpleWhitespace(""))
        for arg in wanted[:-1]
    ]
    made.append(wanted[-1].with_changes(comma=end, whitespace_after_arg=after))
    return call.with_changes(args=made)


def _uncommented(comma: libcst.Comma) -> libcst.Comma:
    space = comma.whitespace_after
    if not isinstance(space, libcst.ParenthesizedWhitespace):
        return comma
    plain = space.with_changes(first_line=libcst.TrailingWhitespace(), empty_lines=())
    return comma.with_changes(whitespace_after=plain)


def _separator(call: Call) -> libcst.Comma:
    """A comma as a call of one argument would have it: on its own line where that argument is."""
    before = call.whitespace_before_args
    if isinstance(before, libcst.ParenthesizedWhitespace):
        return libcst.Comma(whitespace_after=before)
    return libcst.Comma(whitespace_after=libcst.SimpleWhitespace(" "))


def fitted(call: Call, width: int) -> str:
    """The source of a call; one that was on a line of `width` columns and isn't any more has a line an argument."""
    code = source(call)
    if "\n" in code or len(code) <= width or not call.args:
        return code
    inner = libcst.ParenthesizedWhitespace(last_line=libcst.SimpleWhitespace("    "))
    comma = libcst.Comma(whitespace_after=inner)
    end = libcst.Comma(whitespace_after=libcst.ParenthesizedWhitespace())
    args = [
        arg.with_changes(
            comma=end if at == len(call.args) - 1 else comma, whitespace_after_arg=libcst.SimpleWhitespace("")
        )
        for at, arg in enumerate(call.args)
    ]
    return source(call.with_changes(args=args, whitespace_before_args=inner))
