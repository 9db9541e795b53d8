"""The table of operations that Django's schema editor is compared on: lines come in, migrations as source go out.

A block begins with `# name`; the operations before a line of `--` are the history, those after it are compared.
One line may be a whole case: `alter A -> B`, `add A`, `remove A`, `rename A` of a field of Book, and
`index`, `unindex`, `constraint`, `unconstraint` of Book. `!non-atomic` is a block's own line. This module runs on the
Python of every Django as well: the recordings are made with it.
"""

import pathlib
from typing import NamedTuple

CASES = pathlib.Path(__file__).parent / "data" / "django" / "cases.txt"
HEAD = """\
import datetime
import decimal
import uuid

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.functions
import django.contrib.postgres.indexes
import django.contrib.postgres.operations
import django.contrib.postgres.search
import django.db.models.deletion
import django.db.models.functions
import django.utils.timezone
from django.db import migrations, models
from django.db.models.functions import Lower, Upper
"""
BASE = """\
migrations.CreateModel("Author", [
    ("id", models.BigAutoField(primary_key=True)),
    ("name", models.CharField(max_length=50)),
    ("slug", models.SlugField(unique=True)),
]),
migrations.CreateModel("Genre", [
    ("code", models.CharField(max_length=8, primary_key=True)),
    ("title", models.TextField()),
]),
migrations.CreateModel("Book", [
    ("id", models.BigAutoField(primary_key=True)),
    ("title", models.CharField(max_length=100)),
    ("pages", models.IntegerField()),
    ("price", models.DecimalField(max_digits=8, decimal_places=2, null=True)),
    ("active", models.BooleanField(default=True)),
    ("sold", models.DateField(null=True)),
    ("made", models.DateTimeField(auto_now_add=True)),
    ("data", models.JSONField(default=dict)),
    ("author", models.ForeignKey("shop.Author", models.CASCADE)),
]),
"""


class Case(NamedTuple):
    name: str
    history: str
    operations: str
    atomic: bool = True


def cases() -> list[Case]:
    """All cases, in order."""
    found: list[Case] = []
    block: list[str] = []
    for line in [*CASES.read_text().splitlines(), "# "]:
        word = line.split(" ", 1)[0]
        if line.startswith("# "):
            if block:
                found.append(_block(block))
            block = [line] if line != "# " else []
        elif block and line:
            block.append(line)
        elif not line and block:
            found.append(_block(block))
            block = []
        elif word in _SHORT:
            found.append(_short(line))
    return found


def _block(lines: list[str]) -> Case:
    atomic = "!non-atomic" not in lines
    body = [line for line in lines[1:] if not line.startswith("!")]
    at = body.index("--") if "--" in body else -1
    return Case(lines[0][2:], "\n".join(body[:at] if at >= 0 else []), "\n".join(body[at + 1 :]), atomic)


def _short(line: str) -> Case:
    word, rest = line.split(" ", 1)
    history, operations = _SHORT[word]
    old, _, new = rest.partition(" -> ")
    fill = {"old": old, "new": new, "name": old.partition('name="')[2].partition('"')[0]}
    return Case(line, history.format(**fill), operations.format(**fill))


_ADD = 'migrations.AddField("Book", "x", {old}),'
_INDEX = 'migrations.AddIndex("Book", {old}),'
_CONSTRAINT = 'migrations.AddConstraint("Book", {old}),'
_SHORT = {
    "alter": (_ADD, 'migrations.AlterField("Book", "x", {new}),'),
    "add": ("", _ADD),
    "remove": (_ADD, 'migrations.RemoveField("Book", "x"),'),
    "rename": (_ADD, 'migrations.RenameField("Book", "x", "y"),'),
    "index": ("", _INDEX),
    "unindex": (_INDEX, 'migrations.RemoveIndex("Book", "{name}"),'),
    "constraint": ("", _CONSTRAINT),
    "unconstraint": (_CONSTRAINT, 'migrations.RemoveConstraint("Book", "{name}"),'),
}


def source(operations: str, *, atomic: bool = True) -> str:
    """A migration file with these operations."""
    indented = operations.replace("\n", "\n        ")
    body = f"    atomic = {atomic}\n    operations = [\n        {indented}\n    ]\n"
    return f"{HEAD}\n\nclass Migration(migrations.Migration):\n{body}"
