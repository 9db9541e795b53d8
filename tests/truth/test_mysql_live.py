"""The pages' examples run on a real MariaDB or MySQL, where there is one, and bear out what safecol says of them."""

from collections.abc import Iterator

import pytest

import mysql_oracle as oracle

from . import mysql_measure, mysql_pages, mysql_servers

pytestmark = pytest.mark.truth
PRESENT = [dialect for dialect in mysql_servers.DIALECTS if not mysql_servers.missing(dialect)]
CASES = [
    (dialect, case) for dialect in PRESENT for case in mysql_pages.cases(dialect) if case.key not in mysql_pages.KNOWN
]
if not PRESENT:
    pytest.skip(mysql_servers.missing("mariadb"), allow_module_level=True)


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, mysql_measure.Server]]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield {
            dialect: mysql_measure.Server(stack.enter_context(mysql_servers.running(dialect)), dialect)
            for dialect in PRESENT
        }


@pytest.mark.parametrize(("dialect", "case"), CASES, ids=[f"{dialect}: {case.key}" for dialect, case in CASES])
def test_block_does_what_is_said_of_it(
    servers: dict[str, mysql_measure.Server], dialect: str, case: mysql_pages.Case
) -> None:
    server = servers[dialect]
    version = mysql_servers.version(server.connection)
    said = mysql_pages.told(dialect, version, case)
    done = mysql_measure.block(server, case)["codes"]
    wrong = [(one, other) for one, other in zip(said, done, strict=True) if not oracle.agree(one, oracle.plain(other))]
    assert wrong == []
