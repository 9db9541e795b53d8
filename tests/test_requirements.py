"""The version of a package that a project's files name, or the highest that they allow."""

import pytest

from safecol.runners.requirements import version


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SQLAlchemy==1.4.54\n", (1, 4, 54)),
        ("sqlalchemy[asyncio]==2.0.36 ; python_version > '3'\n", (2, 0, 36)),
        ('    "SQLAlchemy>=1.4,<2.1",\n', (2, 0, 9999)),
        ('sqlalchemy = "^1.4.2"\n', (1, 9999)),
        ('sqlalchemy = { version = "~2.0.1" }\n', (2, 0, 9999)),
        ("sqlalchemy~=2.0\n", (2, 9999)),
        ("sqlalchemy<2\n", (1, 9999)),
        ('sqlalchemy = "1.4.2"\n', (1, 4, 2)),
        ("sqlalchemy>=2.0\n", ()),
        ("sqlalchemy\nalembic==1.7\n", ()),
        ("sqlalchemy-utils==0.41\nflask-sqlalchemy==3.1\n", ()),
        ("# sqlalchemy==1.4\n", ()),
        ('[[package]]\nname = "sqlalchemy"\nversion = "2.0.36"\n\nsqlalchemy==1.4\n', (2, 0, 36)),
        ('{"default": {"sqlalchemy": {"hashes": [], "version": "==1.4.51"}}}', (1, 4, 51)),
    ],
)
def test_the_version_is_found_in_files_of_all_kinds(text: str, expected: tuple[int, ...]) -> None:
    assert version(text, "sqlalchemy") == expected
