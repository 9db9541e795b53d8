"""Defaults that the server refuses with error 1067, by the sql_mode: as measured on MySQL 9.7 and MariaDB 10.11."""

import pytest

from safecol.effect import Effect
from test_mysql_judgement import steps

# (definition, sql_mode or None for the server's own, refused by MySQL, refused by MariaDB)
CASES = [
    ("date NOT NULL DEFAULT '0000-00-00'", None, True, False),
    ("datetime DEFAULT '2020-00-01 00:00:00'", None, True, False),
    ("timestamp NOT NULL DEFAULT 0", None, True, False),
    ("timestamp NULL DEFAULT '0000-00-00 00:00:00'", None, True, False),
    ("date DEFAULT '0000-0-0'", None, True, False),
    ("date NOT NULL DEFAULT '0000-00-00'", "STRICT_TRANS_TABLES", False, False),
    ("date NOT NULL DEFAULT '0000-00-00'", "NO_ZERO_DATE", False, True),
    ("date NOT NULL DEFAULT '0000-00-00'", "", False, False),
    ("date NOT NULL DEFAULT '0000-00-00'", "STRICT_TRANS_TABLES,NO_ZERO_DATE", True, True),
    ("date NOT NULL DEFAULT '2020-00-00'", "STRICT_TRANS_TABLES,NO_ZERO_DATE", False, False),
    ("date NOT NULL DEFAULT '2020-00-00'", "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE", True, True),
    ("date NOT NULL DEFAULT '0000-00-00'", "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE", False, False),
    ("date NOT NULL DEFAULT '0000-00-00'", "TRADITIONAL", True, True),
    ("datetime NOT NULL DEFAULT 'garbage'", None, True, True),
    ("datetime NOT NULL DEFAULT '2020-02-30'", None, True, True),
    ("datetime DEFAULT ''", None, True, True),
    ("date NOT NULL DEFAULT '2020-1-1'", None, False, False),
    ("year NOT NULL DEFAULT '0000'", None, False, False),
    ("time NOT NULL DEFAULT '00:00:00'", None, False, False),
    ("int NOT NULL DEFAULT 'abc'", "", True, True),
    ("int DEFAULT ''", None, True, True),
    ("int DEFAULT '1.5'", None, False, False),
    ("int unsigned DEFAULT -1", None, True, True),
    ("tinyint DEFAULT 300", "", True, True),
    ("bool DEFAULT true", None, False, False),
    ("bool DEFAULT 'true'", None, True, True),
    ("varchar(2) DEFAULT 'abc'", "", True, True),
    ("varchar(2) DEFAULT 'a  '", None, False, True),
    ("char(3) DEFAULT 'äöü'", None, False, False),
    ("decimal(4,1) DEFAULT '1.55'", None, False, False),
    ("enum('x','y') DEFAULT 'X'", None, False, False),
    ("enum('x','y') DEFAULT 'z'", None, True, True),
    ("enum('x','y') DEFAULT 1", None, True, True),
    ("set('x','y') DEFAULT 'x,y'", None, False, False),
    ("int NOT NULL DEFAULT NULL", None, True, True),
    ("int PRIMARY KEY AUTO_INCREMENT DEFAULT 0", None, True, True),
]  # fmt: skip


def effect_of(dialect: str, version: str, setup: str, sql: str) -> Effect:
    return steps(sql, dialect=dialect, version=version, setup=setup)[-1].whole


@pytest.mark.parametrize(("definition", "mode", "by_mysql", "by_mariadb"), CASES)
def test_a_default_is_refused_as_the_server_does(
    definition: str, mode: str | None, by_mysql: bool, by_mariadb: bool
) -> None:
    session = f"SET sql_mode = '{mode}';\n" if mode is not None else ""
    for dialect, version, wanted in (("mysql", "9.7", by_mysql), ("mariadb", "10.11", by_mariadb)):
        made = effect_of(dialect, version, "", f"{session}CREATE TABLE t (a {definition})")
        assert (made.fails is not None) == wanted, (dialect, made.fails)


# A table that a lax mode let through, and what is then done to it: error 1067 on MySQL 9.7 and MariaDB 11.8.
LAX = "SET sql_mode = ''; CREATE TABLE t (a date NOT NULL DEFAULT '0000-00-00', b int); SET sql_mode = DEFAULT"


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ("ALTER TABLE t ADD INDEX (b)", True),
        ("CREATE INDEX i ON t (b)", True),
        ("ALTER TABLE t COMMENT 'x'", True),
        ("ALTER TABLE t DROP COLUMN b", True),
        ("ALTER TABLE t ALTER COLUMN b SET DEFAULT 5", True),
        ("ALTER TABLE t RENAME TO u", False),
        ("TRUNCATE t", False),
        ("ALTER TABLE t MODIFY b bigint, ALTER COLUMN a SET DEFAULT '2020-01-01'", False),
        ("ALTER TABLE t ALTER COLUMN a DROP DEFAULT", False),
    ],
)
def test_a_zero_date_that_is_there_stands_in_the_way_of_other_changes(change: str, refused: bool) -> None:
    assert (effect_of("mysql", "9.7", LAX, change).fails is not None) == refused


def test_a_zero_date_of_an_earlier_migration_shows_what_the_server_takes() -> None:
    before = "CREATE TABLE t (a date NOT NULL DEFAULT '0000-00-00', b int)"
    assert effect_of("mysql", "8.4", before, "CREATE TABLE u (a date NOT NULL DEFAULT '0000-00-00')").fails is None
    assert effect_of("mysql", "8.4", before, "ALTER TABLE t ADD COLUMN c int").fails is None
