"""Types of columns as InnoDB stores them: a type and its character set in, family, size and width in bytes out."""

from safecol.expressions import TypeName, is_open
from safecol.records import NamedTuple

_SAME = {
    "integer": "int", "int4": "int", "middleint": "mediumint", "int3": "mediumint", "int8": "bigint",
    "int2": "smallint", "int1": "tinyint", "bool": "tinyint", "boolean": "tinyint", "dec": "decimal",
    "fixed": "decimal",
    "numeric": "decimal", "real": "double", "double precision": "double", "float8": "double", "float4": "float",
    "character": "char", "nchar": "char", "nvarchar": "varchar", "character varying": "varchar",
    "char byte": "binary", "long": "mediumtext", "long varchar": "mediumtext", "timestamptz": "timestamp",
    "timestampltz": "timestamp", "uint": "int unsigned", "ubigint": "bigint unsigned", "usmallint": "smallint unsigned",
    "utinyint": "tinyint unsigned", "umediumint": "mediumint unsigned", "udecimal": "decimal unsigned",
    "udouble": "double unsigned", "ufloat": "float unsigned", "serial": "bigint unsigned",
}  # fmt: skip
INTEGERS = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8}
_SIZED = frozenset({"varchar", "varbinary"})
_TEXTS = {"tinytext": 1, "text": 2, "mediumtext": 3, "longtext": 4}
_BLOBS = {"tinyblob": 1, "blob": 2, "mediumblob": 3, "longblob": 4}
CHARACTER = frozenset({"char", "varchar", "enum", "set", *_TEXTS})
LARGE = frozenset({*_TEXTS, *_BLOBS, "json"})
SPATIAL = frozenset(
    {
        "geometry",
        "point",
        "linestring",
        "polygon",
        "multipoint",
        "multilinestring",
        "multipolygon",
        "geometrycollection",
    }
)
_WIDTHS = {
    "utf8mb4": 4, "utf8mb3": 3, "utf8": 3, "ucs2": 2, "utf16": 4, "utf16le": 4, "utf32": 4, "gb18030": 4, "ujis": 3,
    "eucjpms": 3, "big5": 2, "gbk": 2, "gb2312": 2, "sjis": 2, "cp932": 2, "euckr": 2,
}  # fmt: skip


class Shape(NamedTuple):
    """`family` is the type's plain name; `size` its length, or precision and scale, or fractions of a second.

    `vague` is True where the size is a placeholder: it is then not known.
    """

    family: str
    size: tuple[int, ...] = ()
    unsigned: bool = False
    zerofill: bool = False
    labels: tuple[str, ...] = ()
    vague: bool = False


def shape(given: TypeName) -> Shape:
    """The type without its synonyms; display widths of integers are no part of it."""
    name = given.name.lower()
    words = name.split()
    marks = {str(part).lower() for part in given.modifiers if isinstance(part, str)}
    unsigned = "unsigned" in words or "unsigned" in marks
    zerofill = "zerofill" in words or "zerofill" in marks
    plain = " ".join(word for word in words if word not in ("unsigned", "zerofill", "signed"))
    known = _SAME.get(plain, plain)
    if known.endswith(" unsigned"):
        known, unsigned = known.removesuffix(" unsigned"), True
    numbers = tuple(part for part in given.modifiers if isinstance(part, int))
    if known in ("enum", "set"):
        return Shape(known, labels=tuple(str(part) for part in given.modifiers))
    if known in INTEGERS or known in ("year", "json") or known in SPATIAL or known in _BLOBS or known in _TEXTS:
        numbers = numbers if zerofill else ()
    if known == "decimal":
        numbers = (*numbers, *(10, 0)[len(numbers) :])
    if known in ("char", "binary", "bit") and not numbers:
        numbers = (1,)
    if known in ("datetime", "timestamp", "time") and numbers == (0,):
        numbers = ()
    if known == "float":
        # FLOAT(25) and up is a double.
        if len(numbers) == 1 and numbers[0] > 24:
            known = "double"
        numbers = ()
    if known == "double":
        numbers = ()
    return Shape(known, numbers, unsigned or zerofill, zerofill, vague=is_open(given) and known not in INTEGERS)


