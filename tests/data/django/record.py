"""Records what Django sends for each case: `python record.py postgresql "host=… port=…"`, with the Django to record.

Each case starts from an empty database, its history is really applied, and so is what is recorded. Adds the release to
`<dialect>.json` beside this file. With a third argument, `new`, only cases without a recording of the release are run;
with `back`, what Django sends to take each case back goes to `<dialect>_back.json`.
Runs on the Python of every Django.
"""

import datetime as dt
import json
import pathlib
import sys
import uuid
from typing import Any

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

import django  # noqa: E402
from django.conf import settings  # noqa: E402

import django_cases  # noqa: E402


def database(dialect: str, words: str) -> dict[str, Any]:
    """The entry of DATABASES."""
    given = dict(word.split("=", 1) for word in words.split())
    if dialect == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    made: dict[str, Any] = {
        "ENGINE": f"django.db.backends.{'postgresql' if dialect == 'postgresql' else 'mysql'}",
        "NAME": given.get("dbname", "safecol_django"),
        "USER": given.get("user", ""),
        "HOST": given.get("host", ""),
        "PORT": given.get("port", ""),
    }
    if dialect != "postgresql":
        import pymysql

        pymysql.version_info = (2, 2, 4, "final", 0)  # what Django asks of the driver that it knows
        pymysql.install_as_MySQLdb()
        made["OPTIONS"] = {"ssl_disabled": True}
    return made


def main() -> None:
    """Record one release on one dialect."""
    dialect, words = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    settings.configure(
        DATABASES={"default": database(dialect, words)},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.postgres"] if dialect == "postgresql" else [],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        TIME_ZONE="UTC",
        USE_TZ=True,
    )
    django.setup()
    from django.db import connection
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState

    sent: list[str] = []
    real = BaseDatabaseSchemaEditor.execute

    def execute(self: Any, sql: Any, params: Any = ()) -> Any:
        text = str(sql)
        if params:
            text = text % tuple(map(self.quote_value, params))
        elif params is not None:
            text = text.replace("%%", "%")
        sent.append(text)
        return real(self, sql, params)

    BaseDatabaseSchemaEditor.execute = execute

    def run(operations: str, state: Any, *, atomic: bool, back: bool = False) -> Any:
        names: dict[str, Any] = {}
        text = django_cases.source(operations, atomic=atomic)
        if django.VERSION >= (6, 0):  # the older name is gone
            text = text.replace("CheckConstraint(check=", "CheckConstraint(condition=")
        exec(compile(text, "case", "exec"), names)
        migration = names["Migration"]("m", "shop")
        with connection.schema_editor(atomic=migration.atomic) as editor:
            return migration.unapply(state, editor) if back else migration.apply(state, editor)

    still()
    found: dict[str, Any] = {}
    release = ".".join(map(str, django.VERSION[:2]))
    back = "back" in sys.argv[3:]
    path = HERE / f"{dialect}{'_back' if back else ''}.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    done = {name for name, variants in kept.items() if any(release in releases for releases, _ in variants)}
    for case in django_cases.cases():
        if "new" in sys.argv[3:] and case.name in done:
            continue
        reset(connection, dialect)
        try:
            state = run(django_cases.BASE, ProjectState(), atomic=True)
            if case.history:
                state = run(case.history, state, atomic=True)
            before = state.clone()
            for taken in (False, True)[: 1 + back]:
                sent.clear()
                run(case.operations, before if taken else state, atomic=case.atomic, back=taken)
            found[case.name] = list(sent)
        except Exception as problem:  # what this Django or the server doesn't know
            found[case.name] = f"{type(problem).__name__}: {(str(problem).splitlines() or [''])[0]}"[:120]
    refused = {name: one for name, one in found.items() if isinstance(one, str)}
    print(dialect, release, server(connection, dialect)[:40], len(found), "cases,", len(refused), "refused")
    for name, error in refused.items():
        print("  ", name[:90], "|", error)
    keep(path, kept, release, found)


def still() -> None:
    """What Python computes when a migration runs comes out the same each time."""
    from django.db.backends.base import schema
    from django.utils import timezone

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls(1970, 1, 1, tzinfo=tz)

    uuid.uuid4 = lambda: uuid.UUID(int=0)
    timezone.now = lambda: dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)  # noqa: UP017 - old Pythons as well
    schema.datetime = Clock


def keep(path: pathlib.Path, kept: dict[str, Any], release: str, found: dict[str, Any]) -> None:
    """Adds a release to the recordings of a dialect: what several releases send alike is kept once."""
    made: dict[str, Any] = {}
    for case in django_cases.cases():
        name = case.name
        if name not in found:
            made[name] = kept[name]
            continue
        sql = found[name]
        variants = [[[one for one in releases if one != release], before] for releases, before in kept.get(name, [])]
        same = next((variant for variant in variants if variant[1] == sql), None)
        if same is None:
            variants.append([[release], sql])
        else:
            same[0] = sorted([*same[0], release])
        made[name] = [variant for variant in variants if variant[0]]
    path.write_text(json.dumps(made, indent=0, ensure_ascii=False) + "\n")


def server(connection: Any, dialect: str) -> str:
    """The version of the server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if dialect == "sqlite" else "SELECT version()")
        return str(cursor.fetchone()[0])


def reset(connection: Any, dialect: str) -> None:
    """An empty database."""
    from django.db import connections

    connection.close()
    del connections["default"]  # whatever state a refusal left it in
    if dialect == "sqlite":
        return
    with connection.cursor() as cursor:
        if dialect == "postgresql":
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
            return
        name = connection.settings_dict["NAME"]
        cursor.execute("SET foreign_key_checks = 0")
        cursor.execute(f"DROP DATABASE {name}")
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    connection.close()


if __name__ == "__main__":
    main()
