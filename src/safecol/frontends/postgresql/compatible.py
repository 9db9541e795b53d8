"""Databases that speak PostgreSQL's language with words of their own: text comes in, statements and comments go out."""

from safecol.frontends.postgresql.front import Reading, accepts, all_comments, originals
from safecol.frontends.postgresql.front import read_section as _read_section
from safecol.operations import Section

__all__ = ["Reading", "accepts", "all_comments", "originals", "read_section"]


def read_section(text: str, section: Section, first: int = 1) -> Reading:
    """The statements of a section of a text; what PostgreSQL would refuse may be right there."""
    found = _read_section(text, section, first)
    statements = tuple(
        one._replace(opaque=one.opaque._replace(syntax=False)) if one.opaque is not None else one
        for one in found.statements
    )
    return found._replace(statements=statements)
