"""A file and names that are gone come in; where its models and query builders declare or name them goes out.

Each mapper writes the name of a table and of a column in ways of its own: the table of `FORMS` holds them.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from safecol.code.gone import Gone
from safecol.code.naming import snake, tables
from safecol.code.sql import Place, same
from safecol.patterns import lazy
from safecol.records import NamedTuple

_M = re.MULTILINE
_Q = "[\"'`]"


class Form(NamedTuple):
    """How one mapper writes a model: `head` finds its beginning, with the groups `table` or `model`.

    `named` finds the table's name in the model where the head doesn't say it; `closing` ends it (None: the brace that
    closes the head's). `columns` find columns with the group `column` (the name), or `attribute` (what a mapper makes
    a name of). `defaults` are the names of tables that a model without one may stand for; `declares` is whether such a
    model needs its table even where none of its columns is read or written.
    """

    head: "re.Pattern[str]"
    columns: tuple["re.Pattern[str]", ...]
    named: "re.Pattern[str] | None" = None
    closing: "re.Pattern[str] | None" = None
    defaults: Callable[[str], frozenset[str]] | None = None
    declares: bool = True


_PRISMA = Form(
    lazy(r"^(?:model|view)\s+(?P<model>\w+)\s*\{", _M),
    (
        lazy(r"^[ \t]+\w+[ \t]+(?!.*@relation\()[^\n]*?@map\((?:name:\s*)?\"(?P<column>\w+)\"", _M),
        lazy(r"^[ \t]+(?P<column>\w+)[ \t]+(?![^\n]*(?:@relation\(|(?<!@)@map\())[A-Z]\w*(?:\[\])?\??(?=\s|$)", _M),
    ),
    lazy(r"@@map\((?:name:\s*)?\"(?P<table>\w+)\"\)"),
    lazy(r"^\}", _M),
    defaults=lambda model: frozenset((model,)),
)
_DRIZZLE = Form(
    lazy(rf"\b(?:pgTable|pgView|mysqlTable|sqliteTable|\w*\.(?:table|view)|createTable)\(\s*{_Q}(?P<table>\w+){_Q}\s*,\s*"
         r"(?:\(\w*\)\s*=>\s*\(?\s*)?\{"),
    (
        lazy(rf"\b\w+\s*:\s*(?:\w+\.)?\w+\(\s*{_Q}(?P<column>\w+){_Q}"),
        lazy(rf"^\s*(?P<attribute>\w+)\s*:\s*(?:\w+\.)?\w+\((?!\s*{_Q})", _M),
    ),
)  # fmt: skip
_TYPEORM = Form(
    lazy(rf"@(?:Entity|Table)\((?:[^)]*?{_Q}(?P<table>[\w.]+){_Q})?[^)]*\)[^{{;]*?\bclass\s+(?P<model>\w+)[^{{]*\{{"),
    (
        lazy(rf"@(?:\w*Column|PrimaryKey|Property|Enum|ManyToOne|OneToOne|ForeignKey)\w*\((?:[^()]|\([^()]*\))*?"
             rf"\b(?:name|field|fieldName|joinColumn):\s*{_Q}(?P<column>\w+){_Q}"),
        lazy(r"@(?:\w*Column|PrimaryKey|Property|Enum)\w*\((?!(?:[^()]|\([^()]*\))*?\b(?:name|field|fieldName):)"
             r"(?:[^()]|\([^()]*\))*\)\s*(?:@\w+\((?:[^()]|\([^()]*\))*\)\s*)*"
             r"(?:(?:public|private|protected|readonly|declare)\s+)*(?P<attribute>\w+)\s*[?!]?\s*:"),
    ),
    defaults=tables,
)  # fmt: skip
_GO = Form(
    lazy(r"^type\s+(?P<model>\w+)\s+struct\s*\{", _M),
    (
        lazy(r"`[^`\n]*\b(?:db|bun|pg|ch|sql):\"(?P<column>\w+)[,\"]"),
        lazy(r"`[^`\n]*\b(?:gorm|orm):\"[^\"\n]*\bcolumn[:(](?P<column>\w+)"),
        lazy(r"`[^`\n]*\bxorm:\"[^\"\n]*'(?P<column>\w+)'"),
    ),
    lazy(r"\b(?:bun|pg):\"(?:table:)?(?P<table>\w+)"),
    lazy(r"^\}", _M),
    defaults=tables,
    declares=False,
)
_DIESEL = Form(
    lazy(
        r"\btable!\s*\{\s*(?:use[^;]*;\s*)*(?:#\[[^\]]*\]\s*|///[^\n]*\n\s*)*(?:\w+\.)?(?P<table>\w+)\s*\([^)]*\)\s*\{"
    ),
    (
        lazy(r"#\[sql_name\s*=\s*\"(?P<column>\w+)\"\]"),
        lazy(r"^\s*(?P<column>\w+)\s*->", _M),
    ),
)
_SEA = Form(
    lazy(r"#\[(?:sea_orm|diesel)\([^\]]*?table_name\s*=\s*\"?(?P<table>\w+)\"?[^\]]*\]\s*(?:#\[[^\]]*\]\s*)*"
         r"(?:pub\s+)?struct\s+(?P<model>\w+)[^{;]*\{"),
    (
        lazy(r"column_name\s*=\s*\"?(?P<column>\w+)"),
        lazy(r"^\s*(?:pub\s+)?(?:r#)?(?P<column>\w+)\s*:", _M),
    ),
)  # fmt: skip
_RAILS = Form(
    lazy(r"^\s*class\s+(?:\w+::)*(?P<model>\w+)\s*<\s*(?:ApplicationRecord|ActiveRecord::Base|\w*Record)\b", _M),
    (
        lazy(r"^(?!.*\b(?:ignored_columns|attr_\w+|delegate|store_accessor|alias\w*|def|attribute)\b).*?\b(?:validates?\w*|"
             r"scope|where|find_by|pluck|order|group|select|enum|encrypts|update_all|update_columns?|serialize|"
             r"has_secure_password|normalizes|default_scope|counter_cache)\b.*?"
             r"(?::(?P<column>\w+)\b|\b(?P<key>\w+):(?!:)|[\"'](?P<quoted>\w+)[\"'])", _M),
    ),
    lazy(r"\bself\.table_name\s*=\s*[\"'](?:\w+\.)?(?P<table>\w+)"),
    lazy(r"\Z"),
    defaults=tables,
)  # fmt: skip
_JPA = Form(
    lazy(r"@(?:Entity|Table)\b[^{;]*?\bclass\s+(?P<model>\w+)[^{]*\{"),
    (
        lazy(r"@(?:Join)?Column\(\s*(?:[^)]*?\b(?:name|value)\s*=\s*)?\"(?P<column>\w+)\""),
        lazy(r"^\s*(?:private|protected|public)\s+(?!static|final\s+static|class|enum|interface|abstract)"
             r"[\w<>\[\],.? ]+?\s+(?P<attribute>\w+)\s*(?:=[^;\n]*)?;", _M),
        lazy(r"^\s*(?:private\s+|override\s+)?va[lr]\s+(?P<attribute>\w+)\s*:[^\n]*(?!\n?\s*get\()(?:\n|$)", _M),
    ),
    lazy(r"@Table\(\s*(?:[^)]*?\b(?:name|value)\s*=\s*)?\"(?:\w+\.)?(?P<table>\w+)\""),
    defaults=tables,
)  # fmt: skip
_ECTO = Form(
    lazy(r"^\s*schema\s+\"(?P<table>\w+)\"\s+do", _M),
    (lazy(r"\bfield\(?\s*:(?P<column>\w+)"), lazy(r"\bbelongs_to\(?\s*:(?P<reference>\w+)")),
    None,
    lazy(r"^\s{0,2}end\b", _M),
)
_ELOQUENT = Form(
    lazy(r"\bclass\s+(?P<model>\w+)\s+extends\s+(?:\\?[\w\\]*)(?:Model|Authenticatable|Pivot)\b"),
    (
        lazy(r"(?<=[\[,\s])[\"'](?P<column>\w+)[\"'](?=\s*(?:,|\]|=>))"),
        lazy(r"\b(?:where|orWhere|orderBy|pluck|select|whereNull|whereNotNull|whereIn)\(\s*[\"'](?P<column>\w+)[\"']"),
    ),
    lazy(r"\$table\s*=\s*[\"'](?P<table>\w+)[\"']"),
    lazy(r"\Z"),
    defaults=tables,
)  # fmt: skip
_EF = Form(
    lazy(
        r"\[Table\(\s*\"(?P<table>\w+)\"[^\]]*\]\s*(?:\[[^\]]*\]\s*)*(?:public\s+|internal\s+|sealed\s+|partial\s+)*class\s+(?P<model>\w+)[^{]*\{"
    ),
    (lazy(r"\[Column\(\s*\"(?P<column>\w+)\""),),
)

_SCRIPT = (_DRIZZLE, _TYPEORM)
_JVM = (_JPA,)
FORMS: dict[str, tuple[Form, ...]] = {
    "prisma": (_PRISMA,),
    **dict.fromkeys(("ts", "tsx", "js", "jsx", "mts", "mjs", "cts", "cjs"), _SCRIPT),
    "go": (_GO,),
    "rs": (_DIESEL, _SEA),
    "rb": (_RAILS,),
    **dict.fromkeys(("java", "kt", "scala", "groovy"), _JVM),
    **dict.fromkeys(("ex", "exs"), (_ECTO,)),
    "php": (_ELOQUENT,),
    "cs": (_EF,),
}
_TABLE_NAME = lazy(
    r"^func\s*\([^)]*?\*?(\w+)\)\s*TableName\([^)]*\)\s*string\s*\{[^}]*?return[^}\"]*\"(?:\w+\.)?(\w+)\"", _M
)


_PROVIDER = lazy(r"^\s*provider\s*=\s*\"(\w+)\"", _M)
_OTHERS = frozenset({"mysql", "sqlite", "sqlserver", "mongodb", "postgresql", "cockroachdb"})


def places(source: str, extension: str, gone: Sequence[Gone], dialect: str) -> Iterator[Place]:
    """The tables and columns that models of a file declare and that are gone."""
    if extension == "prisma":
        said = {match[1] for match in _PROVIDER.finditer(source)} & _OTHERS
        if said and dialect.replace("mariadb", "mysql") not in said:
            return
    for form in FORMS.get(extension, ()):
        for match in form.head.finditer(source):
            body = _body(source, match, form)
            if "ignored_columns" in source[match.start() : body[1]]:
                continue
            table, at = _table(source, match, body, form)
            groups = match.groupdict()
            for each in gone:
                if table is not None:
                    named = same(table, each.name)
                else:
                    named = (
                        form.defaults is not None
                        and each.schema is None
                        and (form.declares or each.kind == "column")
                        and each.name in form.defaults(groups.get("model") or "")
                    )
                if named and each.kind == "relation":
                    yield Place(each, *at)
                elif named and each.kind == "column":
                    yield from _columns(source, body, form, each)


def _body(source: str, match: "re.Match[str]", form: Form) -> tuple[int, int]:
    start = match.end()
    if form.closing is not None:
        closing = form.closing.search(source, start)
        return start, closing.start() if closing else len(source)
    depth, at = 1, start
    while at < len(source) and depth:
        if source[at] in "{}":
            depth += 1 if source[at] == "{" else -1
        at += 1
    return start, at


def _table(
    source: str, match: "re.Match[str]", body: tuple[int, int], form: Form
) -> tuple[str | None, tuple[int, int]]:
    groups = match.groupdict()
    if groups.get("table"):
        name = groups["table"].rpartition(".")[2]
        return name, (match.end("table") - len(name), match.end("table"))
    if form.named is not None:
        named = form.named.search(source, match.start(), body[1])
        if named:
            return named["table"], named.span("table")
    if form is _GO:
        for said in _TABLE_NAME.finditer(source):
            if said[1] == groups.get("model"):
                return said[2], said.span(2)
    return None, match.span("model") if groups.get("model") else match.span()


def _columns(source: str, body: tuple[int, int], form: Form, gone: Gone) -> Iterator[Place]:
    column = gone.column or ""
    for pattern in form.columns:
        at = body[0]
        # By hand: one statement may name several.
        while match := pattern.search(source, at, body[1]):
            group = next(name for name, value in match.groupdict().items() if value is not None)
            word = match[group]
            spelled = _SPELLED.get(group, str)(word)
            if column in (word, spelled):
                yield Place(gone, *match.span(group))
                return
            at = match.end(group)


_SPELLED: dict[str, Callable[[str], str]] = {"attribute": snake, "reference": lambda word: f"{word}_id"}
