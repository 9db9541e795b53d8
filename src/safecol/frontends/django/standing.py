"""A call in a migration's list of operations comes in; the operation of Django that it stands for goes out."""

from typing import TYPE_CHECKING

from safecol.frontends.django.given import SIGNATURES, Given
from safecol.frontends.python.values import Class, Imported, Made, Value, path_of, plain

if TYPE_CHECKING:
    from safecol.frontends.django.following import Following

_EXTENSIONS = {
    "BloomExtension": "bloom", "BtreeGinExtension": "btree_gin", "BtreeGistExtension": "btree_gist",
    "CITextExtension": "citext", "CryptoExtension": "pgcrypto", "HStoreExtension": "hstore",
    "TrigramExtension": "pg_trgm", "UnaccentExtension": "unaccent",
}  # fmt: skip
_OURS = ("django.db.migrations", "django.contrib.postgres.operations", "django.contrib.postgres.migrations")
# Operations of packages by the name of their class: the one of Django that they do in their way.
_KNOWN = {
    "SaferAddIndexConcurrently": "AddIndexConcurrently",
    "SaferRemoveIndexConcurrently": "RemoveIndexConcurrently",
    "SaferAddUniqueConstraint": "AddConstraint",
    "SaferAddCheckConstraint": "AddConstraint",
    "SaferRemoveUniqueConstraint": "RemoveConstraint",
    "SaferRemoveCheckConstraint": "RemoveConstraint",
    "SaferAlterFieldSetNotNull": "AlterField",
    "SaferAddFieldForeignKey": "AddField",
    "SaferAddFieldOneToOne": "AddField",
    "SaferRemoveFieldForeignKey": "RemoveField",
    "AddIndexConcurrentlyIfNotExists": "AddIndexConcurrently",
}
_MOST_BASES = 20
_OWN = ("database_forwards", "database_backwards", "reversible")


def known(following: "Following", value: Made) -> Given | None:
    """The operation: Django's own, a package's, or one of the project's; None for what isn't known."""
    helpers = following.helpers
    path = value.path.lstrip("?.")
    name = path.rpartition(".")[2]
    stands = helpers.get(path) or helpers.get(name)
    if stands == "nothing":
        return Given("nothing", value, helpers)
    if stands:
        name = stands.rpartition(".")[2]
    elif isinstance(value.base, Class):
        return _of_class(following, value)
    elif not path.startswith(_OURS):
        if name not in _KNOWN:
            return None
        return Given(_KNOWN[name], value, helpers, careful=True)
    if name in _EXTENSIONS:
        keywords = {**value.keywords, "name": plain(_EXTENSIONS[name], value.span)}
        return Given("CreateExtension", value._replace(arguments=(), keywords=keywords), helpers)
    return Given(name, value, helpers) if name in SIGNATURES else None


def _of_class(following: "Following", value: Made) -> Given | None:
    """An operation of the project's own class: what it is made from, and what it does instead."""
    pending: list[Value] = [value.base]
    own: dict[str, Value] = {}
    for _ in range(_MOST_BASES):
        if not pending:
            return None
        at = pending.pop(0)
        if isinstance(at, Imported):
            at = following.runner.within(at.path, at.file, at.name)
        if isinstance(at, Class):
            own = {name: at.names[name] for name in _OWN if name in at.names} | own
            stands = following.helpers.get(at.name)
            if stands:
                return Given("nothing" if stands == "nothing" else stands, value, following.helpers)
            pending = [*at.bases, *pending]
            continue
        path = path_of(at)
        name = path.rpartition(".")[2]
        if path.startswith(_OURS):
            return _made(following, value, _KNOWN.get(name, name), own)
        if name in _KNOWN:
            return Given(_KNOWN[name], value, following.helpers, careful=True)
    return None


def _made(following: "Following", value: Made, name: str, own: dict[str, Value]) -> Given | None:
    """The operation of Django that a class is made from, with the methods that are its own."""
    if "database_forwards" in own:
        made = Given(name if name in SIGNATURES else "own", value, following.helpers)
        made.arguments.update(own)
        return made
    if name in _EXTENSIONS:
        keywords = {"name": plain(_EXTENSIONS[name], value.span)}
        return Given("CreateExtension", value._replace(arguments=(), keywords=keywords), following.helpers)
    return Given(name, value, following.helpers) if name in SIGNATURES else None
