"""Views and triggers that name what isn't there any more: the context in, the first of them out."""

from safecol.context import Context


def name(context: Context) -> tuple[str | None, bool]:
    """The view or trigger of whose body SQLite would complain, with what it lacks, and whether that is certain.

    Every RENAME and DROP COLUMN looks at all of them: https://www.sqlite.org/lang_altertable.html#compatibility
    """
    schema = context.schema
    perhaps = None
    for user, relations in schema.used_by.items():
        trigger = user.startswith("trigger ")
        view = schema.tables.get(user)
        if not trigger and (view is None or view.kind != "view"):
            continue
        for relation in relations:
            if relation in schema.tables:
                column = _lacking(context, user, relation)
                if column is not None:
                    return f"{user if trigger else f'view {user}'}: no such column: {column}", True
                continue
            lack = f"{user if trigger else f'view {user}'}: no such table: {relation}"
            if relation in schema.dropped or context.exists(relation) is False:
                return lack, True
            perhaps = perhaps or lack  # it may have been made by something that was not read
    return perhaps, False


def _lacking(context: Context, user: str, relation: str) -> str | None:
    """A column that a view or trigger reads of a table which has none of that name any more."""
    table = context.schema.tables[relation]
    if not table.complete:
        return None
    spared = {*_ROWID, *dict(context.schema.texts.get(user, ())).get("event-columns", "").split(",")}
    for item in context.schema.dependents.get(relation, ()):
        if item.name == user and item.columns is not None:
            return next(
                (name for name in sorted(item.columns) if name not in table.columns and name not in spared), None
            )
    return None


_ROWID = ("rowid", "oid", "_rowid_")
