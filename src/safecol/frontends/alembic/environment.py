"""The files around version files come in (`alembic.ini`, `env.py`); dialect, transaction and timeouts go out."""

import re
from functools import cache

from safecol.patterns import lazy
from safecol.records import NamedTuple

# Where it is told that DDL is not transactional, Alembic begins a transaction for each migration all the same.
_PER_MIGRATION = lazy(r"transaction_per_migration[\"']?\s*[=:]\s*True|transactional_ddl[\"']?\s*[=:]\s*False")
_AUTOCOMMIT = lazy(r"isolation_level[\"']?\s*[=:]\s*[\"']AUTOCOMMIT[\"']")
_TIMEOUT = lazy(
    r"(?i)\bSET\s+(?:SESSION\s+)?(?P<name>lock_timeout|statement_timeout)\s*(?:=|\bTO\b)\s*'?(?P<value>\d+\s*[a-z]*)'?"
    r"|-c\s*(?P<option>lock_timeout|statement_timeout)=(?P<set>\d+[a-z]*)"
)
_COMMENT = lazy(r"^\s*#.*$", re.MULTILINE)


class Environment(NamedTuple):
    """How Alembic sends what is in no autocommit block, and settings of the session as (name, value)."""

    transaction: str = "shared"
    session: tuple[tuple[str, str], ...] = ()


@cache
def environment(path: str) -> Environment:
    """What an env.py sets up; the defaults when there is none."""
    if not path:
        return Environment()
    from safecol.frontends.reading import read_source

    return of_text(read_source(path).text)


def of_text(text: str) -> Environment:
    """What the text of an env.py sets up."""
    code = _COMMENT.sub("", text)
    transaction = "autocommit" if _AUTOCOMMIT.search(code) else "wrapped" if _PER_MIGRATION.search(code) else "shared"
    found = {}
    for match in _TIMEOUT.finditer(code):
        found[(match["name"] or match["option"]).lower()] = (match["value"] or match["set"]).strip()
    return Environment(transaction, tuple(found.items()))
