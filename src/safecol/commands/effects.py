"""The verb effects: arguments come in, what each statement does is written, an exit code goes out."""

import os
from argparse import Namespace

from safecol import __version__, output
from safecol.commands import arguments as given
from safecol.commands import files
from safecol.effect import StatementEffect
from safecol.errors import UserError
from safecol.reports import Options, effects
from safecol.request import EffectsRequest
from safecol.settings import Settings

SQL_NAME = "<sql>"


def run(arguments: Namespace) -> int:
    """Print the effects of files or of --sql; 0, or 2 when nothing was understood of one. Errors: UserError."""
    settings = given.settings(arguments)
    if arguments.show_settings:
        output.emit(given.shown(settings, next(iter(arguments.paths), ".")), arguments.output_file)
        return 0
    if arguments.sql is None and not arguments.paths:
        raise UserError("effects needs a path or --sql", "safecol effects db/migrations/0042_x.sql")
    if arguments.sql is not None and arguments.paths:
        raise UserError("--sql and paths exclude each other", "give one of them")

    from safecol import analysis, catalog

    rules = catalog.load()
    statements = analysis.effects(_request(arguments, settings), rules)
    options = Options(
        width=output.width(),
        color=arguments.output_file is None and output.use_color(arguments.color),
        version=__version__,
        root=os.getcwd(),
        quiet=arguments.quiet,
        verbose=arguments.verbose,
        lock_words=rules.lock_words,
    )
    show = effects.as_json if arguments.output_format == "json" else effects.as_text
    output.emit(show(statements, options), arguments.output_file)
    unread = _unread(statements)
    if unread:
        output.say(f"safecol: error: nothing was analysed of {', '.join(unread)}\n")
        return 2
    return 0


def _unread(statements: tuple[StatementEffect, ...]) -> list[str]:
    """The files of which nothing was understood: not one statement."""
    understood: dict[str, bool] = {}
    for one in statements:
        # A block is something of its own: what counts is whether any statement in it was understood.
        anything = not one.reason or any(kind != "do-block" for kind in one.operations)
        understood[one.path] = understood.get(one.path, False) or anything
    return [path for path, known in understood.items() if not known]


def _request(arguments: Namespace, settings: Settings) -> EffectsRequest:
    if arguments.sql is not None:
        contents = {given.located(SQL_NAME): arguments.sql}
        *_, made = files.unsaved(SQL_NAME, contents, settings)
        return EffectsRequest((made._replace(path=SQL_NAME),), settings, given.read_schema(settings), contents)
    paths, contents = files.with_stdin(arguments.paths, arguments.stdin_filename)
    found = files.find(paths, contents, settings)
    for note in files.notes(found.skipped):
        output.say(f"safecol: {note}\n")
    return EffectsRequest(found.files, settings, given.read_schema(settings), contents)
