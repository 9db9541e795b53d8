"""VACUUM, ANALYZE, CLUSTER, REINDEX, LOCK and TRUNCATE: parse-tree nodes come in, one operation a relation goes out."""

from safecol.frontends.postgresql.types import Node, Site, option_pairs, relation_name, texts
from safecol.operations import NO_FLAGS, Name, Operation

_LOCKS = (
    "",
    "ACCESS SHARE",
    "ROW SHARE",
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)
_VACUUM_FLAGS = {"verbose": "verbose", "analyze": "analyze"}


def vacuum(node: Node, site: Site) -> list[Operation]:
    options = option_pairs(node.get("options"))
    on = {name for name, value in options if value.lower() not in ("false", "off", "0")}
    kind = "analyze" if not node.get("is_vacuumcmd") else "vacuum-full" if "full" in on else "vacuum"
    flags = {flag for option, flag in _VACUUM_FLAGS.items() if option in on}
    relations = [item["VacuumRelation"] for item in node.get("rels", ())]
    if not relations:
        whole = frozenset(flags | {"whole-database"})
        return [Operation(kind, site.span, object="database", flags=whole, options=options)]
    operations = []
    for item in relations:
        columns = tuple(("column", name) for name in texts(item.get("va_cols")))
        more = flags | {"column-list"} if columns else flags
        if not item["relation"].get("inh"):
            more = more | {"only"}
        operations.append(
            Operation(
                kind, site.span, relation_name(item["relation"]), flags=frozenset(more), options=(*options, *columns)
            )
        )
    return operations


def cluster(node: Node, site: Site) -> list[Operation]:
    options = option_pairs(node.get("params"))
    flags = {"verbose"} if ("verbose", "true") in options else set()
    if "relation" not in node:
        flags.add("whole-database")
        return [Operation("cluster", site.span, object="database", flags=frozenset(flags), options=options)]
    relation = relation_name(node["relation"])
    index = Name(node["indexname"], relation.schema) if "indexname" in node else None
    return [Operation("cluster", site.span, relation, target=index, flags=frozenset(flags), options=options)]


def reindex(node: Node, site: Site) -> list[Operation]:
    options = option_pairs(node.get("params"))
    flags = {name for name, value in options if name in ("concurrently", "verbose") and value not in ("false", "off")}
    kind = node.get("kind", "").removeprefix("REINDEX_OBJECT_").lower()
    if kind in ("system", "database"):
        flags.add("whole-database")
    relation = relation_name(node["relation"]) if "relation" in node else None
    if relation is None and "name" in node:
        relation = Name(node["name"])
    if kind == "schema":
        flags.add("schema-wide")
    return [Operation("reindex", site.span, relation, object=kind, flags=frozenset(flags), options=options)]


def lock(node: Node, site: Site) -> list[Operation]:
    options = (("nowait", "true"),) if node.get("nowait") else ()
    return [
        Operation(
            "lock-table",
            site.span,
            relation_name(item["RangeVar"]),
            value=_LOCKS[node.get("mode", 8)],
            flags=NO_FLAGS if item["RangeVar"].get("inh") else frozenset({"only"}),
            options=options,
        )
        for item in node.get("relations", ())
    ]


def truncate(node: Node, site: Site) -> list[Operation]:
    flags = set()
    if node.get("restart_seqs"):
        flags.add("restart-identity")
    if node.get("behavior") == "DROP_CASCADE":
        flags.add("cascade")
    return [
        Operation(
            "truncate",
            site.span,
            relation_name(item["RangeVar"]),
            flags=frozenset(flags if item["RangeVar"].get("inh") else flags | {"only"}),
        )
        for item in node.get("relations", ())
    ]


HANDLERS = {
    "VacuumStmt": vacuum,
    "ClusterStmt": cluster,
    "ReindexStmt": reindex,
    "LockStmt": lock,
    "TruncateStmt": truncate,
}
