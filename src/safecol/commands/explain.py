"""The verb explain: a rule's name comes in, its page is printed."""

import re
from argparse import Namespace

from safecol import catalog, output
from safecol.dialects import registry
from safecol.errors import UserError


def run(arguments: Namespace) -> int:
    """Print a rule's page; 0. Errors: UserError naming the nearest rule."""
    from safecol.commands import arguments as given

    rules = catalog.load(given.settings(arguments).root.rule_paths)
    rule = rules.rule(arguments.rule, arguments.dialect or "any")
    if rule is None:
        raise UserError(f"Unknown rule `{arguments.rule}`", rules.nearest(arguments.rule))
    page = catalog.page_text(rule)
    if arguments.output_format == "json":
        import json

        from safecol.commands.rules import as_json

        output.emit(json.dumps({**as_json(rule), "page": page}, ensure_ascii=False, indent=2) + "\n")
        return 0
    if arguments.output_format == "text":
        others = [each.dialect for each in rules.names[rule.name] if each is not rule]
        named = [registry.known(name).title for name in others if name != "any"]
        also = f"\nThere are pages of it for {', '.join(named)} too: see --dialect" if named else ""
        also += f"\nAlso known as: {', '.join(rule.aliases)}" if rule.aliases else ""
        page = _without_head(page, f"{rule.name}: {rule.severity}, {rule.category}, {rule.dialect}{also}")
        page = re.sub(r"(?m)^(```\w+) .*$", r"\1", page)  # the words behind the language are for the program
    output.emit(page)
    return 0


def _without_head(page: str, summary: str) -> str:
    """The page with one line in the place of its head, which is for the program."""
    start = page.find("```toml")
    end = page.find("\n```", start)
    if start < 0 or end < 0:
        return page
    return page[:start] + summary + page[end + len("\n```") :]
