"""Dropping, renaming, moving and describing objects of any kind: parse-tree nodes come in, operations go out."""

from collections.abc import Callable

from safecol.frontends.postgresql.types import (
    Node,
    Site,
    constant_text,
    object_name,
    option_pairs,
    qualified,
    relation_name,
    role_name,
    text_of,
    texts,
    word,
)
from safecol.operations import Name, Operation

_DROPS = {
    "table": "drop-table",
    "foreign-table": "drop-table",
    "index": "drop-index",
    "view": "drop-view",
    "materialized-view": "drop-view",
    "type": "drop-type",
    "domain": "drop-type",
    "function": "drop-routine",
    "procedure": "drop-routine",
    "routine": "drop-routine",
    "aggregate": "drop-routine",
    "trigger": "drop-trigger",
    "rule": "drop-rule",
    "policy": "drop-policy",
    "sequence": "drop-sequence",
    "statistics": "drop-statistics",
    "schema": "drop-schema",
    "extension": "drop-extension",
    "publication": "drop-publication",
}
_RENAMES = {
    "table": "rename-table",
    "foreign-table": "rename-table",
    "index": "rename-index",
    "view": "rename-view",
    "materialized-view": "rename-view",
    "sequence": "rename-sequence",
    "type": "rename-type",
    "domain": "rename-type",
    "schema": "rename-schema",
    "trigger": "rename-trigger",
    "rule": "rename-rule",
    "column": "rename-column",
    "constraint": "rename-constraint",
    "attribute": "rename-column",
}
# Objects that belong to a table: their written name ends in the object's own.
_OF_TABLE = frozenset({"trigger", "rule", "policy", "constraint", "column"})
# Objects that are no relations move to another schema as they change otherwise.
_MOVES = {
    "function": "alter-routine",
    "procedure": "alter-routine",
    "routine": "alter-routine",
    "aggregate": "alter-routine",
    "extension": "alter-extension",
}
_RELATIONS = frozenset({"table", "foreign-table", "index", "view", "materialized-view", "sequence"})


def _flags(node: Node) -> frozenset[str]:
    flags = set()
    if node.get("missing_ok"):
        flags.add("if-exists")
    if node.get("behavior") == "DROP_CASCADE":
        flags.add("cascade")
    if node.get("concurrent"):
        flags.add("concurrently")
    return frozenset(flags)


def _owned(node: Node) -> tuple[Name, str]:
    """(table, name) of an object that belongs to a table."""
    parts = texts(node.get("List", {}).get("items"))
    return qualified(parts[:-1]), parts[-1] if parts else ""


def drop(node: Node, site: Site) -> list[Operation]:
    """One operation for each dropped object."""
    kind = word(node.get("removeType", ""))
    flags = _flags(node)
    operations = []
    for item in node.get("objects", ()):
        base = Operation(_DROPS.get(kind, "drop-object"), site.span, object=kind, flags=flags)
        if kind in _OF_TABLE:
            table, name = _owned(item)
            base = base._replace(relation=table, value=name)
        elif kind in ("operator-class", "operator-family"):
            base = base._replace(relation=qualified(texts(item["List"]["items"])[1:]))
        elif kind in ("cast", "transform"):
            parts = item.get("List", {}).get("items", ())
            base = base._replace(relation=object_name(parts[0] if parts else None))
        else:
            base = base._replace(relation=object_name(item))
        if "objargs" in item.get("ObjectWithArgs", {}):
            base = base._replace(options=(("arguments", _arguments(item["ObjectWithArgs"])),))
        operations.append(base)
    return operations


def _arguments(node: Node) -> str:
    return ", ".join(constant_text(item) or "" for item in node.get("objargs", ()))


