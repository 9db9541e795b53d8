"""ALGORITHM and LOCK that the server takes or refuses, with every pair of them, as measured on live servers."""

import pytest

from test_mysql_judgement import steps

ALGORITHMS = ("DEFAULT", "INSTANT", "NOCOPY", "INPLACE", "COPY")
LOCKS = ("DEFAULT", "NONE", "SHARED", "EXCLUSIVE")
TABLE = (
    "CREATE TABLE t (id INT NOT NULL AUTO_INCREMENT, a INT NOT NULL, b INT NULL, c VARCHAR(50) NULL, PRIMARY KEY (id))"
    " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
)

# For each algorithm in order, whether it is taken (+) with each LOCK in order. NOCOPY is MariaDB's word.
TAKEN = {
    ("mysql", "9.7.4"): {
        "ADD x INT": "++++ +--- ---- ++++ +-++",
        "DROP COLUMN c": "++++ +--- ---- ++++ +-++",
        "MODIFY c VARCHAR(60)": "++++ ---- ---- ++++ +-++",
        "ALTER b SET DEFAULT 5": "++++ +--- ---- ++++ +-++",
        "RENAME COLUMN b TO bb": "++++ +--- ---- ++++ +-++",
        "ADD INDEX i (a)": "++++ ---- ---- ++++ +-++",
        "MODIFY a BIGINT NOT NULL": "+-++ ---- ---- ---- +-++",
        "COMMENT 'x'": "++++ ---- ---- ++++ +-++",
    },
    ("mariadb", "10.11.18"): {
        "ADD x INT": "++++ ++++ ++++ ++++ +-++",
        "DROP COLUMN c": "++++ ++++ ++++ ++++ +-++",
        "MODIFY c VARCHAR(60)": "++++ ++++ ++++ ++++ +-++",
        "ALTER b SET DEFAULT 5": "++++ ++++ ++++ ++++ +-++",
        "RENAME COLUMN b TO bb": "++++ ++++ ++++ ++++ +-++",
        "ADD INDEX i (a)": "++++ ---- ++++ ++++ +-++",
        "MODIFY a BIGINT NOT NULL": "+-++ ---- ---- ---- +-++",
        "COMMENT 'x'": "++++ ++++ ++++ ++++ +-++",
    },
    ("mariadb", "11.8.9"): {
        "ADD x INT": "++++ ++++ ++++ ++++ ++++",
        "DROP COLUMN c": "++++ ++++ ++++ ++++ ++++",
        "MODIFY c VARCHAR(60)": "++++ ++++ ++++ ++++ ++++",
        "ALTER b SET DEFAULT 5": "++++ ++++ ++++ ++++ ++++",
        "RENAME COLUMN b TO bb": "++++ ++++ ++++ ++++ ++++",
        "ADD INDEX i (a)": "++++ ---- ++++ ++++ ++++",
        "MODIFY a BIGINT NOT NULL": "++++ ---- ---- ---- ++++",
        "COMMENT 'x'": "++++ ++++ ++++ ++++ ++++",
    },
}


@pytest.mark.parametrize(
    ("server", "change", "taken"),
    [(server, change, taken) for server, rows in TAKEN.items() for change, taken in rows.items()],
)
def test_what_is_asked_for_is_taken_or_refused_as_by_the_server(
    server: tuple[str, str], change: str, taken: str
) -> None:
    found = []
    for algorithm in ALGORITHMS:
        signs = ""
        for lock in LOCKS:
            sql = f"ALTER TABLE t {change}, ALGORITHM={algorithm}, LOCK={lock}"
            whole = steps(sql, dialect=server[0], version=server[1], setup=TABLE)[-1:]
            signs += "+" if whole and whole[0].whole.fails is None else "-"
        found.append(signs)
    assert " ".join(found) == taken
