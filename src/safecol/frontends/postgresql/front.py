"""PostgreSQL's front end as the registry of dialects asks for it: text comes in, statements and comments go out."""

from collections.abc import Sequence

from safecol.frontends.postgresql.parser import accepts
from safecol.frontends.postgresql.splitting import Reading, all_comments
from safecol.frontends.postgresql.splitting import read_section as _read_section
from safecol.operations import Section
from safecol.trace import Placeholder

__all__ = ["Reading", "accepts", "all_comments", "originals", "read_section"]


def read_section(text: str, section: Section, first: int = 1) -> Reading:
    """The statements of a section of a text, numbered from `first`."""
    return _read_section(text, section, first)


def originals(text: str, placeholders: Sequence[Placeholder]) -> dict[str, str]:
    """What stands in the file for each name that masking made."""
    from safecol.frontends import masked_names
    from safecol.frontends.postgresql import masking

    return masked_names.originals(text, (*placeholders, *masking.everywhere(text)))
