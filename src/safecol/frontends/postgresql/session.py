"""Transactions, settings and the session: parse-tree nodes come in, operations go out."""

from safecol.frontends.postgresql.types import Node, Site, constant_text, option_pairs, relation_name
from safecol.operations import NO_FLAGS, Operation

_TRANSACTIONS = {
    "TRANS_STMT_BEGIN": "begin",
    "TRANS_STMT_START": "begin",
    "TRANS_STMT_COMMIT": "commit",
    "TRANS_STMT_ROLLBACK": "rollback",
    "TRANS_STMT_SAVEPOINT": "savepoint",
    "TRANS_STMT_RELEASE": "release",
    "TRANS_STMT_ROLLBACK_TO": "rollback-to",
    "TRANS_STMT_PREPARE": "prepare-transaction",
    "TRANS_STMT_COMMIT_PREPARED": "prepare-transaction",
    "TRANS_STMT_ROLLBACK_PREPARED": "prepare-transaction",
}
_PREPARED = {"TRANS_STMT_COMMIT_PREPARED": "commit", "TRANS_STMT_ROLLBACK_PREPARED": "rollback"}


def transaction(node: Node, site: Site) -> list[Operation]:
    """COMMIT PREPARED and ROLLBACK PREPARED end another transaction: they keep the kind of PREPARE TRANSACTION."""
    kind = node.get("kind", "")
    if kind not in _TRANSACTIONS:
        site.missed(f"TransactionStmt with {kind}")
        return []
    options = option_pairs(node.get("options"))
    if kind in _PREPARED:
        options = (("then", _PREPARED[kind]),)
    return [
        Operation(
            _TRANSACTIONS[kind],
            site.span,
            object="transaction",
            value=node.get("savepoint_name") or node.get("gid"),
            flags=frozenset({"chained"}) if node.get("chain") else NO_FLAGS,
            options=options,
        )
    ]


def setting(node: Node, site: Site) -> list[Operation]:
    """SET and RESET: `new_name` is the setting's name in lower case, `value` its text."""
    kind, name = node.get("kind"), node.get("name", "").lower()
    flags = frozenset({"local"}) if node.get("is_local") else NO_FLAGS
    base = Operation("set", site.span, object="setting", new_name=name, flags=flags)
    if kind == "VAR_RESET_ALL":
        return [base._replace(kind="reset", new_name="all")]
    if kind in ("VAR_RESET", "VAR_SET_DEFAULT"):
        return [base._replace(kind="reset")]
    if kind == "VAR_SET_MULTI":
        if name == "transaction":  # SET TRANSACTION holds for the transaction only
            flags = frozenset({"local"})
        prefix = "" if name == "transaction" else "default_"
        return [
            base._replace(new_name=f"{prefix}{option}", value=value, flags=flags)
            for option, value in option_pairs(node.get("args"))
        ] or [base]
    if kind == "VAR_SET_CURRENT":
        return [base._replace(value="current")]
    return [base._replace(value=setting_value(node))]


def setting_value(node: Node) -> str:
    """The value of a VariableSetStmt as SQL would see it; a list is joined with commas."""
    return ", ".join(constant_text(item) or "" for item in node.get("args", ()))


def constraints(node: Node, site: Site) -> list[Operation]:
    names = [str(relation_name(item["RangeVar"])) for item in node.get("constraints", ())]
    options = (("deferred", "true" if node.get("deferred") else "false"),)
    return [
        Operation("set-constraints", site.span, object="constraint", value=name, options=options)
        for name in names or ["all"]
    ]


def discard(node: Node, site: Site) -> list[Operation]:
    value = node.get("target", "").removeprefix("DISCARD_").lower()
    return [Operation("discard", site.span, object="session", value=value)]


def listen(node: Node, site: Site) -> list[Operation]:
    return [Operation("listen", site.span, object="channel", value=node.get("conditionname") or "*")]


def show(node: Node, site: Site) -> list[Operation]:
    return [Operation("select", site.span, object="setting", new_name=node.get("name"))]


def checkpoint(_: Node, site: Site) -> list[Operation]:
    return [Operation("checkpoint", site.span, object="system")]


def load(node: Node, site: Site) -> list[Operation]:
    return [Operation("alter-object", site.span, object="library", value=node.get("filename"))]


def alter_system(node: Node, site: Site) -> list[Operation]:
    return [
        operation._replace(kind="alter-system", object="system", options=(("action", operation.kind),))
        for operation in setting(node["setstmt"], site)
    ]


HANDLERS = {
    "TransactionStmt": transaction,
    "VariableSetStmt": setting,
    "VariableShowStmt": show,
    "ConstraintsSetStmt": constraints,
    "DiscardStmt": discard,
    "ListenStmt": listen,
    "UnlistenStmt": listen,
    "NotifyStmt": listen,
    "CheckPointStmt": checkpoint,
    "LoadStmt": load,
    "AlterSystemStmt": alter_system,
}
