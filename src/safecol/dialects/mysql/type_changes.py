"""What MODIFY and CHANGE do to a column: old column and new definition in, words of effects.toml out."""

from safecol.context import Context
from safecol.dialects.mysql import charsets, types
from safecol.dialects.mysql.charsets import Text
from safecol.operations import ColumnDefinition
from safecol.schema import Column, Table
from safecol.trace import Fact

Facts = dict[str, Fact]


def type_change(context: Context, key: str, old: Column | None, new: ColumnDefinition) -> str:
    """What changing the type costs.

    `none`; `append` (values at the end of an ENUM or SET); `extend` (a longer VARCHAR whose length takes as many
    bytes); `labels` (an ENUM or SET in another character set or collation); `crossing-short` and `crossing` (one more
    byte, from at most 127 bytes or from more); `collation` and `charset` (the bytes of values stay),
    `indexed-collation` and `indexed-charset` the same of an indexed column; `copy`; `unknown`, because the old type or
    its character set was never seen, or a length isn't known.
    """
    if old is None or old.type is None:
        return "unknown"
    before, after = types.shape(old.type), types.shape(new.type)
    if before.family in types.SPATIAL and "srid" in dict(new.options):
        return "copy"
    if (before.vague or after.vague) and before.family == after.family:
        return "unknown"
    if before.family not in types.CHARACTER or after.family not in types.CHARACTER:
        return _plain(before, after)
    table = context.schema.tables.get(key)
    options = dict(table.options) if table is not None else {}
    around = charsets.of_table(context, options)
    one = charsets.text(context, old.charset, old.collation, around)
    other = charsets.text(context, new.charset, new.collation, around)
    recoded = _recoded(context, key, old.name, one, other)
    if recoded == "copy" and before.family not in ("enum", "set"):
        return "copy"
    cost = _characters(before, after, one, other)
    if cost in ("copy", "unknown"):
        return cost
    if recoded == "none":
        return cost
    if before.family in ("enum", "set"):
        return "labels"
    return recoded if cost in ("none", "extend") else "copy"


def _plain(before: types.Shape, after: types.Shape) -> str:
    if types.same_storage(before, after):
        return "none"
    if before.family == after.family == "varbinary":
        return _longer(before.size[0] if before.size else 1, after.size[0] if after.size else 1)
    return "copy"


def _longer(old: int, new: int) -> str:
    """Of a length in bytes: up to 255 it takes one byte to store."""
    if new == old:
        return "none"
    if new < old:
        return "copy"
    if old <= 255 < new:
        return "crossing-short" if old <= 127 else "crossing"
    return "extend"


def _characters(before: types.Shape, after: types.Shape, one: Text, other: Text) -> str:
    if before.family != after.family:
        return "copy"
    if before.family in ("enum", "set"):
        if before.labels == after.labels:
            return "none"
        appended = after.labels[: len(before.labels)] == before.labels
        return "append" if appended and types.storage(before) == types.storage(after) else "copy"
    if before.family != "varchar" or not before.size or not after.size:
        return "copy" if before != after else "none"  # a longer CHAR moves every row
    if after.size[0] < before.size[0]:
        return "copy"
    if one.charset is not None and other.charset is not None:
        return _longer(before.size[0] * types.width(one.charset), after.size[0] * types.width(other.charset))
    costs = {_longer(before.size[0] * wide, after.size[0] * wide) for wide in (1, 3, 4)}
    return costs.pop() if len(costs) == 1 else "unknown"


def _recoded(context: Context, key: str, column: str, one: Text, other: Text) -> str:
    """What another character set or collation costs: `none` where it is the same, as far as is known."""
    if one == other or one.charset is None or other.charset is None:
        return "none" if one == other else "copy"
    indexed = any(
        element.column == column
        for index in context.schema.indexes_of(key)
        for element in index.definition.elements
        if index.definition.method != "fulltext"
    )
    if one.charset != other.charset:
        if {one.charset, other.charset} == {"utf8mb3", "utf8mb4"} and other.charset == "utf8mb4":
            same = (one.collation or "").removeprefix("utf8mb3") == (other.collation or "").removeprefix("utf8mb4")
            if indexed:
                return "indexed-charset" if same else "indexed-collation"
            return "charset"
        return "copy"
    return "indexed-collation" if indexed else "collation"


def conversion(context: Context, table: Table | None, charset: str | None, collation: str | None) -> str:
    """What CONVERT TO CHARACTER SET costs: `none` without columns of text, else the dearest of its columns.

    A wider character set makes TEXT a MEDIUMTEXT, so that it holds as many characters: a copy.
    """
    if table is None or not table.complete:
        return "unknown"
    options = dict(table.options)
    around = charsets.of_table(context, options)
    if charset is None or charset.lower() == "default":
        return "unknown"
    wanted = charsets.text(context, charset, collation, around)
    costs = {"none"}
    for column in table.columns.values():
        if column.type is None:
            return "unknown"
        one = types.shape(column.type)
        if one.family not in types.CHARACTER:
            continue
        old = charsets.text(context, column.charset, column.collation, around)
        if old.charset is None:
            costs.add("unknown")
            continue
        costs.add(_converted(context, table.name, column.name, one, old, wanted))
    order = (
        "none",
        "same",
        "labels",
        "collation",
        "charset",
        "fixed",
        "indexed-charset",
        "indexed-collation",
        "unknown",
        "copy",
    )
    return max(costs, key=order.index)


