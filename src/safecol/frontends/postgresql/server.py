"""Schemas, extensions, roles, publications, databases and other objects beside tables: nodes in, operations out."""

from collections.abc import Callable

from safecol.frontends.postgresql.queries import read
from safecol.frontends.postgresql.session import setting
from safecol.frontends.postgresql.types import (
    Node,
    Site,
    convert_type,
    listed_name,
    object_name,
    option_pairs,
    relation_name,
    role_name,
    texts,
    word,
)
from safecol.operations import Name, Operation, QueryUse

Handler = Callable[[Node, Site], list[Operation]]


def _flags(node: Node) -> frozenset[str]:
    flags = set()
    if node.get("if_not_exists"):
        flags.add("if-not-exists")
    if node.get("missing_ok"):
        flags.add("if-exists")
    if node.get("replace"):
        flags.add("or-replace")
    return frozenset(flags)


def _named(kind: str, object_word: str, key: str) -> Handler:
    """A statement on one named object, told by its kind, name and options."""

    def handler(node: Node, site: Site) -> list[Operation]:
        value = node.get(key)
        name = listed_name(value) if isinstance(value, list) else Name(value or "")
        options = option_pairs(node.get("options"))
        return [Operation(kind, site.span, name, object=object_word, flags=_flags(node), options=options)]

    return handler


def create_schema(node: Node, site: Site) -> list[Operation]:
    """CREATE SCHEMA with what it creates: unqualified names inside belong to the new schema."""
    from safecol.frontends.postgresql.statements import operations_of

    owner = role_name(node.get("authrole")) or None
    schema = node.get("schemaname") or owner or ""
    operations = [Operation("create-schema", site.span, Name(schema), object="schema", value=owner, flags=_flags(node))]
    for element in node.get("schemaElts", ()):
        for operation in operations_of(element, site):
            relation = operation.relation
            if relation is not None and relation.schema is None:
                relation = Name(relation.name, schema)
            operations.append(operation._replace(relation=relation))
    return operations


def publication(node: Node, site: Site) -> list[Operation]:
    """`reads` are its tables; column lists are options; the columns of row filters stand in `query`."""
    creating = "action" not in node
    options = [*option_pairs(node.get("options"))]
    tables: list[Name] = []
    columns: list[tuple[str | None, str]] = []
    flags = set()
    for item in node.get("pubobjects", ()):
        content = item["PublicationObjSpec"]
        if "pubtable" not in content:
            options.append(("schema", content.get("name", "current")))
            flags.add("schema-wide")
            continue
        table = content["pubtable"]
        name = relation_name(table["relation"])
        tables.append(name)
        listed = texts(table.get("columns"))
        if listed:
            flags.add("column-list")
        options += [("table.column", f"{name}.{column}") for column in listed]
        if "whereClause" in table:
            columns += read(table["whereClause"], (table["relation"],)).columns
    if node.get("for_all_tables"):
        flags.add("whole-database")
    if not creating and node.get("pubobjects"):
        options.append(("action", node["action"].removeprefix("AP_").removesuffix("Objects").lower()))
    return [
        Operation(
            "create-publication" if creating else "alter-publication",
            site.span,
            Name(node.get("pubname", "")),
            object="publication",
            query=QueryUse(tuple(tables), tuple(columns)) if tables else None,
            reads=tuple(tables),
            flags=frozenset(flags),
            options=tuple(options),
        )
    ]


def subscription(node: Node, site: Site) -> list[Operation]:
    creating = "kind" not in node
    options = [*option_pairs(node.get("options"))]
    options += [("publication", name) for name in texts(node.get("publication"))]
    action = node.get("kind", "").removeprefix("ALTER_SUBSCRIPTION_").lower().replace("_", "-")
    return [
        Operation(
            "create-subscription" if creating else "alter-subscription",
            site.span,
            Name(node.get("subname", "")),
            object="subscription",
            value=None if creating else action,
            options=tuple(options),
        )
    ]


def extension_contents(node: Node, site: Site) -> list[Operation]:
    """ALTER EXTENSION … ADD or DROP: `target` is the object."""
    action = "add" if node.get("action", 0) > 0 else "drop"
    return [
        Operation(
            "alter-extension",
            site.span,
            Name(node.get("extname", "")),
            object="extension",
            target=object_name(node.get("object")),
            value=action,
            options=(("object", word(node.get("objtype", ""))),),
        )
    ]


def alter_role(node: Node, site: Site) -> list[Operation]:
    options = tuple((name, "" if name == "password" else value) for name, value in option_pairs(node.get("options")))
    return [Operation("alter-role", site.span, Name(role_name(node.get("role"))), object="role", options=options)]


def create_role(node: Node, site: Site) -> list[Operation]:
    options = tuple((name, "" if name == "password" else value) for name, value in option_pairs(node.get("options")))
    return [Operation("create-role", site.span, Name(node.get("role", "")), object="role", options=options)]


def _settings_of(kind: str, object_word: str) -> Handler:
    """ALTER ROLE or DATABASE … SET: later sessions start with the setting."""

    def handler(node: Node, site: Site) -> list[Operation]:
        owner = node.get("dbname") or role_name(node.get("role")) or "all"
        options = (("database", node["database"]),) if "database" in node else ()
        return [
            operation._replace(
                kind=kind, object=object_word, relation=Name(owner), options=(*options, ("action", operation.kind))
            )
            for operation in setting(node["setstmt"], site)
        ]

    return handler


