"""Records what Django sends for each case: `python record.py postgresql "host=… port=…"`, with the Django to record.

Each case starts from an empty database, its history is really applied, and so is what is recorded. Adds
the release to `<dialect>.json` beside this file.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent))

import django  # noqa: E402
from django.conf import settings  # noqa: E402

import django_cases  # noqa: E402


def database(dialect: str, words: str) -> dict:
    given = dict(word.split("=", 1) for word in words.split())
    if dialect == "sqlite":
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    engine = "postgresql" if dialect == "postgresql" else "mysql"
    base = {
        "ENGINE": f"django.db.backends.{engine}",
        "NAME": given.get("dbname", "safecol_django"),
        "USER": given.get("user", ""),
        "HOST": given.get("host", ""),
        "PORT": given.get("port", ""),
    }
    if engine == "mysql":
        import pymysql

        pymysql.version_info = (2, 2, 4, "final", 0)
        pymysql.install_as_MySQLdb()
        base["OPTIONS"] = {"ssl_disabled": True}
    return base


def main() -> None:
    dialect, words = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    settings.configure(
        DATABASES={"default": database(dialect, words)},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.postgres"] if dialect == "postgresql" else [],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        DATABASE_ROUTERS=[],
        SILENCED_SYSTEM_CHECKS=["*"],
    )
    django.setup()
    from django.db import connection
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor
    from django.db.migrations.state import ProjectState

    sent: list[str] = []
    real = BaseDatabaseSchemaEditor.execute

    def execute(self, sql, params=()):
        text = str(sql)
        if params is not None:
            try:
                text = text % tuple(map(self.quote_value, params))
            except (TypeError, ValueError):
                pass
        sent.append(text)
        return real(self, sql, params)

    BaseDatabaseSchemaEditor.execute = execute

    def run(operations: str, state: ProjectState, atomic: bool) -> ProjectState:
        names: dict = {}
        text = django_cases.source(operations, atomic)
        if django.VERSION >= (6, 0):  # the older name is gone
            text = text.replace("CheckConstraint(check=", "CheckConstraint(condition=")
        exec(compile(text, "case", "exec"), names)
        migration = names["Migration"]("m", "shop")
        with connection.schema_editor(atomic=migration.atomic) as editor:
            return migration.apply(state, editor)

    still()
    found = {}
    for case in django_cases.cases():
        reset(connection, dialect)
        try:
            state = run(django_cases.BASE, ProjectState(), True)
            if case.history:
                state = run(case.history, state, True)
            sent.clear()
            run(case.operations, state, case.atomic)
            found[case.name] = list(sent)
        except Exception as problem:  # what this Django or the server doesn't know
            found[case.name] = f"{type(problem).__name__}: {str(problem).splitlines()[0] if str(problem) else ''}"[:120]
    release = ".".join(map(str, django.VERSION[:2]))
    refused = {name: one for name, one in found.items() if isinstance(one, str)}
    print(dialect, release, server(connection, dialect)[:40], len(found), "cases,", len(refused), "refused")
    for name, error in refused.items():
        print("  ", name[:90], "|", error)
    keep(dialect, release, found)


def still() -> None:
    """What Python computes when a migration runs comes out the same each time."""
    import datetime
    import uuid

    from django.db.backends.base import schema
    from django.utils import timezone

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(1970, 1, 1, tzinfo=tz)

    uuid.uuid4 = lambda: uuid.UUID(int=0)
    timezone.now = lambda: datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    schema.datetime = Clock


def keep(dialect: str, release: str, found: dict) -> None:
    """Adds a release to the recordings of a dialect: what several releases send alike is kept once."""
    path = HERE / f"{dialect}.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    made: dict = {}
    for name in found:
        variants = [[[one for one in releases if one != release], sql] for releases, sql in kept.get(name, [])]
        for variant in variants:
            if variant[1] == found[name]:
                variant[0] = sorted([*variant[0], release])
                break
        else:
            variants.append([[release], found[name]])
        made[name] = [variant for variant in variants if variant[0]]
    path.write_text(json.dumps(made, indent=0, ensure_ascii=False) + "\n")


def server(connection, dialect: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()" if dialect == "sqlite" else "SELECT version()")
        return str(cursor.fetchone()[0])


def reset(connection, dialect: str) -> None:
    from django.db import connections

    connection.close()
    del connections["default"]  # whatever state a refusal left it in
    if dialect == "sqlite":
        return
    if dialect != "postgresql":
        name = connection.settings_dict["NAME"]
        with connection.cursor() as cursor:
            cursor.execute("SET foreign_key_checks = 0")
            cursor.execute(f"DROP DATABASE {name}")
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        connection.close()
        return
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")


if __name__ == "__main__":
    main()
