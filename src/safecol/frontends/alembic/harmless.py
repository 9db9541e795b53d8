"""Calls that are no operations of Alembic's come in; whether they are any business of the database's goes out."""

from safecol.frontends.python.values import External, Value, path_of

OP = "alembic.op"
# What these do is no business of the database's.
_HARMLESS = frozenset(
    """builtins logging warnings time datetime os sys re json uuid random string textwrap collections itertools
    functools operator math decimal hashlib hmac base64 secrets copy enum typing pathlib traceback io contextlib
    dataclasses click tqdm pytz dateutil pprint tester flask.current_app structlog loguru six""".split()  # noqa: SIM905 - a list of words reads better without quotes
)
_LOGGING = ("log.", "logger.", "logging.", "_logger.", "LOG.", "_LOG.", "console.")


def touches(value: Value) -> bool:
    """Whether a value is the connection, or what operations are called on."""
    path = path_of(value)
    if isinstance(value, External):
        return path == OP
    return path.startswith(
        (f"{OP}.get_bind()", f"{OP}.get_context()", "alembic.context.get_context()", "sqlalchemy.orm.")
    ) and not path.endswith(".dialect")


_RUN_ANYTHING = frozenset({"exec", "eval", "os.system", "os.popen"})


def harmless(path: str) -> bool:
    shown = path.lstrip("?.")
    if shown in _RUN_ANYTHING or shown.startswith("builtins.getattr()"):  # a method by a name that isn't known
        return False
    return (
        shown.partition(".")[0].removesuffix("()") in _HARMLESS
        or shown.startswith(
            (*_LOGGING, "sqlalchemy.inspect", "sqlalchemy.engine.reflection", "sqlalchemy.orm.sessionmaker")
        )
        or ".dialect." in shown
        or shown in ("sqlalchemy.orm.Session", "sqlalchemy.orm.session.Session")
        or "get_logger()" in shown
        or "getLogger()" in shown
    )


def shown(path: str) -> str:
    return path.lstrip("?.").replace("()", "(…)")
