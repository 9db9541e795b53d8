"""Views and triggers that name what isn't there any more: the context in, the first of them out."""

from safecol.context import Context


def name(context: Context) -> str | None:
    """The view or trigger of whose body SQLite would complain, with what it lacks; None when none is known.

    Every RENAME and DROP COLUMN looks at all of them: https://www.sqlite.org/lang_altertable.html#compatibility
    """
    schema = context.schema
    for user, relations in schema.used_by.items():
        trigger = user.startswith("trigger ")
        view = schema.tables.get(user)
        if not trigger and (view is None or view.kind != "view"):
            continue
        for relation in relations:
            gone = relation in schema.dropped and relation not in schema.tables
            if gone or (schema.complete and context.exists(relation) is False):
                return f"{user if trigger else f'view {user}'}: no such table: {relation}"
    return None
