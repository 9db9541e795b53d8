"""Views, materialized views and tables made from queries: parse-tree nodes come in, operations go out."""

from safecol.frontends.postgresql.queries import outputs, query_use, sources
from safecol.frontends.postgresql.tables import persistence
from safecol.frontends.postgresql.types import Node, Site, option_pairs, relation_name, texts
from safecol.operations import Operation, QueryUse


def _query(query: Node, names: tuple[str, ...]) -> QueryUse:
    """What a defining query reads; written column names take the place of its first outputs."""
    use = query_use(query)
    found = outputs(query)
    return use._replace(outputs=(*names, *found[len(names) :]))


def _persistence(relation: Node) -> set[str]:
    kind = persistence(relation)
    return set() if kind == "permanent" else {kind}


def create_view(node: Node, site: Site) -> list[Operation]:
    query = _query(node["query"], texts(node.get("aliases")))._replace(sources=sources(node["query"]))
    flags = _persistence(node["view"])
    if node.get("replace"):
        flags.add("or-replace")
    options = list(option_pairs(node.get("options")))
    check = node.get("withCheckOption", "NO_CHECK_OPTION")
    if check != "NO_CHECK_OPTION":
        options.append(("check_option", check.removesuffix("_CHECK_OPTION").lower()))
    return [
        Operation(
            "create-view",
            site.span,
            relation_name(node["view"]),
            object="view",
            query=query,
            reads=query.relations,
            flags=frozenset(flags),
            options=tuple(options),
        )
    ]


def create_from_query(node: Node, site: Site) -> list[Operation]:
    """CREATE TABLE AS and CREATE MATERIALIZED VIEW; the changes in the query's WITH clauses come first."""
    into = node["into"]
    flags = _persistence(into["rel"])
    if node.get("if_not_exists"):
        flags.add("if-not-exists")
    if into.get("skipData"):
        flags.add("no-data")
    materialized = node.get("objtype") == "OBJECT_MATVIEW"
    query = _query(node["query"], texts(into.get("colNames")))
    options = list(option_pairs(into.get("options")))
    if "tableSpaceName" in into:
        options.append(("tablespace", into["tableSpaceName"]))
    if "ExecuteStmt" in node["query"]:
        options.append(("execute", node["query"]["ExecuteStmt"].get("name", "")))
    return [
        *_changes(node["query"], site),
        Operation(
            "create-materialized-view" if materialized else "create-table-as",
            site.span,
            relation_name(into["rel"]),
            object="materialized-view" if materialized else "table",
            query=query,
            reads=query.relations,
            flags=frozenset(flags),
            options=tuple(options),
        ),
    ]


def _changes(query: Node, site: Site) -> list[Operation]:
    from safecol.frontends.postgresql.data import convert_query

    select = query.get("SelectStmt")
    if select is None or "withClause" not in select:
        return []
    return [operation for operation in convert_query(query, site) if operation.object != "query"]


def refresh(node: Node, site: Site) -> list[Operation]:
    flags = set()
    if node.get("concurrent"):
        flags.add("concurrently")
    if node.get("skipData"):
        flags.add("no-data")
    name = relation_name(node["relation"])
    return [Operation("refresh-view", site.span, name, object="materialized-view", flags=frozenset(flags))]


HANDLERS = {"ViewStmt": create_view, "CreateTableAsStmt": create_from_query, "RefreshMatViewStmt": refresh}
