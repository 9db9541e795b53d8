"""Findings with the names that masking made come in; they go out with the placeholders that stand in the file."""

from safecol.dialects import loaded
from safecol.finding import Finding
from safecol.ran import Ran


def unmasked(ran: Ran, found: list[Finding]) -> list[Finding]:
    """The findings with placeholders as they stand in the file, where masking made names of them."""
    if not found or not (ran.read.placeholders or "{{" in ran.read.text):
        return found
    front = loaded.front(ran.read.file.dialect)
    names = front.originals(ran.read.text, ran.read.placeholders)

    def shown(text: str) -> str:
        for masked, original in names.items():
            text = text.replace(masked, original)
        return text

    return [
        finding._replace(
            message=shown(finding.message),
            consequence=tuple(map(shown, finding.consequence)),
            table=shown(finding.table) if finding.table is not None else None,
            stages=tuple(stage._replace(sql=shown(stage.sql), title=shown(stage.title)) for stage in finding.stages),
        )
        for finding in found
    ]