def rename(node: Node, site: Site) -> list[Operation]:
    """`value` is the old name of what belongs to a relation; a column's old name is `column`."""
    kind = word(node.get("renameType", ""))
    on = word(node.get("relationType", "")) if kind in ("column", "attribute") else kind
    old = node.get("subname")
    relation = relation_name(node["relation"]) if "relation" in node else object_name(node.get("object"))
    if "relation" not in node and "object" not in node:
        relation = Name(old or "")
    flags = set(_flags(node))
    if "relation" in node and not node["relation"].get("inh") and kind in ("column", "table", "constraint"):
        flags.add("only")
    written = site.text[site.span.start : site.span.end].split(None, 2)
    if kind in _RELATIONS | {"column"} and len(written) > 1 and written[1].lower() == "table":
        flags.add("through-alter-table")
    operation = Operation(
        _RENAMES.get(kind, "rename-object"),
        site.span,
        relation,
        object="table" if kind == "constraint" else on,
        new_name=node.get("newname"),
        flags=frozenset(flags),
    )
    if kind in ("column", "attribute"):
        return [operation._replace(column=old)]
    if kind == "constraint":
        if node["renameType"] == "OBJECT_DOMCONSTRAINT":
            operation = operation._replace(object="domain")
        return [operation._replace(value=old)]
    if kind in ("trigger", "rule", "policy"):
        return [operation._replace(value=old)]
    return [operation]


def set_schema(node: Node, site: Site) -> list[Operation]:
    kind = word(node.get("objectType", ""))
    relation = relation_name(node["relation"]) if "relation" in node else object_name(node.get("object"))
    operation = "move-to-schema" if kind in _RELATIONS else _MOVES.get(kind, "alter-object")
    return [Operation(operation, site.span, relation, object=kind, new_name=node.get("newschema"), flags=_flags(node))]


def owner(node: Node, site: Site) -> list[Operation]:
    kind = word(node.get("objectType", ""))
    relation = relation_name(node["relation"]) if "relation" in node else object_name(node.get("object"))
    operation = "change-owner" if kind in _RELATIONS else "change-object-owner"
    return [Operation(operation, site.span, relation, object=kind, value=role_name(node.get("newowner")))]


def depends(node: Node, site: Site) -> list[Operation]:
    kind = word(node.get("objectType", ""))
    relation = relation_name(node["relation"]) if "relation" in node else object_name(node.get("object"))
    value = text_of(node.get("object", {}).get("List", {}).get("items", [{}])[-1]) if kind == "trigger" else None
    operation = {"trigger": "trigger-depends", "index": "index-depends"}.get(kind, "alter-object")
    if kind in ("function", "procedure", "routine"):
        operation = "alter-routine"
    options: tuple[tuple[str, str], ...] = (("extension", node.get("extname", {}).get("sval", "")),)
    if node.get("remove"):
        options = (*options, ("remove", "true"))
    return [Operation(operation, site.span, relation, object=kind, value=value, options=options)]


def comment(node: Node, site: Site) -> list[Operation]:
    return [_described("comment", node, site)._replace(value=node.get("comment"))]


def security_label(node: Node, site: Site) -> list[Operation]:
    options = (("provider", node["provider"]),) if "provider" in node else ()
    return [_described("security-label", node, site)._replace(value=node.get("label"), options=options)]


def _described(operation: str, node: Node, site: Site) -> Operation:
    kind = word(node.get("objtype", ""))
    target = node.get("object", {})
    if kind not in _OF_TABLE:
        return Operation(operation, site.span, object_name(target), object=kind)
    items = target.get("List", {}).get("items", ())
    if node.get("objtype") == "OBJECT_DOMCONSTRAINT" and len(items) == 2:
        return Operation(operation, site.span, object_name(items[0]), object=kind, new_name=text_of(items[1]))
    table, name = _owned(target)
    if kind == "column":
        return Operation(operation, site.span, table, object=kind, column=name)
    return Operation(operation, site.span, table, object=kind, new_name=name)


def grant(node: Node, site: Site) -> list[Operation]:
    kind = word(node.get("objtype", ""))
    names = tuple(object_name(item) for item in node.get("objects", ()))
    options = [("target", node.get("targtype", "").removeprefix("ACL_TARGET_").lower().replace("_", "-"))]
    for item in node.get("privileges", ()):
        privilege = item["AccessPriv"]
        options.append(("privilege", privilege.get("priv_name", "all")))
        options += [("column", name) for name in texts(privilege.get("cols"))]
    if "privileges" not in node:
        options.append(("privilege", "all"))
    options += [("to", role_name(item)) for item in node.get("grantees", ())]
    if node.get("grant_option"):
        options.append(("grant-option", "true"))
    flags = set(_flags(node))
    if node.get("targtype") == "ACL_TARGET_ALL_IN_SCHEMA":
        flags.add("schema-wide")
    named = node.get("targtype") == "ACL_TARGET_OBJECT"
    return [
        Operation(
            "grant" if node.get("is_grant") else "revoke",
            site.span,
            names[0] if len(names) == 1 else None,
            object=kind,
            reads=names if named and kind in ("table", "sequence") else (),
            flags=frozenset(flags),
            options=tuple(options),
        )
    ]


