"""Names of Django's own apps come in; their models, as they are after their migrations, go out."""

from collections.abc import Iterable, Iterator

from safecol.frontends.django.values import Field, Model
from safecol.frontends.python.values import External, Text, Value, plain
from safecol.source import Span

_NOWHERE = Span(0, 0)
_MODELS = "django.db.models."


def _field(kind: str, **options: Value) -> Field:
    made = {name: plain(value, _NOWHERE) if type(value) is str else value for name, value in options.items()}
    return Field(kind, _MODELS + kind, (), made)


def _key() -> Field:
    return _field("AutoField", auto_created=True, primary_key=True, serialize=False)


def _text(length: int, **options: Value) -> Field:
    return _field("CharField", max_length=length, **options)


def _to(model: str, **options: Value) -> Field:
    return _field("ForeignKey", to=model, on_delete=External(f"{_MODELS}CASCADE"), **options)


_USER = External("django.conf.settings.AUTH_USER_MODEL")

_APPS: dict[str, dict[str, dict[str, Field]]] = {
    "contenttypes": {
        "ContentType": {"id": _key(), "app_label": _text(100), "model": _text(100)},
    },
    "auth": {
        "Permission": {
            "id": _key(), "name": _text(255), "content_type": _to("contenttypes.ContentType"), "codename": _text(100),
        },
        "Group": {
            "id": _key(), "name": _text(150, unique=True),
            "permissions": _field("ManyToManyField", to="auth.Permission", blank=True),
        },
        "User": {
            "id": _key(), "password": _text(128), "last_login": _field("DateTimeField", null=True),
            "is_superuser": _field("BooleanField", default=False), "username": _text(150, unique=True),
            "first_name": _text(150), "last_name": _text(150), "email": _field("EmailField", max_length=254),
            "is_staff": _field("BooleanField", default=False), "is_active": _field("BooleanField", default=True),
            "date_joined": _field("DateTimeField"),
            "groups": _field("ManyToManyField", to="auth.Group", blank=True),
            "user_permissions": _field("ManyToManyField", to="auth.Permission", blank=True),
        },
    },
    "sessions": {
        "Session": {
            "session_key": _text(40, primary_key=True), "session_data": _field("TextField"),
            "expire_date": _field("DateTimeField", db_index=True),
        },
    },
    "sites": {"Site": {"id": _key(), "domain": _text(100, unique=True), "name": _text(50)}},
    "admin": {
        "LogEntry": {
            "id": _key(), "action_time": _field("DateTimeField"), "object_id": _field("TextField", null=True),
            "object_repr": _text(200), "action_flag": _field("PositiveSmallIntegerField"),
            "change_message": _field("TextField"), "user": _field("ForeignKey", to=_USER),
            "content_type": _to("contenttypes.ContentType", null=True),
        },
    },
    "flatpages": {
        "FlatPage": {
            "id": _key(), "url": _text(100, db_index=True), "title": _text(200), "content": _field("TextField"),
            "enable_comments": _field("BooleanField", default=False), "template_name": _text(70),
            "registration_required": _field("BooleanField", default=False),
            "sites": _field("ManyToManyField", to="sites.Site"),
        },
    },
    "redirects": {
        "Redirect": {
            "id": _key(), "site": _to("sites.Site"), "old_path": _text(200, db_index=True), "new_path": _text(200),
        },
    },
    # Packages that many projects point to: their keys are what matters.
    "taggit": {
        "Tag": {"id": _key(), "name": _text(100, unique=True), "slug": _text(100, unique=True)},
        "TaggedItem": {
            "id": _key(), "object_id": _field("IntegerField", db_index=True),
            "content_type": _to("contenttypes.ContentType"), "tag": _to("taggit.Tag"),
        },
    },
}  # fmt: skip
_TABLES = {
    "contenttypes": "django_content_type", "sessions": "django_session", "sites": "django_site",
    "admin": "django_admin_log", "flatpages": "django_flatpage", "redirects": "django_redirect",
}  # fmt: skip


def models(without: Iterable[str] = ()) -> Iterator[Model]:
    """The models of all these apps but those `without`, whose migrations are part of the project."""
    left_out = frozenset(without)
    for app, members in _APPS.items():
        if app in left_out:
            continue
        for name, fields in members.items():
            options: dict[str, Value] = {"indexes": [], "constraints": []}
            if app in _TABLES:
                options["db_table"] = Text(_TABLES[app], ())
            yield Model(app, name, fields, options)