def cast(node: Node, site: Site) -> list[Operation]:
    context = node.get("context", "").removeprefix("COERCION_").lower()
    source, target = convert_type(node["sourcetype"]), convert_type(node["targettype"])
    return [
        Operation(
            "create-object",
            site.span,
            Name(source.name, source.schema),
            object="cast",
            type=target,
            options=(("context", context),),
        )
    ]


def transform(node: Node, site: Site) -> list[Operation]:
    name = convert_type(node["type_name"])
    return [
        Operation(
            "create-object",
            site.span,
            Name(name.name, name.schema),
            object="transform",
            value=node.get("lang"),
            flags=_flags(node),
        )
    ]


def operator_class(kind: str, object_word: str, key: str) -> Handler:
    def handler(node: Node, site: Site) -> list[Operation]:
        return [Operation(kind, site.span, listed_name(node.get(key)), object=object_word, value=node.get("amname"))]

    return handler


def alter_operator(node: Node, site: Site) -> list[Operation]:
    name = listed_name(node.get("opername", {}).get("objname"))
    return [Operation("alter-object", site.span, name, object="operator", options=option_pairs(node.get("options")))]


def user_mapping(kind: str) -> Handler:
    def handler(node: Node, site: Site) -> list[Operation]:
        name = Name(role_name(node.get("user")))
        value = node.get("servername")
        return [Operation(kind, site.span, name, object="user-mapping", value=value, flags=_flags(node))]

    return handler


def event_trigger(node: Node, site: Site) -> list[Operation]:
    name = Name(node.get("trigname", ""))
    if "eventname" in node:
        return [Operation("create-object", site.span, name, object="event-trigger", value=node["eventname"])]
    flags = frozenset({"disable" if node.get("tgenabled") == "D" else "enable"})
    return [Operation("alter-object", site.span, name, object="event-trigger", flags=flags)]


def import_schema(node: Node, site: Site) -> list[Operation]:
    tables = tuple(relation_name(item["RangeVar"]) for item in node.get("table_list", ()))
    options = (("server", node.get("server_name", "")), ("remote-schema", node.get("remote_schema", "")))
    return [
        Operation(
            "create-object",
            site.span,
            Name(node.get("local_schema", "")),
            object="foreign-schema",
            reads=tables if node.get("list_type") == "FDW_IMPORT_SCHEMA_LIMIT_TO" else (),
            options=options,
        )
    ]


HANDLERS: dict[str, Handler] = {
    "CreateSchemaStmt": create_schema,
    "CreateExtensionStmt": _named("create-extension", "extension", "extname"),
    "AlterExtensionStmt": _named("alter-extension", "extension", "extname"),
    "AlterExtensionContentsStmt": extension_contents,
    "CreatePublicationStmt": publication,
    "AlterPublicationStmt": publication,
    "CreateSubscriptionStmt": subscription,
    "AlterSubscriptionStmt": subscription,
    "CreateRoleStmt": create_role,
    "AlterRoleStmt": alter_role,
    "AlterRoleSetStmt": _settings_of("alter-role", "role"),
    "CreatedbStmt": _named("create-database", "database", "dbname"),
    "AlterDatabaseStmt": _named("alter-database", "database", "dbname"),
    "AlterDatabaseRefreshCollStmt": _named("alter-database", "database", "dbname"),
    "AlterDatabaseSetStmt": _settings_of("alter-database", "database"),
    "CreateTableSpaceStmt": _named("create-tablespace", "tablespace", "tablespacename"),
    "AlterTableSpaceOptionsStmt": _named("alter-object", "tablespace", "tablespacename"),
    "CreateCastStmt": cast,
    "CreateTransformStmt": transform,
    "CreateOpClassStmt": operator_class("create-object", "operator-class", "opclassname"),
    "CreateOpFamilyStmt": operator_class("create-object", "operator-family", "opfamilyname"),
    "AlterOpFamilyStmt": operator_class("alter-object", "operator-family", "opfamilyname"),
    "AlterOperatorStmt": alter_operator,
    "CreateConversionStmt": _named("create-object", "conversion", "conversion_name"),
    "AlterCollationStmt": _named("alter-object", "collation", "collname"),
    "AlterTSConfigurationStmt": _named("alter-object", "text-search-configuration", "cfgname"),
    "AlterTSDictionaryStmt": _named("alter-object", "text-search-dictionary", "dictname"),
    "CreateUserMappingStmt": user_mapping("create-object"),
    "AlterUserMappingStmt": user_mapping("alter-object"),
    "CreateForeignServerStmt": _named("create-object", "server", "servername"),
    "AlterForeignServerStmt": _named("alter-object", "server", "servername"),
    "CreateFdwStmt": _named("create-object", "foreign-data-wrapper", "fdwname"),
    "AlterFdwStmt": _named("alter-object", "foreign-data-wrapper", "fdwname"),
    "CreateAmStmt": _named("create-object", "access-method", "amname"),
    "CreatePLangStmt": _named("create-object", "language", "plname"),
    "CreateEventTrigStmt": event_trigger,
    "AlterEventTrigStmt": event_trigger,
    "ImportForeignSchemaStmt": import_schema,
}
