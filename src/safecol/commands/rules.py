"""The verb rules: the catalog is listed, or the examples of rule pages are run and what doesn't hold is printed."""

from argparse import Namespace
from typing import Any

from safecol import catalog, output
from safecol.commands import arguments as given
from safecol.heads import Rule
from safecol.reports import plural


def run(arguments: Namespace) -> int:
    """List the rules (0), or run the examples of pages (1 when one doesn't hold). Errors: UserError."""
    settings = given.settings(arguments).root
    if arguments.action == "check":
        return _check(arguments, settings.rule_paths)
    loaded = catalog.load(settings.rule_paths)
    rules = loaded.for_dialect(arguments.dialect) if arguments.dialect else loaded.rules
    if arguments.output_format == "json":
        import json

        rows = [as_json(rule) for rule in rules]
        output.emit(json.dumps({"version": 1, "rules": rows}, ensure_ascii=False, indent=2) + "\n")
        return 0
    output.emit(_table(rules, with_aliases=arguments.verbose))
    return 0


def as_json(rule: Rule) -> dict[str, Any]:
    """What the JSON output says about a rule."""
    return {
        "name": rule.name,
        "title": rule.title,
        "dialect": rule.dialect,
        "severity": rule.severity,
        "category": rule.category,
        "message": rule.message,
        "help": rule.help,
        "aliases": list(rule.aliases),
    }


def _table(rules: tuple[Rule, ...], *, with_aliases: bool) -> str:
    rows = [
        (rule.name, rule.severity, rule.category, rule.dialect, ", ".join(rule.aliases) if with_aliases else rule.title)
        for rule in rules
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    return "".join(
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip() + "\n"
        for row in rows
    )


def _check(arguments: Namespace, rule_paths: tuple[str, ...]) -> int:
    """Run the examples of the pages under the paths, else of rule-paths, else of the built-in pages."""
    from safecol import examples

    paths = tuple(arguments.paths) or tuple(rule_paths)
    own = [page for path in paths for page in catalog.users_pages(path)]
    built_in = {catalog.located(page.path) for page in catalog.load().rules}
    # A page of the catalog itself may be named: it is then checked without being loaded twice.
    extra = [page.path for page in own if catalog.located(page.path) not in built_in]
    loaded = catalog.load([*rule_paths, *(path for path in extra if not _below(path, rule_paths))])
    named = {catalog.located(page.path) for page in own}
    chosen = [rule for rule in loaded.rules if not paths or catalog.located(rule.path) in named]
    if arguments.dialect:
        chosen = [rule for rule in chosen if rule.dialect in {arguments.dialect, "any"}]
    failures = [failure for rule in chosen for failure in examples.run_page(rule, loaded)]
    text = "".join(f"{failure}\n" for failure in failures)
    if arguments.output_format == "json":
        import json

        rows = [failure._asdict() for failure in failures]
        text = json.dumps({"version": 1, "pages": len(chosen), "failures": rows}, ensure_ascii=False, indent=2) + "\n"
    elif not arguments.quiet:
        blocks = sum(len(examples.of_page(rule)) for rule in chosen)
        text += f"{plural(len(chosen), 'page')}, {plural(blocks, 'example')}, {plural(len(failures), 'failure')}\n"
    output.emit(text)
    return 1 if failures else 0


def _below(path: str, folders: tuple[str, ...]) -> bool:
    place = catalog.located(path)
    return any(
        place == catalog.located(folder) or place.startswith(catalog.located(folder) + "/") for folder in folders
    )
