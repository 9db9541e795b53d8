"""A seed comes in; an input goes out: a schema, a change that has staged rewrites, and what is done at their gates."""

import random
from collections.abc import Callable
from typing import NamedTuple

from safecol.index_names import proposed

from .spellings import Spelling, folded


class Shape(NamedTuple):
    """`gates` has statements for each gate in turn, by rule; `%NEW%` is the column that the first stage adds.

    `since` is the first major version that knows all of it. `setup` runs before rows are filled in, `rows` afterwards.
    """

    key: str
    setup: tuple[str, ...]
    change: str
    gates: dict[str, tuple[tuple[str, ...], ...]]
    rows: tuple[str, ...] = ()
    since: int = 12


class World:
    """What the parts of one input share: the random source, the names in use, and the setup so far."""

    def __init__(self, seed: str, wild: float) -> None:
        self.chosen = random.Random(seed)  # noqa: S311  # a recorded seed, no secret
        self.spelling = Spelling(self.chosen, wild)
        self.setup: list[str] = []
        self.rows: list[str] = []
        self.gates: dict[str, tuple[tuple[str, ...], ...]] = {}
        self.since = 12
        self.schema = ""
        self.before: list[str] = []
        self.partitions: set[str] = set()
        self.path = ""
        if self.maybe(0.4):
            named = self.name("shop")
            self.setup.append(f"CREATE SCHEMA {named}")
            self.schema = f"{named}."
            if self.maybe(0.25):
                self.path = named

    def maybe(self, share: float = 0.5) -> bool:
        return self.chosen.random() < share

    def pick(self, *ways: str) -> str:
        return self.chosen.choice(ways)

    def name(self, base: str) -> str:
        return self.spelling.name(base)

    def relation(self, base: str) -> str:
        """A name with the schema; sometimes another schema has the same one."""
        name = self.name(base)
        if self.schema and self.maybe(0.4):
            self.setup.append(f"CREATE TABLE public.{name} (other int)")
        return f"{self.schema}{name}"

    def table(self, base: str, columns: str, *, kinds: tuple[str, ...] = ("plain",), key: str = "") -> str:
        """A table with these columns, as one of the kinds: plain, child, parent, partition."""
        table = self.relation(base)
        kind = self.pick(*kinds)
        if kind == "partition":
            parent = self.relation("whole")
            part = key or "part"
            listed = columns if key else f"{columns}, part int"
            self.setup.append(f"CREATE TABLE {parent} ({listed}) PARTITION BY RANGE ({part})")
            self.partitions.add(table)
            self.setup.append(f"CREATE TABLE {table} PARTITION OF {parent} FOR VALUES FROM (0) TO (100000)")
        elif kind == "child":
            parent = self.relation("whole")
            self.setup.append(f"CREATE TABLE {parent} ({self.name('inherited')} int)")
            self.setup.append(f"CREATE TABLE {table} ({columns}) INHERITS ({parent})")
        elif kind == "parent":
            self.setup.append(f"CREATE TABLE {table} ({columns})")
            self.setup.append(f"CREATE TABLE {self.relation('heir')} () INHERITS ({table})")
        else:
            self.setup.append(f"CREATE TABLE {table} ({columns})")
        return table

    def alter(self, table: str, *clauses: str) -> str:
        """ALTER TABLE with comments, IF EXISTS and other clauses here and there."""
        if table not in self.partitions and not clauses[0].startswith(("RENAME", "ATTACH", "DETACH")):
            more = f"ADD COLUMN {self.name('more')} {self.pick('text', 'int DEFAULT 3', 'date')}"
            clauses = self.chosen.choice(((more, *clauses), (*clauses, more), *[clauses] * 8))
        gap = self.pick(" ", " ", " ", "\n    ", " /* it's; here */ ", " -- it's; \"here\n  ")
        exists = self.pick("", "", "", "IF EXISTS ")
        return f"{self.pick('ALTER TABLE', 'alter table')} {exists}{table}{gap}{(',' + gap).join(clauses)}"

    def clash(self, table: str, column: str, *labels: str) -> None:
        """Things that have the names which stages would choose."""
        if not self.maybe(0.25):
            return
        bare = folded(table.removeprefix(self.schema))
        for label in labels:
            for number in ("", "1")[: self.chosen.choice((1, 1, 2))]:
                first, second = (bare, folded(column)) if label not in ("new", "old") else ("", folded(column))
                name = '"' + proposed(first, second, label + number).replace('"', '""') + '"'
                made = {
                    "copy": f"CREATE FUNCTION {self.schema}{name}() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                    "new": f"ALTER TABLE {table} ADD COLUMN {name} text",
                    "old": f"ALTER TABLE {table} ADD COLUMN {name} text",
                    "fill": f"CREATE SEQUENCE {self.schema}{name}",
                    "unused": f"CREATE TABLE {self.schema}{name} (other int)",
                    "seq": f"CREATE TABLE {self.schema}{name} (other int)",
                    "idx": f"CREATE TABLE {self.schema}{name} (other int)",
                    "key": f"CREATE SEQUENCE {self.schema}{name}",
                }.get(label, f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (1 < 2)")
                self.setup.append(made)

    def named(self, base: str) -> str:
        """`CONSTRAINT name `, or nothing."""
        return f"CONSTRAINT {self.name(base)} " if self.maybe() else ""


def make(rule: str, number: int) -> Shape:
    """The input of a rule with this number: always the same."""
    from .shapes_any import MAKERS as ANY
    from .shapes_keys import MAKERS as KEYS

    world = World(f"{rule} {number}", wild=0.1 if number % 3 == 0 else 0.5)
    makers: dict[str, Callable[[World], str]] = {**KEYS, **ANY}
    statement = makers[rule](world)
    change = _dressed(world, statement)
    if world.path:  # the change finds its names without the schema
        change = f"SET search_path TO {world.path}{world.pick('', ', public')};\n{change.replace(world.schema, '')}"
    return Shape(f"{rule} {number}", tuple(world.setup), change, world.gates, tuple(world.rows), world.since)


def rules() -> tuple[str, ...]:
    """The rules that inputs are made for."""
    from .shapes_any import MAKERS as ANY
    from .shapes_keys import MAKERS as KEYS

    return (*KEYS, *ANY)


def _dressed(world: World, statement: str) -> str:
    """The statement in a file as people write them."""
    parts = [*world.before, statement]
    if world.maybe(0.15):
        parts.append(
            world.pick(
                "SELECT :t",
                "SELECT :'t' AS s",
                "SELECT '{{ x }}' AS s",
                "SELECT ${y}",
                "SELECT {{x}}",
                "SELECT :s, :id",
            )
        )
    way = world.pick("plain", "plain", "plain", "transaction", "timeout", "both")
    if way in ("timeout", "both"):
        parts.insert(0, world.pick("SET lock_timeout = '3s'", "SET lock_timeout TO 3000"))
    if way in ("transaction", "both"):
        parts = [world.pick("BEGIN", "begin", "START TRANSACTION"), *parts, world.pick("COMMIT", "END")]
    text = world.pick("", "", '-- Don\'t; "look"\n', "/* a; $$ b */\n") + ";\n".join(parts)
    text += world.pick(";\n", ";\n", ";", "", " -- done", ";\n\n\n")
    return text.replace("\n", "\r\n") if world.maybe(0.15) else text


__all__ = ["Shape", "World", "folded", "make", "rules"]
