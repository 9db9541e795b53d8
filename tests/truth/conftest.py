"""What the tests on real servers share: each PostgreSQL that is here, running."""

from typing import Any

import pytest

from . import servers

PRESENT = [major for major in servers.MAJORS if not servers.missing(major)]


@pytest.fixture(scope="module", params=PRESENT, ids=lambda major: f"postgresql-{major}")
def server(request: pytest.FixtureRequest) -> Any:
    """The major version and a database of it."""
    from . import execute

    with servers.running(request.param) as dsn:
        database = execute.Database(dsn)
        try:
            yield request.param, database
        finally:
            database.close()
