"""The head of a rule page: TOML comes in, a checked `Rule` or an error that names file, key and nearest known key."""

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from safecol.dialects.registry import NAMES
from safecol.errors import UserError
from safecol.records import NamedTuple

CATEGORIES = ("blocking", "breaking", "data-loss", "transaction", "operation", "security", "file", "convention")
SEVERITIES = ("error", "warning", "note", "off")

# Facts that are yes, no or unknown.
BOOLEANS = (
    "rewrite", "scan", "rebuild", "transaction_allowed", "concurrently", "inline", "validated", "if_not_exists",
    "if_exists", "cascade", "using_index", "where", "partitioned", "proven", "nullable", "only", "always_true",
    "unique", "temporary", "narrowing", "lossy", "compatible", "unlogged", "no_data", "type_used",
    "has_default_partition", "enforced", "ignored", "replace", "client_default", "missing_type",
)  # fmt: skip

# Facts that are words: the closed set where there is one, None where any word may stand.
WORDS: dict[str, tuple[str, ...] | None] = {
    "operation": None,  # operations.KINDS
    "object": None,
    "table": ("existing", "new", "small"),
    "blocks": ("reads", "writes", "none"),
    "duration": ("instant", "table", "concurrent"),
    "transaction": ("inside", "outside"),
    "fails": ("always", "rows"),
    "failure": ("version", "dependents", "assertion", "state"),
    "constraint": ("check", "not-null", "unique", "primary-key", "foreign-key", "exclusion"),
    "default": ("none", "constant", "volatile", "expression", "column", "unsafe", "sequence"),
    "generated": ("none", "stored", "virtual"),
    "key": ("none", "serial", "identity"),
    "domain": ("none", "free", "constrained"),
    "change": ("none", "rewrite", "rebuild", "scan"),
    "algorithm": ("INSTANT", "INPLACE", "COPY"),
    "numbering": ("same", "added", "removed"),
    "method": None,
    "zero": None,
    "body": ("own-table", "whole-table", "unbounded"),
    "disables": ("autovacuum", "row-security", "triggers"),
    "setting": None,
    "version": None,  # ranges
    "dialect": NAMES,
}

DIALECTS = ("any", *NAMES)
FRAMEWORKS = ("alembic", "django")

_KEYS = {
    "severity": str, "category": str, "message": str, "help": str, "aliases": list, "when": dict, "check": str,
    "scope": str, "reported": bool, "dialect": str, "covers": list,
    "helps": dict,
}  # fmt: skip


class Rule(NamedTuple):
    """What a page's head says.

    `dialect` is `any` or the dialect whose folder holds the page; `title` the H1; `when` maps fact names to a value
    or a list of values; `check` is `module:function` in `safecol.checks`, asked
    about traces with one of the `when`'s operations; `scope` is `file` for one finding a section;
    `reported` is True when findings come from elsewhere (`syntax-error`); `path` is the page's file; `covers` are
    the rules that say less about the same step; `helps` are helps in a framework's own words, by its runner.
    """

    name: str
    dialect: str
    title: str
    severity: str
    category: str
    message: str
    help: str
    aliases: tuple[str, ...]
    when: dict[str, Any]
    check: str
    scope: str
    reported: bool
    path: str
    covers: tuple[str, ...] = ()
    helps: Mapping[str, str] = {}


def rule(path: str, name: str, dialect: str, text: str) -> Rule:
    """The rule of a page's text; raises UserError naming the file and the key."""
    import tomllib

    from safecol import pages

    found = pages.parts(text)
    block = pages.head(found)
    heading = pages.title(found)
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise UserError(f"{path}: a rule's name is lower-case words joined by hyphens", "Rename the file")
    if not heading:
        raise UserError(f"{path}: the page has no title", "Start it with a line `# What happens to whom`")
    if block is None:
        raise UserError(f"{path}: the page has no head", "Put a ```toml block first, see rules/README.md")
    try:
        head = tomllib.loads(block.text)
    except (ValueError, RecursionError) as error:
        from safecol.settings_file import toml_problem

        line, reason = toml_problem(block.text, error)
        raise UserError(f"{path}:{block.line + line - 1}: the head is not TOML: {reason}", "Correct the line") from None
    return _checked(path, name, dialect, heading, head)


