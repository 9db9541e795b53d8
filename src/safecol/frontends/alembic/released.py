"""A call of an operation comes in; what this version of Alembic makes of its options goes out.

Before a version has an option, an operation either takes it without a word, as it takes those of any dialect, or raises
a TypeError. Which of them was measured with 1.7.7, 1.13.3 and 1.20.1; the versions are those of the documentation.
"""

from safecol.frontends.alembic.names import Refused, Target
from safecol.frontends.python.values import Made

_IGNORED = {
    ("create_index", "if_not_exists"): (1, 12),
    ("drop_index", "if_exists"): (1, 12),
    ("create_table", "if_not_exists"): (1, 13, 3),
    ("drop_table", "if_exists"): (1, 13, 3),
    ("drop_column", "if_exists"): (1, 16),
}
_REFUSED = {("add_column", "if_not_exists"): (1, 16), ("drop_constraint", "if_exists"): (1, 16)}


def call(to: Target, name: str, made: Made) -> Made:
    """The call without the options that this version passes over. Errors: Refused."""
    for (operation, option), since in _REFUSED.items():
        if operation == name and option in made.keywords and to.alembic < since:
            raise Refused(
                f"`{name}` has no `{option}` before Alembic {_shown(since)}, and this project has {_shown(to.alembic)}",
                f"Leave `{option}` out, or bring Alembic up to date",
            )
    gone = {option for (operation, option), since in _IGNORED.items() if operation == name and to.alembic < since}
    if not gone & made.keywords.keys():
        return made
    return made._replace(keywords={key: value for key, value in made.keywords.items() if key not in gone})


def _shown(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version if part != _ANY)


_ANY = 9999
"""Stands for the last part of a version of which only the one after it is known."""