def width(charset: str) -> int:
    """The most bytes that a character takes."""
    return _WIDTHS.get(charset.lower(), 1)


def storage(one: Shape) -> int:
    """The bytes that a value of ENUM or SET takes."""
    count = len(one.labels)
    if one.family == "enum":
        return 1 if count < 256 else 2
    return next(size for bits, size in ((8, 1), (16, 2), (24, 3), (32, 4), (10**9, 8)) if count <= bits)


def same_storage(old: Shape, new: Shape) -> bool:
    """Whether values are stored alike, character sets aside."""
    if old.family in ("enum", "set"):
        return old == new
    return old == new


def narrows(old: Shape, new: Shape) -> bool | None:
    """Whether values that fit the old type may not fit the new one; None where that isn't told."""
    if (old.vague or new.vague) and (old.family == new.family or new.vague or None not in (_length(old), _length(new))):
        return None
    if old == new:
        return False
    if old.family in INTEGERS and new.family in INTEGERS:
        smaller = INTEGERS[new.family] < INTEGERS[old.family]
        return (
            smaller
            or (new.unsigned and not old.unsigned)
            or (old.unsigned and not new.unsigned and INTEGERS[new.family] <= INTEGERS[old.family])
        )
    if old.family in INTEGERS and new.family == "decimal":
        digits = len(str((1 << (8 * INTEGERS[old.family] - (not old.unsigned))) - 1))
        return new.size[0] - new.size[1] < digits or (new.unsigned and not old.unsigned)
    if old.family == "decimal" and new.family == "decimal":
        whole = new.size[0] - new.size[1] < old.size[0] - old.size[1]
        return whole or new.size[1] < old.size[1] or (new.unsigned and not old.unsigned)
    if old.family in ("decimal", "float", "double") and new.family in INTEGERS:
        return True
    lengths = (_length(old), _length(new))
    if None not in lengths:
        return lengths[1] < lengths[0]  # type: ignore[operator]  # both are numbers now
    if old.family in ("enum", "set") and old.family == new.family:
        return not set(old.labels) <= set(new.labels)
    if old.family in ("datetime", "timestamp") and new.family in ("date", "time", "timestamp"):
        return True
    if old.family == "double" and new.family == "float":
        return True
    if (old.family in CHARACTER and new.family not in CHARACTER) or new.family in ("enum", "set"):
        return True
    if old.family in INTEGERS and new.family == "bit":
        return new.size[0] < 8 * INTEGERS[old.family]
    return None


def _length(one: Shape) -> int | None:
    if one.family in ("varchar", "char", "varbinary", "binary") and one.size:
        return one.size[0]
    if one.family in _TEXTS or one.family in _BLOBS:
        return int(256 ** {**_TEXTS, **_BLOBS}[one.family]) - 1
    return None


def alike(old: TypeName, new: TypeName, *, native_json: bool) -> bool:
    """Whether drivers hand out values of both types as the same kind; JSON is text where it is no type of its own."""
    one, other = shape(old), shape(new)
    if _boolean(old, one) != _boolean(new, other):
        return False
    names = [_KINDS.get(each.family, each.family) for each in (one, other)]
    if not native_json:
        names = ["text" if name == "json" else name for name in names]
    return names[0] == names[1] and (one.family not in INTEGERS or one.unsigned == other.unsigned)


_KINDS = {
    **dict.fromkeys(CHARACTER, "text"),
    **dict.fromkeys(("binary", "varbinary", *_BLOBS), "bytes"),
    **dict.fromkeys(SPATIAL, "geometry"),
    "timestamp": "datetime",
}


def _boolean(written: TypeName, one: Shape) -> bool:
    """TINYINT(1) and BOOLEAN are true and false to most drivers."""
    return one.family == "tinyint" and (written.modifiers[:1] == (1,) or written.name.lower().startswith("bool"))
