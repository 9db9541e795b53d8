"""SQL text comes in, PostgreSQL's own parse tree goes out as plain dictionaries.

`import pglast` costs 50 ms for its Python node classes, which nothing here needs: its C extension is loaded alone.
"""

import sys
from collections.abc import Callable
from typing import Any

_parse_sql_json: Callable[[str], str] | None = None


class SyntaxProblem(Exception):  # noqa: N818 - it describes the text that was read, not a failure of the program
    """The text is not PostgreSQL: `message` is the server's; `offset` a character offset, None at the end of input."""

    def __init__(self, message: str, offset: int | None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def parse(text: str) -> list[dict[str, Any]]:
    """Parse `text` into its statements: `{"stmt": {node: …}, "stmt_location": bytes, "stmt_len": bytes}` each.

    Absent `stmt_location` is 0, absent `stmt_len` is "to the end". Offsets inside are UTF-8 byte offsets of `text`.
    """
    import json

    document = _document(text)
    try:
        statements: list[dict[str, Any]] = json.loads(document)["stmts"]
    except KeyError:
        return []
    except RecursionError as error:
        raise SyntaxProblem("nested too deeply to be analyzed", None) from error
    return statements


def parse_body(text: str) -> dict[str, Any]:
    """Parse the body of a DO statement or of a CREATE FUNCTION or PROCEDURE in plpgsql: its `PLpgSQL_function`.

    The server gives no offsets here: a problem has none, statements carry `lineno`.
    """
    import json

    try:
        function = _loaded().__globals__["parse_plpgsql_json"]
    except (AttributeError, KeyError):
        from pglast.parser import parse_plpgsql_json as function
    try:
        found: dict[str, Any] = json.loads(function(text))[0]["PLpgSQL_function"]
    except (IndexError, KeyError):
        return {}
    except (RecursionError, UnicodeEncodeError) as error:
        raise SyntaxProblem("the body can't be read", None) from error
    except Exception as error:
        if type(error).__name__ != "ParseError":
            raise
        raise SyntaxProblem(str(error.args[0])[:200], None) from error
    return found


def accepts(text: str) -> bool:
    """Whether `text` is at least one statement of PostgreSQL; quicker than `parse`."""
    try:
        return '"stmts":[{' in _document(text)
    except SyntaxProblem:
        return False


def _loaded() -> Callable[[str], str]:
    global _parse_sql_json  # noqa: PLW0603 - loaded once
    if _parse_sql_json is None:
        _parse_sql_json = _load()
    return _parse_sql_json


def _document(text: str) -> str:
    try:
        return _loaded()(text)
    except UnicodeEncodeError as error:
        raise SyntaxProblem("the text has a lone surrogate, which no encoding can hold", error.start) from error
    except Exception as error:
        if type(error).__name__ != "ParseError":
            raise
        raise _problem(text, error) from error


def _problem(text: str, error: Exception) -> SyntaxProblem:
    message = str(error.args[0])
    if len(message) > 200:  # an unterminated quote or comment is quoted in full
        message = message[:120].rstrip() + '…"'
    if "memory exhausted" in message or "stack depth" in message:
        return SyntaxProblem("nested too deeply to be analyzed", None)
    offset = error.args[1] if len(error.args) > 1 else None
    if not text.isascii():
        # The extension takes the scanner's character offset for a byte offset, so it is wrong here. With each other
        # character replaced by a letter the tokens stay the same and both offsets are one.
        offset = _offset_in_ascii("".join(c if c < "\x80" else "z" for c in text))
    if offset is None or not 0 <= offset < len(text):
        return SyntaxProblem(message, None)
    return SyntaxProblem(message, offset)


def _offset_in_ascii(text: str) -> int | None:
    assert _parse_sql_json is not None  # noqa: S101 - narrowing: an error came from it
    try:
        _parse_sql_json(text)
    except Exception as error:
        if type(error).__name__ != "ParseError":
            raise
        return error.args[1] if len(error.args) > 1 else None
    return None


def _load() -> Callable[[str], str]:
    if "pglast" not in sys.modules:
        try:
            return _load_extension()
        except Exception:  # noqa: BLE001, S110 - another layout of the package: the ordinary import below decides
            pass
    from pglast.parser import parse_sql_json

    return parse_sql_json


def _load_extension() -> Callable[[str], str]:
    """Import `pglast.parser` under stand-ins for its package and its node classes, then take the stand-ins away.

    The extension keeps its references to the stand-ins; they forward to the real modules, so that an ordinary
    `import pglast` later in the same process works in full.
    """
    from importlib import import_module
    from importlib.machinery import PathFinder
    from types import ModuleType

    spec = PathFinder.find_spec("pglast")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("pglast")

    def stand_in(name: str) -> Any:
        module: Any = ModuleType(name)
        module.__getattr__ = lambda attribute: getattr(import_module(name), attribute)
        return module

    package = ModuleType("pglast")
    stand_ins: dict[str, Any] = {
        "pglast": package,
        "pglast.ast": stand_in("pglast.ast"),
        "pglast.enums": stand_in("pglast.enums"),
    }
    package.__path__ = list(spec.submodule_search_locations)
    package.ast, package.enums = stand_ins["pglast.ast"], stand_ins["pglast.enums"]  # type: ignore[attr-defined]
    sys.modules.update(stand_ins)
    try:
        package.Error = import_module("pglast.error").Error  # type: ignore[attr-defined]
        load: Callable[[str], str] = import_module("pglast.parser").parse_sql_json
    finally:
        for name in (*stand_ins, "pglast.parser", "pglast.error"):
            sys.modules.pop(name, None)
    return load


def offsets(text: str, start: int = 0) -> Callable[[int], int]:
    """Make a map from UTF-8 byte offsets in `text` to character offsets, plus `start`."""
    if text.isascii():
        return start.__add__
    from bisect import bisect_right

    step = 512
    chunks = [text[at : at + step].encode("utf-8", "replace") for at in range(0, len(text), step)]
    starts, total = [0], 0
    for chunk in chunks:
        total += len(chunk)
        starts.append(total)

    def position(offset: int) -> int:
        if offset >= total:
            return start + len(text)
        number = bisect_right(starts, offset) - 1
        return start + number * step + len(chunks[number][: offset - starts[number]].decode("utf-8", "ignore"))

    return position
