"""The pages' examples run on real servers, where there are any, and bear out what safecol says of them."""

from typing import Any

import pytest

from . import claims, pages, schema, servers
from .fill import ROWS

pytestmark = pytest.mark.truth
if all(map(servers.missing, servers.MAJORS)):
    pytest.skip(servers.missing(servers.EMBEDDED[0]), allow_module_level=True)


def test_setup_has_rows(server: tuple[int, Any]) -> None:
    _, database = server
    case = next(case for case in pages.cases() if case.key == "postgresql/scanning-foreign-key bad 1")
    with database.at(case) as both:
        assert both.watch.execute("SELECT count(*) FROM orders").fetchone()[0] == ROWS
        assert any(line.startswith("column | orders | ") for line in schema.lines(both.watch))


@pytest.mark.parametrize("case", pages.cases(), ids=lambda case: case.key)
def test_block_does_what_its_page_says(server: tuple[int, Any], case: pages.Case) -> None:
    from . import execute

    major, database = server
    if not pages.is_for(case, major):
        pytest.skip("the block is for a later version")
    recording = execute.record(case, major, database)
    told = pages.told(case, major)
    assert not "\n".join(map(str, claims.refuted(case, told, recording)))
