"""Findings with the names that masking made come in; they go out with the placeholders that stand in the file."""

import re

from safecol.dialects import loaded
from safecol.finding import Finding
from safecol.ran import Ran

_LONG = 5  # characters: `{{x}}` as a name is s____, which nobody calls a column


def unmasked(ran: Ran, found: list[Finding]) -> list[Finding]:
    """The findings with placeholders as they stand in the file, where masking made names of them."""
    if not found or not (ran.read.placeholders or "{{" in ran.read.text):
        return found
    front = loaded.front(ran.read.file.dialect)
    names = front.originals(ran.read.text, ran.read.placeholders)
    if not names:
        return found
    # Longest first: one may begin with another. Stages make names that begin with a table's; `:t` became `s_`, which
    # only counts as a whole word, since other names have that in them.
    alternatives = (
        re.escape(masked) + (r"(?![\w$])" if len(masked) < _LONG else "")
        for masked in sorted(names, key=len, reverse=True)
    )
    pattern = re.compile(rf"(?<![\w$])(?:{'|'.join(alternatives)})")

    def shown(text: str) -> str:
        return pattern.sub(lambda match: names[match.group()], text)

    return [
        finding._replace(
            message=shown(finding.message),
            consequence=tuple(map(shown, finding.consequence)),
            table=shown(finding.table) if finding.table is not None else None,
            stages=tuple(stage._replace(sql=shown(stage.sql), title=shown(stage.title)) for stage in finding.stages),
        )
        for finding in found
    ]