def grant_role(node: Node, site: Site) -> list[Operation]:
    options = [("role", item["AccessPriv"].get("priv_name", "")) for item in node.get("granted_roles", ())]
    options += [("to", role_name(item)) for item in node.get("grantee_roles", ())]
    kind = "grant" if node.get("is_grant") else "revoke"
    return [Operation(kind, site.span, object="role", flags=_flags(node), options=tuple(options))]


def default_privileges(node: Node, site: Site) -> list[Operation]:
    operation = grant(node["action"], site)[0]
    return [operation._replace(relation=None, reads=(), options=(*operation.options, *_lists(node.get("options"))))]


def _lists(nodes: list[Node] | None) -> tuple[tuple[str, str], ...]:
    pairs = []
    for node in nodes or ():
        element = node["DefElem"]
        items = element.get("arg", {}).get("List", {}).get("items", ())
        pairs += [(element["defname"], text_of(item) or role_name(item)) for item in items]
    return tuple(pairs)


def move_all(node: Node, site: Site) -> list[Operation]:
    options = [("from", node.get("orig_tablespacename", ""))]
    options += [("role", role_name(item)) for item in node.get("roles", ())]
    if node.get("nowait"):
        options.append(("nowait", "true"))
    kind = word(node.get("objtype", ""))
    value = node.get("new_tablespacename")
    return [Operation("move-all-to-tablespace", site.span, object=kind, value=value, options=tuple(options))]


def owned(node: Node, site: Site) -> list[Operation]:
    roles = tuple(("role", role_name(item)) for item in node.get("roles", ()))
    if "newrole" in node:
        value = role_name(node["newrole"])
        return [Operation("reassign-owned", site.span, object="role", value=value, options=roles)]
    return [Operation("drop-owned", site.span, object="role", flags=_flags(node), options=roles)]


def drop_named(kind: str, object_word: str, key: str) -> Callable[[Node, Site], list[Operation]]:
    """A DROP of something outside the schema's objects, whose name stands under `key`."""

    def handler(node: Node, site: Site) -> list[Operation]:
        options = option_pairs(node.get("options"))
        name = Name(node.get(key, ""))
        return [Operation(kind, site.span, name, object=object_word, flags=_flags(node), options=options)]

    return handler


def drop_role(node: Node, site: Site) -> list[Operation]:
    flags = _flags(node)
    return [
        Operation("drop-role", site.span, Name(role_name(item)), object="role", flags=flags)
        for item in node.get("roles", ())
    ]


def drop_user_mapping(node: Node, site: Site) -> list[Operation]:
    value = node.get("servername")
    name = Name(role_name(node.get("user")))
    return [Operation("drop-object", site.span, name, object="user-mapping", value=value, flags=_flags(node))]


HANDLERS = {
    "DropStmt": drop,
    "RenameStmt": rename,
    "AlterObjectSchemaStmt": set_schema,
    "AlterOwnerStmt": owner,
    "AlterObjectDependsStmt": depends,
    "CommentStmt": comment,
    "SecLabelStmt": security_label,
    "GrantStmt": grant,
    "GrantRoleStmt": grant_role,
    "AlterDefaultPrivilegesStmt": default_privileges,
    "AlterTableMoveAllStmt": move_all,
    "ReassignOwnedStmt": owned,
    "DropOwnedStmt": owned,
    "DropRoleStmt": drop_role,
    "DropUserMappingStmt": drop_user_mapping,
    "DropdbStmt": drop_named("drop-database", "database", "dbname"),
    "DropTableSpaceStmt": drop_named("drop-tablespace", "tablespace", "tablespacename"),
    "DropSubscriptionStmt": drop_named("drop-subscription", "subscription", "subname"),
}
