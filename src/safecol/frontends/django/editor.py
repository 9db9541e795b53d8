"""What a Django migration changes comes in as states; the SQL that Django's schema editor sends goes out, in its order.

One `Editor(Target(dialect, server, django))` follows a whole history: it remembers the names of constraints and indexes
that it made, as Django finds them in the database. `server` is the version number of the registry, `django` is (5, 2).
For each migration: `begin()`, then one method for each operation with `editor.place` set to the operation's place, then
`end()` for the statements that Django keeps for the end. All of them give lists of `Sent(pieces or Unknown, place)`.

    create_model(new, app, name)                        delete_model(old, app, name)
    rename_model(old, new, app, old_name, new_name)     alter_table(old, new, app, name)
    alter_table_comment(old, new, app, name)            alter_together(old, new, app, name, "unique" or "index")
    add_field(old, new, app, name, field_name, field)   remove_field(old, new, app, name, field_name)
    alter_field(old, new, app, name, field_name, field) rename_field(old, new, app, name, old_field, new_field)
    alter_order_with_respect_to(old, new, app, name)
    add_index(new, app, name, index, concurrently=False)  remove_index(old, app, name, index_name, concurrently=False)
    rename_index(old, new, app, name, new_name, old_name=None, old_fields=None)
    add_constraint(new, app, name, constraint, validated=True)  remove_constraint(old, app, name, constraint_name)
    alter_constraint(old, new, app, name, constraint_name, constraint)
    validate_constraint(app, name, constraint_name, state)  create_extension(name) drop_extension(name)
    create_collation(name, locale, provider, deterministic) remove_collation(name)

`old` is the state before the operation, `new` the one after it. `field` is the operation's own field (with the default
that `preserve_default=False` takes out of the state). Indexes and constraints are `Made` values as evaluated; models
keep them in `options["indexes"]`, `options["constraints"]`, and `unique_together`, `index_together` in `options`.
"""
