"""What queries read: SELECT, DML and parsed bodies come in; relations, columns, calls and literals go out."""

from collections.abc import Iterator
from typing import Any

from safecol.expressions import TypeName
from safecol.frontends.postgresql.types import Node, convert_type, relation_name, text_of, texts
from safecol.operations import Name, QueryUse
from safecol.records import NamedTuple

DATA_STATEMENTS = frozenset({"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_MOST_LITERALS = 50


class Reading(NamedTuple):
    """Everything that a query mentions, in the order met."""

    relations: dict[Name, None]
    columns: dict[tuple[str | None, str], None]
    calls: dict[str, None]
    literals: list[str]
    stars: list[bool]
    changes: list[Node]


class Scope(NamedTuple):
    """Names of FROM items (None: a subquery, function or common table expression), the CTEs, and the outer scope."""

    items: dict[str, Name | None]
    tables: dict[str, None]
    outer: "Scope | None"


def read(node: Any, relations: tuple[Node, ...] = ()) -> Reading:
    """Walk a statement, a list or an expression; `relations` are the tables that its columns may belong to."""
    reading = Reading({}, {}, {}, [], [], [])
    scope = Scope({}, {}, None)
    for relation in relations:
        name = relation_name(relation)
        scope.items[relation.get("alias", {}).get("aliasname") or name.name] = name
    _visit(node, scope, reading)
    return reading


def query_use(node: Any, relations: tuple[Node, ...] = ()) -> QueryUse:
    """The QueryUse of a query node; `relations` as in `read`."""
    try:
        reading = read(node, relations)
    except RecursionError:
        return QueryUse(star=True)
    return use_of(reading, outputs(node))


def use_of(reading: Reading, names: tuple[str | None, ...] = ()) -> QueryUse:
    """The QueryUse of a reading."""
    return QueryUse(tuple(reading.relations), tuple(reading.columns), bool(reading.stars), names)


def outputs(node: Any) -> tuple[str | None, ...]:
    """The names of a query's columns: `*` for a star, None where the server makes one up."""
    if not isinstance(node, dict):
        return ()
    select = node.get("SelectStmt", node)
    while "larg" in select:
        select = select["larg"]
    if "valuesLists" in select:
        return tuple(f"column{at + 1}" for at in range(len(select["valuesLists"][0]["List"].get("items", ()))))
    targets = select.get("targetList") or select.get("returningClause", {}).get("exprs", ())
    return tuple(_output(target["ResTarget"]) for target in targets if "ResTarget" in target)


def sources(node: Node) -> tuple[TypeName | tuple[Name, str] | None, ...]:
    """What the columns of a plain SELECT are: the type of a cast, or a column of a relation; None is all else."""
    select = node.get("SelectStmt", node)
    if "larg" in select or "valuesLists" in select:
        return ()
    tables: dict[str, Name | None] = {}
    pending = list(select.get("fromClause", ()))
    while pending:
        item = pending.pop()
        if "JoinExpr" in item:
            pending += [item["JoinExpr"][side] for side in ("larg", "rarg") if side in item["JoinExpr"]]
        elif "RangeVar" in item:
            name = relation_name(item["RangeVar"])
            alias = item["RangeVar"].get("alias", {})
            tables[alias.get("aliasname", name.name)] = None if "colnames" in alias else name
        else:
            tables[f"{len(tables)}"] = None
    given = {each["CommonTableExpr"]["ctename"] for each in select.get("withClause", {}).get("ctes", ())}
    tables = {alias: None if name and name.schema is None and name.name in given else name
              for alias, name in tables.items()}  # fmt: skip
    return tuple(_source(target["ResTarget"].get("val", {}), tables) for target in select.get("targetList", ()))


def _source(value: Node, tables: dict[str, Name | None]) -> TypeName | tuple[Name, str] | None:
    if "TypeCast" in value:
        return convert_type(value["TypeCast"]["typeName"])
    fields = value.get("ColumnRef", {}).get("fields", ())
    if not fields or any("String" not in field for field in fields) or len(fields) > 2:
        return None
    parts = texts(fields)
    # Alone, a column is this table's only where no other relation could have it.
    name = tables.get(parts[0]) if len(parts) == 2 else next(iter(tables.values())) if len(tables) == 1 else None
    return (name, parts[-1]) if name is not None else None


def _output(target: Node) -> str | None:
    if "name" in target:
        return str(target["name"])
    value = target.get("val")
    while value:
        kind, content = next(iter(value.items()))
        if kind == "ColumnRef":
            last = content["fields"][-1]
            return text_of(last) if "String" in last else "*"
        if kind == "FuncCall":
            return texts(content.get("funcname"))[-1]
        if kind in ("CoalesceExpr", "RowExpr"):
            return "coalesce" if kind == "CoalesceExpr" else "row"
        if kind == "A_Indirection":
            fields = texts(content.get("indirection"))
            if fields:
                return fields[-1]
        value = content.get("arg") if kind in ("TypeCast", "A_Indirection", "CollateClause") else None
    return None


def _visit(value: Any, scope: Scope, reading: Reading) -> None:
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, list):
            pending.extend(reversed(current))
            continue
        if not isinstance(current, dict):
            continue
        below = []
        for kind, content in current.items():
            if kind in DATA_STATEMENTS:
                _enter(kind, content, scope, reading)
            elif kind == "ColumnRef":
                _column(content, scope, reading)
            elif kind == "A_Const":
                if "sval" in content and len(reading.literals) < _MOST_LITERALS:
                    reading.literals.append(content["sval"].get("sval", ""))
            elif kind == "RangeSubselect" and not content.get("lateral"):  # does not see its siblings
                _visit(content.get("subquery"), Scope({}, scope.tables, scope.outer), reading)
            elif kind == "RangeVar":
                _relation(content, scope, reading)
            elif kind in ("TypeName", "typeName"):
                continue
            else:
                if kind == "FuncCall":
                    names = texts(content.get("funcname"))
                    reading.calls[".".join(name for name in names if name != "pg_catalog")] = None
                elif kind == "JoinExpr":
                    reading.columns.update(dict.fromkeys((None, name) for name in texts(content.get("usingClause"))))
                if isinstance(content, (dict, list)):
                    below.append(content)
        pending.extend(reversed(below))


def _relation(node: Node, scope: Scope, reading: Reading) -> None:
    if not node.get("schemaname") and _is_common_table(node.get("relname", ""), scope):
        return
    reading.relations[relation_name(node)] = None


def _is_common_table(name: str, scope: Scope | None) -> bool:
    while scope is not None:
        if name in scope.tables:
            return True
        scope = scope.outer
    return False


def _column(node: Node, scope: Scope, reading: Reading) -> None:
    fields = node.get("fields", ())
    parts = texts(fields)
    if len(parts) < len(fields):
        reading.stars.append(True)
        return
    if len(parts) == 1:
        _bare_column(parts[0], scope, reading)
        return
    qualifier, column = parts[-2], parts[-1]
    current: Scope | None = scope
    while current is not None:
        if qualifier in current.items:
            name = current.items[qualifier]
            if name is not None:
                reading.columns[(str(name), column)] = None
            return
        current = current.outer
    reading.columns[(None, column)] = None


def _bare_column(column: str, scope: Scope, reading: Reading) -> None:
    if column in scope.items:  # a whole row: `SELECT t FROM t`; a column of that name is as likely
        reading.stars.append(True)
    names = set(scope.items.values())
    certain = len(names) == 1 and not _sees_outer(scope)
    name = next(iter(names)) if certain else None
    if certain and name is None:
        return
    reading.columns[(str(name) if name is not None else None, column)] = None


def _sees_outer(scope: Scope) -> bool:
    """Whether a bare name may belong to a query around this one."""
    outer = scope.outer
    while outer is not None:
        if outer.items:
            return True
        outer = outer.outer
    return False


def _from_items(value: Any) -> Iterator[tuple[str, Node | None]]:
    """(visible name, RangeVar or None) of each FROM item, joins included."""
    pending = list(value) if isinstance(value, list) else [value]
    while pending:
        item = pending.pop()
        kind, content = next(iter(item.items()))
        if kind == "RangeVar":
            yield content.get("alias", {}).get("aliasname") or content.get("relname", ""), content
        elif kind == "JoinExpr":
            pending += [content["larg"], content["rarg"]]
            if "alias" in content:
                yield content["alias"].get("aliasname", ""), None
        elif kind == "RangeTableSample":
            pending.append(content["relation"])
        elif "alias" in content:
            yield content["alias"].get("aliasname", ""), None
        else:
            yield "", None


def _enter(kind: str, node: Node, outer: Scope, reading: Reading) -> None:
    scope = Scope({}, {}, outer)
    clause = node.get("withClause")
    if clause:
        recursive = clause.get("recursive")
        for entry in clause.get("ctes", ()):
            table = entry["CommonTableExpr"]
            if recursive:
                scope.tables[table["ctename"]] = None
            query = table["ctequery"]
            inner = next(iter(query))
            _enter(inner, query[inner], Scope({}, scope.tables, outer), reading)
            if inner != "SelectStmt":
                reading.changes.append(query)
            scope.tables[table["ctename"]] = None
    target = node.get("relation")
    if target and kind != "SelectStmt":
        name = relation_name(target)
        scope.items[target.get("alias", {}).get("aliasname") or name.name] = name
        reading.relations[name] = None
        if kind == "InsertStmt":
            scope.items["excluded"] = name
    for key in ("fromClause", "usingClause", "sourceRelation"):
        if key in node:
            for visible, relation in _from_items(node[key]):
                known = relation is not None and (
                    relation.get("schemaname") or not _is_common_table(relation["relname"], scope)
                )
                scope.items[visible] = relation_name(relation) if relation is not None and known else None
    aliases = {target["ResTarget"].get("name") for target in node.get("targetList", ()) if "ResTarget" in target}
    for key, value in node.items():
        if key in ("withClause", "relation", "intoClause"):
            continue
        if key == "larg":
            for leaf in _leaves(node):
                _enter("SelectStmt", leaf, scope, reading)
        elif key == "rarg":
            continue
        elif key == "selectStmt":
            _visit(value, Scope({}, scope.tables, outer), reading)
        elif key in ("sortClause", "groupClause") and kind == "SelectStmt":
            _visit([item for item in value if not _is_alias(item, aliases)], scope, reading)
        elif isinstance(value, (dict, list)):
            _visit(value, scope, reading)


def _leaves(node: Node) -> Iterator[Node]:
    """The queries that a set operation joins; a chain of thousands nests to the left, so without recursion."""
    pending = [node["rarg"], node["larg"]]
    while pending:
        current = pending.pop()
        if "larg" in current and not ({"withClause", "sortClause", "limitCount"} & current.keys()):
            pending += [current["rarg"], current["larg"]]
        else:
            yield current


def _is_alias(item: Node, aliases: set[Any]) -> bool:
    node = item.get("SortBy", {}).get("node", item)
    fields = texts(node.get("ColumnRef", {}).get("fields")) if isinstance(node, dict) else ()
    return len(fields) == 1 and fields[0] in aliases
