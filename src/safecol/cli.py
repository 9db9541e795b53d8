"""The command line: arguments come in, the verb's module runs, an exit code goes out.

0: nothing at or above --fail-on. 1: findings. 2: the work could not be done.
"""

import os
import sys
from argparse import SUPPRESS, ArgumentParser, ArgumentTypeError, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import NoReturn

from safecol import __version__, output
from safecol.dialects.registry import NAMES as DIALECTS
from safecol.errors import UserError

SUMMARY = """\
safecol: what a database migration does to a live database, told before it runs.

Usage: safecol <verb> [options]

  lint [PATH...]           find what blocks, breaks or loses data, with the safe way
  effects [PATH...]        what each statement locks, rewrites and scans
  explain RULE             a rule's page: what happens, and what to do instead
  rules [check [PATH...]]  list the rules; check your own rule pages

  safecol <verb> --help    the options of a verb
  safecol --version        the version
"""

VERBS = ("lint", "effects", "explain", "rules")


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        hint = f"{self.prog} --help lists the options"
        given = message.removeprefix("unrecognized arguments: ").split(" ")[0]
        if given != message and given.startswith("-") and os.path.exists(given):
            hint = f"a file whose name starts with a hyphen is named ./{given}"
        raise UserError(message, hint)


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code."""
    given = list(arguments)
    try:
        code = _dispatch(given)
        sys.stdout.flush()
    except UserError as error:
        return _failed(error)
    except BrokenPipeError:  # the reader is gone: `safecol … | head`
        _forget_output()
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("safecol: interrupted\n")
        return 2
    except OSError as error:
        _forget_output()
        return _failed(UserError(f"{error.filename or 'standard output'}: {error.strerror or error}"))
    except Exception as error:  # noqa: BLE001 - a bug must not look like findings or like success
        return _bug(error)
    return code


def _forget_output() -> None:
    """Leave nothing to flush at exit: it would fail again."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):  # an output that is no file
        return


def _dispatch(given: list[str]) -> int:
    verb = given[0] if given else ""
    if verb in ("--version", "-V", "version"):
        sys.stdout.write(f"safecol {__version__}\n")
        return 0
    if verb in ("", "--help", "-h", "help"):
        if verb == "help" and len(given) > 1 and given[1] in VERBS:
            return _dispatch([given[1], "--help"])
        sys.stdout.write(SUMMARY)
        return 0 if verb else 2
    if verb not in VERBS:
        from difflib import get_close_matches

        near = get_close_matches(verb, VERBS, 1)
        hint = f"did you mean safecol {near[0]}?" if near else "safecol --help lists the verbs"
        if not near and (os.path.exists(verb) or verb.startswith("-")):
            hint = f"did you mean safecol lint {verb}?"
        raise UserError(f"unknown verb {verb}", hint)
    try:
        made = parser(verb)
        # Options may stand between paths; the parser for that doesn't know `--`.
        words = ["--add-ignore=" if word == "--add-ignore" else word for word in given[1:]]  # no path is its reason
        parsed = (made.parse_args if "--" in given else made.parse_intermixed_args)(words)
    except SystemExit as stop:  # --help
        return int(stop.code or 0)
    return _command(verb, parsed)


def _command(verb: str, parsed: Namespace) -> int:
    if verb == "lint":
        from safecol.commands import lint

        return lint.run(parsed)
    if verb == "effects":
        from safecol.commands import effects

        return effects.run(parsed)
    if verb == "explain":
        from safecol.commands import explain

        return explain.run(parsed)
    from safecol.commands import rules

    return rules.run(parsed)


def _failed(error: UserError) -> int:
    hint = f"\n  hint: {error.hint}" if error.hint else ""
    output.say(f"safecol: error: {error.message}{hint}\n")
    return 2


def _bug(error: Exception) -> int:
    import traceback

    output.say("".join(traceback.format_exception(error)))
    output.say(f"safecol: error: this is a bug in safecol {__version__}; please report it with the lines above\n")
    return 2


def parser(verb: str) -> ArgumentParser:
    """The argument parser of one verb; the others are not built."""
    builders = {"lint": _lint, "effects": _effects, "explain": _explain, "rules": _rules}
    return builders[verb]()


def _parser(verb: str, usage: str, description: str, epilog: str = "") -> _Parser:
    return _Parser(
        prog=f"safecol {verb}",
        usage=f"safecol {verb} {usage}",
        description=description,
        epilog=epilog or None,
        formatter_class=lambda prog: RawDescriptionHelpFormatter(prog, max_help_position=28, width=90),
        allow_abbrev=False,
    )


