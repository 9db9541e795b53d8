"""A rule, a hit and the file's text come in; the message and the staged rewrite, filled from its page, go out."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from safecol import versions
from safecol.dialects import loaded, registry
from safecol.finding import Stage
from safecol.heads import Rule
from safecol.patterns import lazy
from safecol.trace import Hit, Step, Trace

if TYPE_CHECKING:
    from safecol.pages import Part

_PLACEHOLDER = lazy(r"\{\{|\}\}|\{([a-z_]+)\}")
_SHOWN = lazy(r"`\{([a-z_]+)\}`|\{([a-z_]+)\}")
_INSTEAD = lazy(r"Instead(?: \((.+)\))?")
_GATE = lazy(r"\*\*(Deploy|Wait)\*\*")
_QUOTED = lazy(r'(?<![\w"])"(\w+)"(?![\w"])')
_LONGEST = 60


def render(rule: Rule, hit: Hit, trace: Trace, version: str) -> tuple[Stage, ...]:
    """The stages of the page's `## Instead` for this version, with every placeholder filled.

    Empty when the page has none, when a placeholder has no value here, or when the result would not parse:
    a broken template is never shown.
    """
    if hit.step is None or not hit.span:
        return ()
    found = _instead(rule.path, trace.migration.dialect, version)
    if not any(part.kind == "code" for part in found):
        return ()
    beside = _beside(hit.step, trace.steps)
    slices = _values(hit.step, trace.text, beside) if "inline" in hit.step.operation.flags else None
    known = {**(slices or _values(hit.step, trace.text)), **hit.values}
    quote = registry.known(trace.migration.dialect).quote
    if quote != '"':
        known = {name: _requoted(value, quote) for name, value in known.items()}
    if any(part.info == "sh stage" for part in found):
        from safecol.dialects.mysql import online_tools

        tool = online_tools.command(hit.step, trace.text)
        known.update({"online_change": tool} if tool else {})
    path = _search_path(hit.step, trace)
    stages: list[Stage] = []
    title = ""
    for part in found:
        if part.kind != "code":
            gate = _GATE.match(part.text)
            title = _line(_in_words(part.text, known))
            if gate and part.kind == "quote":
                stages.append(Stage(title, "", True, gate[1].lower()))
                title = ""
            continue
        words = part.info.split()
        if "stage" not in words or not _asked(words, hit.step, beside):
            title = ""
            continue
        sql = fill(part.text, known)
        if words[0] == "sh":
            if sql is None:
                return ()
            # Nothing that a runner could send.
            stages.append(Stage(title or "Run beside the migrations", "", True, "command", command=sql.strip()))
            title = ""
            continue
        if sql is None or not _parses(sql, trace.migration.dialect):
            return ()
        outside, batched = "no-transaction" in words, "batched" in words
        if path and not outside:
            sql = path + sql
        stages.append(Stage(title or _title(outside, batched), sql, not outside, "backfill" if batched else "schema"))
        title = ""
    return tuple(stages) if any(stage.sql or stage.command for stage in stages) else ()


def message(template: str, hit: Hit, text: str) -> str:
    """A page's message or help with its placeholders filled; one without a value becomes plain words."""
    if "{" not in template:
        return template
    known = dict(hit.values)
    missing = [name for name in _named(template) if name not in known] if hit.step is not None else []
    if missing and hit.step is not None:
        slices, facts = _values(hit.step, text), hit.step.facts
        for name in missing:
            if name in slices:
                known[name] = slices[name]
            elif facts.get(name) is not None:
                known[name] = str(facts[name])
    return _in_words(template, known)


@cache
def _named(template: str) -> tuple[str, ...]:
    """The placeholders of a message."""
    return tuple({found[1] or found[2]: None for found in _SHOWN.finditer(template)})


_grouped: list[tuple[tuple[Step, ...], dict[int, list[Step]]]] = []  # one entry: findings of a file come together