_WIDENED = frozenset({"tinytext", "text", "mediumtext"})


def _converted(context: Context, key: str, column: str, one: types.Shape, old: Text, wanted: Text) -> str:
    """Of one column; `fixed` are those whose values are not of a VARCHAR: CHAR, and TEXT that stays what it is."""
    if old == wanted:
        return "same"
    if one.family in ("enum", "set"):
        return "labels"
    recoded = _recoded(context, key, column, old, wanted)
    if recoded == "copy" or (one.family in _WIDENED and old.charset != wanted.charset):
        return "copy"
    if one.family != "varchar":
        return "fixed" if not recoded.startswith("indexed") else recoded
    return recoded if _characters(one, one, old, wanted) in ("none", "extend") else "copy"


def change_facts(context: Context, key: str, old: Column | None, new: ColumnDefinition, found: Facts) -> None:
    """What else of the column is another: whether it may hold NULL, its number, its expression, its place."""
    found["change_word"] = type_change(context, key, old, new)
    table = context.schema.tables.get(key)
    in_key = table is not None and any(
        (item.definition.kind == "primary-key" and new.name in item.definition.columns)
        or (item.definition.kind == "primary-key" and old is not None and old.name in item.definition.columns)
        for item in table.constraints.values()
    )
    found["nullability"] = _nullability(old, new, in_key=in_key)
    if old is None or old.type is None:
        found["numbering"] = "unknown" if new.identity is not None else "same"
        found["generation"] = "same" if new.generated is None else "unknown"
    else:
        counted, counts = _counts(old.identity, serial=old.serial), _counts(new.identity, serial=new.serial)
        found["numbering"] = "same" if counted == counts else "added" if counts else "removed"
        found["generation"] = _generation(old, new)
    found["moved"] = _moved(table, old, new)
    found["narrowing"] = None
    found["narrowed_charset"] = _narrowed(context, key, old, new)
    if old is not None and old.type is not None:
        found["old_type"] = old.type.name
        _labels(types.shape(old.type), types.shape(new.type), found)
        found["narrowing"] = types.narrows(types.shape(old.type), types.shape(new.type))


def _narrowed(context: Context, key: str, old: Column | None, new: ColumnDefinition) -> str | None:
    """The two character sets where the new one has fewer characters; None where it has not, or that isn't known."""
    if old is None or old.type is None or types.shape(new.type).family not in types.CHARACTER:
        return None
    if types.shape(old.type).family not in types.CHARACTER:
        return None
    table = context.schema.tables.get(key)
    around = charsets.of_table(context, dict(table.options) if table is not None else {})
    one = charsets.text(context, old.charset, old.collation, around).charset
    other = charsets.text(context, new.charset, new.collation, around).charset
    return f"{one} to {other}" if narrower(one, other) else None


def narrower(one: str | None, other: str | None) -> bool:
    """Whether a character set lacks characters of another: the Unicode ones hold all, `utf8mb3` those of 3 bytes."""
    if one is None or other is None or one == other:
        return False
    order = {"utf8mb4": 3, "utf16": 3, "utf16le": 3, "utf32": 3, "gb18030": 3, "utf8mb3": 2, "ucs2": 2, "binary": 4}
    if one == "ascii":
        return False
    return order.get(other, 1) < order.get(one, 1) or (one not in order and other not in order)


def _labels(old: types.Shape, new: types.Shape, found: Facts) -> None:
    if old.family != new.family or old.family not in ("enum", "set"):
        return
    kept = [label for label in old.labels if label in new.labels]
    removed = [label for label in old.labels if label not in new.labels]
    found["removed_labels"] = ", ".join(removed) or None
    found["added_labels"] = ", ".join(label for label in new.labels if label not in old.labels) or None
    found["reordered_labels"] = not removed and list(new.labels[: len(kept)]) != kept


def _counts(identity: str | None, *, serial: bool) -> bool:
    return identity is not None or serial


def _nullability(old: Column | None, new: ColumnDefinition, *, in_key: bool) -> str:
    if in_key:
        return "same"
    if old is None or old.nullable is None:
        return "unknown"
    if old.nullable == new.nullable:
        return "same"
    return "required" if old.nullable else "optional"


def _generation(old: Column, new: ColumnDefinition) -> str:
    if old.generated is None and new.generated is None:
        return "same"
    if old.generated != new.generated:
        return "refused" if "virtual" in (old.generated, new.generated) else "changed"
    return "same" if old.expression == new.expression else f"{new.generated}-changed"


def _moved(table: Table | None, old: Column | None, new: ColumnDefinition) -> bool:
    if not new.first and new.after is None:
        return False
    if table is None or not table.complete or old is None or old.name not in table.columns:
        return True
    names = list(table.columns)
    at = names.index(old.name)
    return at != 0 if new.first else not (at > 0 and names[at - 1] == new.after)
