"""A dialect comes in; a connection to a real MySQL or MariaDB server goes out, started where none runs.

`SAFECOL_MARIADB_SOCKET` and `SAFECOL_MYSQL_SOCKET` name the sockets of running servers, whose databases are left alone
but one that is made and dropped. Without them a `mariadbd` of the machine is started in a folder of its own.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

DIALECTS = ("mariadb", "mysql")
_SECONDS = 60
_SCRIPTS = (
    "mysql_system_tables.sql",
    "mysql_performance_tables.sql",
    "mysql_system_tables_data.sql",
    "maria_add_gis_sp_bootstrap.sql",
)


def missing(dialect: str) -> str:
    """Why there is no server of this dialect here; empty when there is one."""
    if find_spec("pymysql") is None:
        return "PyMySQL is not installed (pip install --group truth)"
    if os.environ.get(_variable(dialect)):
        return ""
    if dialect == "mysql":
        return "no MySQL server: SAFECOL_MYSQL_SOCKET says where one listens"
    return "" if _program() else "no mariadbd on this machine (Debian: mariadb-server-core, mariadb-server)"


@contextmanager
def running(dialect: str) -> Iterator[Any]:
    """A connection in autocommit; a server that was started for it ends with the block."""
    if socket := os.environ.get(_variable(dialect)):
        yield connect(socket)
        return
    folder = Path(tempfile.mkdtemp(prefix="safecol-mariadb-"))
    try:
        with _started(folder) as socket:
            yield connect(socket)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def connect(socket: str) -> Any:
    """A connection through a socket, as root without a password."""
    import pymysql

    return pymysql.connect(unix_socket=socket, user="root", autocommit=True, ssl_disabled=True)


def version(connection: Any) -> str:
    """`10.11.18` of a server that calls itself `10.11.18-MariaDB-0+deb12u1`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()")
        return str(cursor.fetchone()[0]).partition("-")[0]


def _variable(dialect: str) -> str:
    return f"SAFECOL_{dialect.upper()}_SOCKET"


def _program() -> str | None:
    return shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")


@contextmanager
def _started(folder: Path) -> Iterator[str]:
    program, socket, data = _program(), str(folder / "socket"), folder / "data"
    assert program is not None
    data.mkdir()
    share = Path(program).resolve().parents[1] / "share" / "mysql"
    given = [program, "--no-defaults", f"--datadir={data}", f"--socket={socket}", "--skip-networking",
             "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", f"--log-error={folder / 'log'}",
             f"--lc-messages-dir={share}"]  # fmt: skip
    if os.geteuid() == 0:
        given.append("--user=root")
    scripts = "".join((share / name).read_text() for name in _SCRIPTS)
    subprocess.run(
        [*given, "--bootstrap"], input=f"create database mysql;\nuse mysql;\n{scripts}", text=True, check=True,
        capture_output=True, timeout=_SECONDS,
    )  # fmt: skip
    server = subprocess.Popen([*given, "--skip-grant-tables"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + _SECONDS
        while not Path(socket).exists():
            if time.monotonic() > end or server.poll() is not None:
                raise RuntimeError(f"mariadbd does not start: {(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)
        yield socket
    finally:
        server.terminate()
        server.wait(_SECONDS)