def _beside(step: Step, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The steps of the same statement."""
    if not _grouped or _grouped[0][0] is not steps:
        found: dict[int, list[Step]] = {}
        for one in steps:
            found.setdefault(id(one.statement), []).append(one)
        _grouped[:] = [(steps, found)]
    return tuple(_grouped[0][1].get(id(step.statement), ()))


_last: list[tuple[Step, str, dict[str, str]]] = []  # one entry: a finding asks for message, help and stages


def _values(step: Step, text: str, beside: Sequence[Step] = ()) -> dict[str, str]:
    if _last and not beside and _last[0][0] is step and _last[0][1] is text:
        return _last[0][2]
    from safecol.slices import values

    found = dict(values(step, text, beside))
    _last[:] = [(step, text, found)]
    return found


def _in_words(template: str, known: Mapping[str, str]) -> str:
    def shown(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        value = known.get(name, "")
        if not value and name != "unique":
            return "the " + name.replace("_", " ")
        # Back quotes of a name would end the code that a message sets it in; others are in a reader's way.
        in_code = match[1] or template.count("`", 0, match.start()) % 2
        value = _QUOTED.sub(r"\1", value.replace("`", "") if in_code else value)
        return match[0].replace(f"{{{name}}}", _line(value) if name == "because" else _short(value))

    return _SHOWN.sub(shown, template)


def fill(template: str, known: Mapping[str, str]) -> str | None:
    """The template with its placeholders replaced; None when one has no value. `{{` and `}}` stand for braces."""
    missing = False
    if any("$$" in known.get(match[1] or "", "") for match in _PLACEHOLDER.finditer(template)):
        template = template.replace("$$", "$stage$")

    def replaced(match: re.Match[str]) -> str:
        nonlocal missing
        if match[1] is None:
            return match[0][0]
        missing = missing or match[1] not in known
        value = known.get(match[1], "")
        in_string = template[match.start() - 1 : match.start()] == "'" == template[match.end() : match.end() + 1]
        return value.replace("'", "''") if in_string else value

    sql = _PLACEHOLDER.sub(replaced, template)
    return None if missing else sql


@cache
def _instead(path: str, dialect: str, version: str) -> tuple["Part", ...]:
    """The parts under the `## Instead` that is for this dialect and version, else under the plain one."""
    from safecol import pages

    with open(path, encoding="utf-8") as file:
        found = pages.parts(file.read())
    headings = {part.section for part in found if _INSTEAD.fullmatch(part.section)}
    chosen = next((one for one in sorted(headings, reverse=True) if _is_for(one, dialect, version)), None)
    return tuple(part for part in found if part.section == chosen and part.kind != "heading")


def _is_for(heading: str, dialect: str, version: str) -> bool:
    """Whether it is for this server: `(PostgreSQL 12 to 17)`, `(MySQL)`, `(18 and later)`, `(before 12)`, none."""
    match = _INSTEAD.fullmatch(heading)
    words = match[1] if match else None
    if not words:
        return True
    named = {each.name for each in registry.KNOWN if re.search(rf"\b{each.title}\b", words)}
    if named and dialect not in named:
        return False
    if not re.search(r"\d", words):
        return bool(named)
    numbers = re.findall(r"\d+(?:\.\d+)*", words)
    if "and later" in words and numbers:
        return versions.contains(f">={numbers[0]}", version)
    if "before" in words and numbers:
        return versions.contains(f"<{numbers[0]}", version)
    if " to " in words and len(numbers) == 2:
        return versions.contains(f">={numbers[0]},<={numbers[1]}", version)
    return False


def _search_path(step: Step, trace: Trace) -> str:
    """The statement that says where the file finds its names, for stages that are files of their own.

    One that runs outside a transaction stays alone: its table has the schema.
    """
    value = step.settings.get("search_path")
    if not value or value == registry.known(trace.migration.dialect).default_schema or trace.sent_by is not None:
        return ""
    found = ""
    for each in trace.steps:
        if each is step:
            break
        if each.operation.kind == "set" and each.operation.new_name == "search_path" and each.operation.value:
            found = trace.text[each.statement.span.start : each.statement.span.end]
    return f"{found};\n" if found else ""


def _asked(words: list[str], step: Step, beside: Sequence[Step]) -> bool:
    """Whether the facts that a stage asks for (`nullable=false`) hold; an unknown fact doesn't.

    `alone` is whether the column of an inline constraint can be added by itself at once, `fails` when the server
    refuses what is asked.
    """
    asked = [(key, value) for key, _, value in (word.partition("=") for word in words) if value]
    facts = {**step.facts, "fails": step.effect.fails.when if step.effect.fails else None}
    if any(key == "alone" for key, _ in asked):
        facts["alone"] = _alone(step, beside)
    return all(str(facts.get(key)).lower() == value for key, value in asked)


def _alone(step: Step, beside: Sequence[Step]) -> bool:
    return not any(
        each.effect.rewrite or each.effect.scan or each.effect.fails
        for each in beside
        if each.operation.kind == "add-column" and each.operation.column == step.operation.column
    )


def _requoted(value: str, quote: str) -> str:
    """A proposed name in the dialect's own quotes; what the source has is left alone."""
    found = re.fullmatch(r'"([^"`]+)"', value)
    return f"{quote}{found[1]}{quote}" if found else value


def _parses(sql: str, dialect: str) -> bool:
    if registry.is_neutral(dialect):
        return False  # what is safer was measured on other databases
    return not registry.is_read(dialect) or loaded.front(dialect).accepts(sql)


def _title(outside: bool, batched: bool) -> str:
    if batched:
        return "Run until it changes no row, each time in a transaction of its own"
    return "Run in a file of its own, outside a transaction" if outside else "Run in a migration of its own"


def _line(text: str) -> str:
    return " ".join(text.split())


def _short(value: str) -> str:
    line = _line(value)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
