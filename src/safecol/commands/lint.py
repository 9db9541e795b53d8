"""The verb lint: arguments come in, reports are written, an exit code goes out."""

import os
from argparse import Namespace
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from safecol import __version__, output
from safecol.commands import arguments as given
from safecol.commands import files
from safecol.errors import UserError
from safecol.finding import SEVERITIES, FileUse, Result
from safecol.reports import FORMATS, WITHOUT_STAGES, Options, RulePage, render
from safecol.request import LintRequest, selection
from safecol.settings import PathSettings, Settings

if TYPE_CHECKING:
    from safecol.catalog import Catalog


def run(arguments: Namespace) -> int:
    """Lint the paths; 0, or 1 when a finding is at or above --fail-on. Errors: UserError."""
    reports = [("--output-format", arguments.output_format, arguments.output_file or "-")]
    reports += [(f"--report {one}", *one.partition("=")[::2]) for one in arguments.report]
    for flag, name, path in reports:
        _check_format(flag, name, path)
    settings = given.settings(arguments)
    if arguments.show_settings:
        output.emit(given.shown(settings, next(iter(arguments.paths), ".")), arguments.output_file)
        return 0

    load = cache(lambda: _catalog(settings.root.rule_paths))
    root = settings.root
    if root.select or root.extend_select or root.ignore or root.severity:
        _selected(load(), settings, "")  # an unknown rule name must fail, whatever there is to check
    result = _lint(arguments, settings, load)
    if arguments.add_ignore is not None:
        from safecol.commands import ignore

        output.emit(ignore.add(result, " ".join(arguments.add_ignore.split()), os.getcwd()), arguments.output_file)
        return 0
    for _, name, path in reports:
        to_terminal = path == "-"
        options = Options(
            width=output.width() if to_terminal else 80,
            color=to_terminal and output.use_color(arguments.color),
            version=__version__,
            root=os.getcwd(),
            quiet=arguments.quiet,
            verbose=arguments.verbose,
            statistics=arguments.statistics,
            show_files=arguments.show_files,
            page=lambda rule: _page(load(), rule),
        )
        output.emit(render(name, result, dict(result.texts), options), path)
    unread = arguments.fail_on_unanalyzed and bool(result.unanalyzed)
    return 0 if arguments.exit_zero or not (unread or failing(result, root)) else 1


def failing(result: Result, settings: PathSettings) -> bool:
    """Whether a finding is at or above the severity that fails a run."""
    if settings.fail_on == "never":
        return False
    bad = SEVERITIES[: SEVERITIES.index(settings.fail_on) + 1]
    return any(finding.severity in bad for finding in result.findings)


def _lint(arguments: Namespace, settings: Settings, load: Callable[[], "Catalog"]) -> Result:
    paths = list(arguments.paths)
    if arguments.files_from:
        paths += given.listed_paths(arguments.files_from)
        if not paths:
            return Result((), (), 0, 0, 0, notes=("--files-from names no files",))
    paths, contents = files.with_stdin(paths or ["."], arguments.stdin_filename)
    change = None
    real: dict[str, str] = {}
    if arguments.base or arguments.staged:
        from safecol import change_set

        change = change_set.changed(paths, base=arguments.base, staged=arguments.staged)
        gone = files.only_staged(paths, change.contents, settings)
        paths += gone
        contents |= {given.located(path): gone[path] for path in gone}
    passed = files.find(paths, contents, settings)
    found = passed.files
    if change is not None:
        real = {file.path: os.path.realpath(file.path) for file in found}
        contents |= {given.located(path): change.contents[at] for path, at in real.items() if at in change.contents}
        found = tuple(file._replace(target=file.target and real[file.path] in change.files) for file in found)
    if arguments.start_after:
        found = files.start_after(found, arguments.start_after)
    uses = [FileUse(one.path, "target" if one.target else "context", one.runner, one.dialect) for one in found]
    uses += [FileUse(path, "skipped", note=reason) for path, reason in passed.skipped]
    notes = files.notes(passed.skipped)
    if not any(file.target for file in found):  # a hook on other files, a change without migrations
        return Result((), (), 0, 0, 0, notes=notes, files=tuple(uses))

    from safecol import analysis

    catalog = load()
    chosen: dict[int, frozenset[str]] = {}

    def selected(path: str) -> frozenset[str]:
        key = id(settings.for_path(path))  # most files share one object, which the settings keep
        if key not in chosen:
            chosen[key] = _selected(catalog, settings, path)
        return chosen[key]

    result: Result = analysis.lint(
        LintRequest(
            files=found,
            settings=settings,
            catalog=catalog,
            schema=given.read_schema(settings),
            change_set="all"
            if change is not None
            else "each"
            if any(os.path.isdir(path) for path in paths)
            else "named",
            contents=contents,
            selected=selected,
            jobs=arguments.jobs,
            cache=_cache(arguments),
            sources=not arguments.statistics and arguments.add_ignore is None and _shows_stages(arguments),
            marks=arguments.add_ignore is not None,
            edited=frozenset(file.path for file in found if change is not None and real[file.path] in change.edited),
        )
    )
    return result._replace(notes=(*result.notes, *notes), files=tuple(uses))


def _shows_stages(arguments: Namespace) -> bool:
    """Whether a format is asked for that shows stages."""
    names = {arguments.output_format, *(one.partition("=")[0] for one in arguments.report)}
    return not names <= WITHOUT_STAGES


def _cache(arguments: Namespace) -> str | None:
    """The folder of what was read before, "" for the usual one; None to do without.

    No setting chooses it: settings come with the repository, and what lies there is not to be trusted.
    """
    return None if arguments.no_cache else arguments.cache_dir or os.environ.get("SAFECOL_CACHE_DIR", "")


def _selected(catalog: "Catalog", settings: Settings, path: str) -> frozenset[str]:
    try:
        return selection(catalog, settings.for_path(path))
    except UserError as error:
        name = error.message.partition(":")[0]
        origin = next((row.origin for row in settings.shown(path) if row.name == name), "")
        where = "--" if origin == "command line" else f"{origin}: " if origin else ""
        raise UserError(where + error.message, error.hint) from None


def _catalog(rule_paths: tuple[str, ...]) -> "Catalog":
    from safecol import catalog

    return catalog.load(rule_paths)


def _check_format(flag: str, name: str, path: str) -> None:
    if not path:
        raise UserError(f"{flag}: no path is given", "write --report FORMAT=PATH")
    if name in FORMATS:
        return
    from difflib import get_close_matches

    near = get_close_matches(name, FORMATS, 1)
    listed = ", ".join(FORMATS)
    raise UserError(f"{flag}: unknown format {name}", f"did you mean {near[0]}?" if near else f"one of {listed}")


def _page(catalog: "Catalog", name: str) -> RulePage | None:
    rule = catalog.rule(name)
    if rule is None:
        return None
    from safecol import pages
    from safecol.catalog import page_text

    text = page_text(rule)
    prose = next((part.text for part in pages.parts(text) if part.kind == "text" and not part.section), "")
    summary = " ".join(prose.split()) or rule.title
    return RulePage(rule.name, rule.title, summary, text, "", rule.category, rule.severity)