def _lint() -> ArgumentParser:
    made = _parser(
        "lint",
        "[PATH...] [options]",
        "Find what a migration does to a live database: what blocks, breaks or loses data.\n"
        "Named files are checked; the migrations before them are found and read as context.",
        "exit code: 0 nothing at or above --fail-on, 1 findings, 2 the work could not be done",
    )
    made.add_argument("paths", nargs="*", metavar="PATH", help="files or folders (default: .); - reads standard input")
    what = made.add_argument_group("what to check")
    which = what.add_mutually_exclusive_group()
    which.add_argument("--base", metavar="REF", help="only migrations added or edited since the merge base with REF")
    which.add_argument("--staged", action="store_true", help="only migrations in the git index, as they stand there")
    what.add_argument("--start-after", metavar="ID", help="only migrations that come after this one")
    what.add_argument("--files-from", metavar="FILE", help="read paths from FILE, one a line; - for standard input")
    what.add_argument("--stdin-filename", metavar="PATH", help="the name to give standard input")
    _exclude(what)
    what.add_argument("-j", "--jobs", metavar="N", type=_jobs, help="processes to read many files with")
    what.add_argument("--no-cache", action="store_true", help="read every file, also those that were read before")
    what.add_argument("--cache-dir", metavar="FOLDER", help="where to keep what was read (default: the user's caches)")
    rules = made.add_argument_group("rules: names, categories, aliases or ALL, separated by commas")
    rules.add_argument("--select", metavar="RULES", action="append", help="run these rules instead of the default ones")
    rules.add_argument("--extend-select", metavar="RULES", action="append", help="run these rules too")
    rules.add_argument("--ignore", metavar="RULES", action="append", help="do not run these rules")
    rules.add_argument(
        "--fail-on",
        choices=("error", "warning", "note", "never"),
        help="the weakest severity that makes the exit code 1 (default: error)",
    )
    rules.add_argument(
        "--fail-on-unanalyzed", action="store_true", help="exit with 1 when a statement was not understood"
    )
    rules.add_argument("--exit-zero", action="store_true", help="exit with 0 even when there are findings")
    _database(made)
    output = made.add_argument_group("output")
    output.add_argument(
        "--output-format",
        metavar="FORMAT",
        default="full",
        help="full, concise, json, sarif or github (default: full)",
    )
    output.add_argument("-o", "--output-file", metavar="FILE", help="write to FILE instead of standard output")
    output.add_argument(
        "--report", metavar="FORMAT=PATH", action="append", default=[], help="write a report beside; repeatable"
    )
    output.add_argument(
        "--add-ignore", metavar="REASON", help="write comments that ignore what was found; =REASON may be left out"
    )
    output.add_argument("--statistics", action="store_true", help="count findings by rule instead of showing them")
    output.add_argument("--show-files", action="store_true", help="list the files that were read, and as what")
    _shared(made, output)
    return made


def _jobs(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text} is not a number of processes")
    return int(text)


def _effects() -> ArgumentParser:
    made = _parser(
        "effects",
        "[PATH... | --sql TEXT] [options]",
        "What each statement does: locks by table, who waits, rewrites, scans, transaction,\n"
        "and which lock is held from where to where. EXPLAIN for migrations.",
    )
    made.add_argument("paths", nargs="*", metavar="PATH", help="files or folders; - reads standard input")
    made.add_argument("--sql", metavar="TEXT", help="explain this SQL instead of files")
    made.add_argument("--stdin-filename", metavar="PATH", help=SUPPRESS)
    _database(made)
    output = made.add_argument_group("output")
    output.add_argument(
        "--output-format", choices=("text", "json"), default="text", help="text or json (default: text)"
    )
    output.add_argument("-o", "--output-file", metavar="FILE", help="write to FILE instead of standard output")
    _exclude(made)
    _shared(made, output)
    return made


def _explain() -> ArgumentParser:
    made = _parser("explain", "RULE", "Show a rule's page: what happens, who notices, and the safe way to do it.")
    made.add_argument("rule", metavar="RULE", help="a rule's name or alias")
    made.add_argument("--dialect", choices=DIALECTS, metavar="NAME", help="the page for this database")
    made.add_argument("--output-format", choices=("text", "markdown", "json"), default="text", help="default: text")
    _shared(made, made.add_argument_group("output"))
    return made


def _rules() -> ArgumentParser:
    made = _parser(
        "rules",
        "[check [PATH...]] [options]",
        "List the rules (-v: with their names in other linters), or run the examples on rule\n"
        "pages: those under PATH, or of rule-paths.",
    )
    made.add_argument("action", nargs="?", choices=("check",), help="run the examples of rule pages")
    made.add_argument("paths", nargs="*", metavar="PATH", help="rule pages, or folders of them")
    made.add_argument("--dialect", choices=DIALECTS, metavar="NAME", help="only the rules of this database")
    made.add_argument("--output-format", choices=("text", "json"), default="text", help="default: text")
    _shared(made, made.add_argument_group("output"))
    return made


def _database(made: ArgumentParser) -> None:
    database = made.add_argument_group("database: guessed from the files, and said so, unless given")
    database.add_argument("--dialect", choices=DIALECTS, metavar="NAME", help=", ".join(DIALECTS))
    database.add_argument("--server-version", metavar="VERSION", help="the oldest server version in use, such as 14")
    database.add_argument("--runner", metavar="NAME", help="the tool that runs the migrations: dbmate, alembic, ...")
    database.add_argument("--schema", metavar="FILE", help="a schema dump to start from")


def _exclude(group: object) -> None:
    add = getattr(group, "add_argument")  # noqa: B009 - groups and parsers share no public type
    add("--exclude", metavar="PATTERN", action="append", help="leave these paths alone, instead of the settings' own")
    add("--extend-exclude", metavar="PATTERN", action="append", help="leave these paths alone too")
    add("--force-exclude", action="store_true", help="leave excluded and foreign files alone even when they are named")


def _shared(made: ArgumentParser, output: object) -> None:
    add = getattr(output, "add_argument")  # noqa: B009
    add("--color", choices=("auto", "always", "never"), default="auto", help="auto, always or never (default: auto)")
    add("-q", "--quiet", action="store_true", help="no summary")
    add("-v", "--verbose", action="store_true", help="say more: what was not analysed and why")
    settings = made.add_argument_group("settings: safecol.toml, .safecol.toml or [tool.safecol] in pyproject.toml")
    settings.add_argument(
        "--config", metavar="FILE|KEY=VALUE", action="append", default=[], help="a settings file, or one setting"
    )
    settings.add_argument("--isolated", action="store_true", help="read no settings files")
    if made.prog.endswith(("lint", "effects")):
        settings.add_argument("--show-settings", action="store_true", help="print each setting and where it came from")
