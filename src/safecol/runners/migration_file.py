"""What is known of one migration file before it is read."""

from typing import TYPE_CHECKING

from safecol.records import NamedTuple

if TYPE_CHECKING:
    from safecol.frontends.django.project import Project
    from safecol.trace import Problem

SQL_ENDINGS = (".sql", ".ddl", ".pgsql", ".psql")
"""How the names of files of SQL end; below a folder only `.sql` is looked for."""

Part = tuple[int, int, str]
OrderKey = tuple[int, tuple[Part, ...], str, int]
"""Rank, version, name, direction: keys of one history compare in the order of execution, an up file before its down."""


class MigrationFile(NamedTuple):
    """`path` as shown: relative to the working directory where possible, with forward slashes.

    `runner_source` and `dialect_source` say why: `settings`, `marker`, the name of a configuration file, `path`,
    `name`, `content`, `default`. `history` names the sequence; `order` sorts within it. `target` is False for context.
    `direction` is `up` or `down` for whole-file runners, "" where the file's sections decide.
    `no_transaction` is True when a file beside it says so; `ignored` when its runner passes over a file of this name.
    `environment` is the absolute path of the program that runs it (Alembic's env.py), "" when there is none.
    `helpers` are what functions of the project stand for, as (dotted path, what they are like); `engines` the dialects
    of the databases of a history of several, by their names. `problems` are what is wrong with its place among others.
    `libraries` are the versions of the libraries that run it, where they are known.
    Of Django's: `app` is the label of its app, `project` what is known of the project, and `replaced` is True where a
    squashed migration stands for it, or the other way round, so that it does nothing. `initial` migrations of an app
    run together, on tables that nobody has used before.
    """

    path: str
    runner: str = "plain"
    dialect: str = "postgresql"
    dialect_source: str = "default"
    history: str = ""
    order: OrderKey = (0, (), "", 0)
    target: bool = True
    direction: str = ""
    runner_source: str = "default"
    no_transaction: bool = False
    ignored: bool = False
    environment: str = ""
    app: str = ""
    project: "Project | None" = None
    replaced: bool = False
    initial: bool = False
    helpers: tuple[tuple[str, str], ...] = ()
    engines: tuple[tuple[str, str], ...] = ()
    problems: tuple["Problem", ...] = ()
    libraries: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.path.rpartition("/")[2]
