"""The verb lint: arguments come in, reports are written, an exit code goes out."""

import os
from argparse import Namespace
from collections.abc import Iterable
from typing import TYPE_CHECKING

from safecol import __version__, output
from safecol.commands import arguments as given
from safecol.errors import UserError
from safecol.finding import SEVERITIES, Result
from safecol.reports import FORMATS, Options, RulePage, render
from safecol.request import LintRequest, selection
from safecol.settings import PathSettings, Settings

if TYPE_CHECKING:
    from safecol.catalog import Catalog
    from safecol.discover import Discovery, MigrationFile


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

    from safecol import catalog as pages

    catalog = pages.load(settings.root.rule_paths)
    selection(catalog, settings.root)  # an unknown rule name must fail before any work
    result = _lint(arguments, settings, catalog)
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
            page=lambda rule: _page(catalog, rule),
        )
        output.emit(render(name, result, dict(result.texts), options), path)
    return 0 if arguments.exit_zero or not failing(result, settings.root) else 1


def failing(result: Result, settings: PathSettings) -> bool:
    """Whether a finding is at or above the severity that fails a run."""
    if settings.fail_on == "never":
        return False
    bad = SEVERITIES[: SEVERITIES.index(settings.fail_on) + 1]
    return any(finding.severity in bad for finding in result.findings)


def _lint(arguments: Namespace, settings: Settings, catalog: "Catalog") -> Result:
    from safecol import analysis, discover

    paths = list(arguments.paths)
    if arguments.files_from:
        paths += given.listed_paths(arguments.files_from)
        if not paths:
            return Result((), (), 0, 0, 0, notes=("--files-from names no files",))
    paths = paths or ["."]
    contents: dict[str, str] = {}
    if "-" in paths:
        name = arguments.stdin_filename or "stdin.sql"
        contents[given.located(name)] = given.stdin_text()
        paths = [name if path == "-" else path for path in paths]
    root = settings.root
    found = discover.find(
        [path for path in paths if given.located(path) not in contents or os.path.exists(path)],
        runner=root.runner,
        dialect=root.dialect,
        exclude=root.exclude,
        force_exclude=root.force_exclude,
    )
    files = tuple(found.files) + tuple(_typed(path, root) for path in contents if not os.path.exists(path))
    _demand(paths, found, files, root)
    narrowed = bool(arguments.base or arguments.staged)
    if narrowed:
        from safecol import change_set

        change = change_set.changed(paths, base=arguments.base, staged=arguments.staged)
        contents.update(change.contents)
        files = tuple(
            file._replace(target=file.target and os.path.realpath(file.path) in change.files) for file in files
        )
    if arguments.start_after:
        files = start_after(files, arguments.start_after)
    return analysis.lint(
        LintRequest(
            files=files,
            settings=settings,
            catalog=catalog,
            schema=given.read_schema(settings),
            change_set=narrowed or not any(os.path.isdir(path) for path in paths),
            contents=contents,
            selected=lambda path: selection(catalog, settings.for_path(path)),
        )
    )


def _typed(path: str, settings: PathSettings) -> "MigrationFile":
    """Standard input without a file of that name: a migration of its own."""
    from safecol.discover import MigrationFile

    return MigrationFile(path=path, runner=settings.runner or "", dialect=settings.dialect or "", target=True)


def _demand(paths: Iterable[str], found: "Discovery", files: tuple["MigrationFile", ...], settings: PathSettings) -> None:
    """Nothing read must not look like nothing found."""
    for missing in found.missing:
        raise UserError(f"{missing}: no such file or folder", "correct the path")
    if files or settings.force_exclude or (found.skipped and not any(os.path.isdir(path) for path in paths)):
        return
    listed = ", ".join(paths)
    raise UserError(
        f"no migrations found under {listed}",
        "name the files themselves, or the tool that runs them with --runner",
    )


def start_after(files: tuple["MigrationFile", ...], identifier: str) -> tuple["MigrationFile", ...]:
    """The files with those up to the named one as context only. Errors: UserError when no file has that name."""
    histories: dict[str, bool] = {}
    named = {file.history for file in files if _is_named(file.path, identifier)}
    if not named:
        raise UserError(f"--start-after {identifier}: no migration has this name", "give a file name or its version")
    kept = []
    for file in files:
        passed = file.history not in named or histories.get(file.history, False)
        kept.append(file if passed else file._replace(target=False))
        if _is_named(file.path, identifier):
            histories[file.history] = True
    return tuple(kept)


def _is_named(path: str, identifier: str) -> bool:
    name = os.path.basename(path)
    stem = name.partition(".")[0]
    version = stem.lstrip("V").split("_")[0].split("-")[0]
    folder = os.path.basename(os.path.dirname(path))
    return identifier in (path, name, os.path.splitext(name)[0], stem, version, folder)


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
