"""What a file is, from its name and its head: a dump, a Python migration, or one that its runner passes over."""

import os
import re

from safecol.patterns import lazy
from safecol.runners.surroundings import Surroundings
from safecol.runners.table import marker_of

HEAD = 16_384
"""How many characters of a file are looked at."""

_DUMP_NAME = lazy(r"(?:.*[_.-])?(?:structure|schema|dump|backup)(?:[_.-].*)?\.sql", re.IGNORECASE)
# Compiled where they are needed: most runs meet no such file.
_DUMP_HEAD = (
    r"(?m)^-- (?:PostgreSQL database (?:cluster )?dump|(?:MySQL|MariaDB) dump)|^/\*M?!999999"
    r"|^SET statement_timeout = 0;$|^-- Dbmate schema migrations|\bsqlite_sequence\(name,seq\)"
    r"|\A\s*CREATE TABLE IF NOT EXISTS \"schema_migrations\""
)
_PYTHON = r"(?m)^(?P<alembic>down_revision\s*[:=])|^\s*class Migration\("
_OTHER_PURPOSE = r"(?i)seed|schema|dump|structure|readme|template|example|test|fixture|query"
_NUMBERED = lazy(r"[VUB]?\d")


def is_python_migration(full: str, around: Surroundings) -> bool:
    """Whether a Python file below a folder is a migration of Alembic or Django: by its folder first, that is cheap."""
    folder = os.path.dirname(full)
    return ("migrations" in folder or "versions" in folder) and holds_python_migration(full, around)


def holds_python_migration(full: str, around: Surroundings) -> bool:
    """Whether the text of a Python file is a migration of Alembic or Django."""
    return python_kind(full, around) != ""


def python_kind(full: str, around: Surroundings) -> str:
    """`alembic` or `django` for a Python file that is a migration of either; "" for every other."""
    found = re.search(_PYTHON, around.text(full))  # what a migration defines before its class may be long
    return "" if found is None else "alembic" if found["alembic"] else "django"


def is_dump(full: str, around: Surroundings) -> bool:
    """Whether a file is a dump of a schema: a source of schema, never of findings."""
    name = os.path.basename(full)
    if name == "structure.sql":
        return True
    if _DUMP_NAME.fullmatch(name) is None or _NUMBERED.match(name):
        return False
    return re.search(_DUMP_HEAD, around.text(full, HEAD)) is not None


def looks_like_one(full: str, around: Surroundings) -> bool:
    """Whether a file beside migrations was meant as one: it changes a schema and isn't a seed, query or dump."""
    name = os.path.basename(full)
    if name.startswith(("_", ".")) or re.search(_OTHER_PURPOSE, name):
        return False
    text = around.text(full, HEAD)
    return marker_of(text) != "sqlx" and re.search(r"(?i)\b(?:create|alter|drop)\s+\w+", text) is not None
