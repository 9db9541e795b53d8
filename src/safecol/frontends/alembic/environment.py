"""The files around version files come in (`alembic.ini`, `env.py`); dialect, transaction and timeouts go out."""

import re
from functools import cache

from safecol.patterns import lazy
from safecol.records import NamedTuple

# Where it is told that DDL is not transactional, Alembic begins a transaction for each migration all the same.
_PER_MIGRATION = lazy(r"transaction_per_migration[\"']?\s*[=:]\s*True|transactional_ddl[\"']?\s*[=:]\s*False")
_TRANSACTIONAL = lazy(r"transactional_ddl[\"']?\s*[=:]\s*True")
_AUTOCOMMIT = lazy(r"isolation_level[\"']?\s*[=:]\s*[\"']AUTOCOMMIT[\"']")
_TIMEOUT = lazy(
    r"(?i)\bSET\s+(?:SESSION\s+)?(?P<name>lock_timeout|statement_timeout)\s*(?:=|\bTO\b)\s*'?(?P<value>\d+\s*[a-z]*)'?"
    r"|-c\s*(?P<option>lock_timeout|statement_timeout)=(?P<set>\d+[a-z]*)"
)
_COMMENT = lazy(r"^\s*#.*$", re.MULTILINE)


_CONFIGURED = lazy(r"\bcontext\.configure\(\s*(?:\w*conn\w*\s*,|[^)]*?\bconnection\s*=)", re.DOTALL)
_BEGUN = lazy(
    r"\bwith\s+\w[\w.]*\.begin\(\)\s+as\s+\w*conn|\bconn\w*\.begin\(\)|\bconn\w*\.(?:execute|exec_driver_sql|scalar)\("
)
_ENDED = lazy(r"\bconn\w*\.(?:commit|rollback|close)\(\)")
_CONNECTED = lazy(r"\bwith\s+[^\n]*\.connect\([^\n]*\)\s+as\b")


class Environment(NamedTuple):
    """How Alembic sends what is in no autocommit block, and settings of the session as (name, value).

    `open` is whether the connection is in a transaction before Alembic gets it: all that is pending then runs in that
    one, and an autocommit block fails. `transactional` is whether it says that DDL is.
    """

    transaction: str = "shared"
    session: tuple[tuple[str, str], ...] = ()
    open: bool = False
    transactional: bool = False

    def of_dialect(self, dialect: str) -> str:
        """How Alembic sends what is in no autocommit block of a dialect.

        It takes the DDL of PostgreSQL alone for transactional, unless it is told: elsewhere each migration has a
        transaction of its own.
        """
        each = dialect != "postgresql" and not self.transactional and not self.open
        return "wrapped" if each and self.transaction == "shared" else self.transaction


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
    is_open = transaction != "autocommit" and _is_open(code)
    return Environment(
        "shared" if is_open else transaction, tuple(found.items()), is_open, _TRANSACTIONAL.search(code) is not None
    )


def _is_open(code: str) -> bool:
    """Whether something has begun a transaction on the connection that Alembic is given, and not ended it.

    From version 2 on the toolkit begins one with the first statement.
    """
    given = _CONFIGURED.search(code)
    if given is None:
        return False
    begun = [match.start() for match in _BEGUN.finditer(code, 0, given.start())]
    ended = [match.start() for pattern in (_ENDED, _CONNECTED) for match in pattern.finditer(code, 0, given.start())]
    return bool(begun) and max(begun) > max(ended, default=-1)