def _checked(path: str, name: str, dialect: str, title: str, head: dict[str, Any]) -> Rule:
    for key, value in head.items():
        if key not in _KEYS:
            _unknown(path, "key", key, tuple(_KEYS))
        if not isinstance(value, _KEYS[key]):
            raise UserError(f"{path}: `{key}` must be {_a(_KEYS[key])}, not {_a(type(value))}")
    when = dict(head.get("when", {}))
    # `check`, `scope` and `reported` say how the rule is found, so they may stand beside the facts too.
    check = str(when.pop("check", head.get("check", "")))
    scope = str(when.pop("scope", head.get("scope", "")))
    reported = bool(when.pop("reported", head.get("reported", False)))
    for key in ("severity", "category", "message"):
        if not head.get(key):
            raise UserError(f"{path}: the head has no `{key}`", "See rules/README.md")
    _one_of(path, "severity", head["severity"], SEVERITIES)
    _one_of(path, "category", head["category"], CATEGORIES)
    _one_of(path, "scope", scope, ("", "file"))
    dialect = head.get("dialect", dialect)
    _one_of(path, "dialect", dialect, DIALECTS)
    aliases = head.get("aliases", [])
    covers = head.get("covers", [])
    helps = head.get("helps", {})
    for runner, text in helps.items():
        _one_of(path, "helps", runner, FRAMEWORKS)
        if not isinstance(text, str):
            raise UserError(f"{path}: `helps.{runner}` must be a string")
    for key, names in (("aliases", aliases), ("covers", covers)):
        if not all(isinstance(each, str) for each in names):
            raise UserError(f"{path}: `{key}` must be a list of strings")
    if check and not re.fullmatch(r"[a-z_]+:[a-z_0-9]+", check):
        raise UserError(f"{path}: `check` must be `module:function`, not `{check}`")
    for key, value in when.items():
        _fact(path, key, value)
    beside = {"version", "dialect", "operation"} if check else {"version", "dialect"}
    if (check or reported) and set(when) - beside:
        key = min(set(when) - beside)
        raise UserError(f"{path}: `when.{key}` can't stand beside `{'check' if check else 'reported'}`")
    if not (check or reported or "operation" in when):
        raise UserError(f"{path}: nothing says when the rule applies", "Give `when.operation`, `check` or `reported`")
    return Rule(
        name, dialect, title, head["severity"], head["category"], head["message"], head.get("help", ""),
        tuple(aliases), when, check, scope, reported, path, tuple(covers), helps,
    )  # fmt: skip


def _fact(path: str, key: str, value: Any) -> None:
    from safecol import versions

    where = f"when.{key}"
    values = value if isinstance(value, list) else [value]
    if key in BOOLEANS:
        if not values or not all(isinstance(item, bool) or item == "unknown" for item in values):
            raise UserError(f'{path}: `{where}` must be true, false or a list of them and "unknown"')
        return
    if key not in WORDS:
        _unknown(path, "fact", where, tuple(f"when.{known}" for known in (*BOOLEANS, *WORDS)))
    if not values or not all(isinstance(item, str) for item in values):
        raise UserError(f"{path}: `{where}` must be a string or a list of strings")
    if key == "version":
        if isinstance(value, list) or not versions.is_range(value):
            raise UserError(f'{path}: `{where}` must be a range like ">=14,<18"')
        return
    known = _kinds() if key == "operation" else WORDS[key]
    for item in values:
        if known is not None and (item != "unknown" or key == "operation"):
            _one_of(path, where, item, known)


def _kinds() -> tuple[str, ...]:
    from safecol.operations import KINDS

    return tuple(kind for kinds in KINDS.values() for kind in kinds)


def _one_of(path: str, key: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        _unknown(path, f"value of `{key}`:", value, known)


def _unknown(path: str, what: str, name: str, known: tuple[str, ...]) -> NoReturn:
    raise UserError(f"{path}: unknown {what} `{name}`", suggestion(name, known))


def suggestion(name: str, known: tuple[str, ...]) -> str:
    """A hint with the nearest known name, or with all of them when they are few."""
    import difflib

    near = difflib.get_close_matches(name, known, 1, 0.6)
    if near:
        return f"Did you mean `{near[0]}`?"
    return f"One of: {', '.join(known)}" if len(known) <= 20 else ""


def _a(kind: type) -> str:
    return {str: "a string", list: "a list", dict: "a table", bool: "true or false", int: "a number"}.get(
        kind, f"a {kind.__name__}"
    )
