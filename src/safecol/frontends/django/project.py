"""What is known of a Django project beside its migrations, as one value; it comes from its settings and other files."""

from collections.abc import Mapping

from safecol.records import NamedTuple

Release = tuple[int, int]
NEWEST: Release = (5, 2)
"""The version of Django that is taken where nothing says which one runs."""


class Project(NamedTuple):
    """`root` is the folder that holds it; `django` the version that runs, and `django_source` what says so.

    `user_model` is AUTH_USER_MODEL, `swapped` other settings that name a model, `auto_field` DEFAULT_AUTO_FIELD and
    `auto_fields` the same by app, dotted paths. `backend` is the ENGINE of its database, "" when that isn't known.
    `helpers` says for its own functions, operations and fields what they stand for. `apps` are the labels of the apps
    whose migrations are here. `session` are settings that its back end makes, as (name, value). `constants` are
    settings that are the same wherever it runs.
    """

    root: str = ""
    django: Release = NEWEST
    django_source: str = "default"
    user_model: str = "auth.User"
    swapped: Mapping[str, str] = {}
    auto_field: str = "django.db.models.AutoField"
    auto_fields: Mapping[str, str] = {}
    backend: str = ""
    helpers: Mapping[str, str] = {}
    apps: frozenset[str] = frozenset()
    session: tuple[tuple[str, str], ...] = ()
    constants: Mapping[str, int | float | str] = {}

    @property
    def careful(self) -> bool:
        """Whether its back end changes what Django sends to statements that don't block."""
        return "zero_downtime" in self.backend
