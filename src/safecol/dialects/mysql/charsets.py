"""Character sets and collations as a column gets them: its own words, its table's and the server's in, names out."""

from collections.abc import Mapping

from safecol.context import Context
from safecol.records import NamedTuple


class Text(NamedTuple):
    """The character set and collation of a column; None where nothing says them."""

    charset: str | None
    collation: str | None


def charset_name(written: str) -> str:
    """The name of today: `utf8` was and is `utf8mb3`."""
    lower = written.lower().strip("'\"`")
    return "utf8mb3" if lower == "utf8" else lower


def collation_name(written: str) -> str:
    """The name of today."""
    lower = written.lower().strip("'\"`")
    return f"utf8mb3_{lower[5:]}" if lower.startswith("utf8_") else lower


def default_collation(context: Context, charset: str) -> str:
    """The collation that a character set has where none is written."""
    if charset == "binary":
        return "binary"
    if charset == "utf8mb4":
        if context.dialect == "mysql":
            return "utf8mb4_0900_ai_ci" if context.version >= 80001 else "utf8mb4_general_ci"
        return "utf8mb4_uca1400_ai_ci" if context.version >= 110600 else "utf8mb4_general_ci"
    return {"latin1": "latin1_swedish_ci", "latin2": "latin2_general_ci", "big5": "big5_chinese_ci",
            "gbk": "gbk_chinese_ci", "sjis": "sjis_japanese_ci", "ujis": "ujis_japanese_ci"}.get(
        charset, f"{charset}_general_ci"
    )  # fmt: skip


def of_table(context: Context, options: Mapping[str, str]) -> Text:
    """What columns of a table get that say nothing themselves."""
    return text(context, options.get("charset"), options.get("collation"), Text(None, None))


def text(context: Context, charset: str | None, collation: str | None, around: Text) -> Text:
    """What a column (or table) has that says this, in a table (or database) that has the other."""
    if collation:
        name = collation_name(collation)
        return Text(charset_name(charset) if charset else name.partition("_")[0], name)
    if charset:
        name = charset_name(charset)
        return Text(name, default_collation(context, name))
    return around
