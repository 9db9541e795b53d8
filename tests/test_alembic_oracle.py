"""What the reader makes of `op.*` is what Alembic itself sends: the same operations, for each of these calls."""

import io
from typing import Any

import pytest

from safecol.frontends.alembic.reading import read
from safecol.frontends.postgresql.splitting import read_section
from safecol.operations import Operation, Section, Statement
from safecol.source import Span

pytest.importorskip("alembic")

HEAD = """\
from alembic import op
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
revision = "a"
down_revision = None
"""

CALLS = """
op.add_column("orders", sa.Column("note", sa.String(50)))
op.add_column("orders", sa.Column("note", sa.String(length=50), nullable=False, server_default="it's"))
op.add_column("orders", sa.Column("n", sa.Integer(), nullable=False, default=5))
op.add_column("orders", sa.Column("n", sa.Integer(), server_default=sa.text("0"), nullable=False), schema="shop")
op.add_column("orders", sa.Column("at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False))
op.add_column("orders", sa.Column("at", sa.DateTime(), server_default=sa.text("clock_timestamp()")))
op.add_column("orders", sa.Column("at", sa.TIMESTAMP(timezone=True), server_default=sa.func.current_timestamp()))
op.add_column("orders", sa.Column("ok", sa.Boolean(), server_default=sa.false(), nullable=False))
op.add_column("orders", sa.Column("ok", sa.Boolean(), server_default="true"))
op.add_column("orders", sa.Column("key", postgresql.UUID(as_uuid=True), server_default=sa.text("gen_random_uuid()")))
op.add_column("orders", sa.Column("email", sa.Text, unique=True))
op.add_column("orders", sa.Column("email", sa.Text, index=True))
op.add_column("orders", sa.Column("email", sa.Text, index=True, unique=True))
op.add_column("orders", sa.Column("user_id", sa.BigInteger, sa.ForeignKey("users.id", ondelete="CASCADE")))
op.add_column("orders", sa.Column("user_id", sa.Integer, sa.ForeignKey("auth.users.id", name="orders_user")))
op.add_column("orders", sa.Column("id", sa.Integer, primary_key=True))
op.add_column("orders", sa.Column("id", sa.BigInteger, sa.Identity(always=True)))
op.add_column("orders", sa.Column("id", sa.Integer, sa.Identity(start=10, cycle=True), nullable=False))
op.add_column("orders", sa.Column("total", sa.Integer, sa.Computed("price * 2", persisted=True)))
op.add_column("orders", sa.Column("n", sa.Integer, sa.CheckConstraint("n > 0", name="positive")))
op.add_column("orders", sa.Column("kind", sa.Enum("a", "b", name="kinds")))
op.add_column("orders", sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), server_default="{}"))
op.add_column("orders", sa.Column("data", sa.JSON(none_as_null=True), comment="what the client sent"))
op.add_column("orders", sa.Column("tags", postgresql.ARRAY(sa.String(20), dimensions=2)))
op.add_column("orders", sa.Column("tags", sa.ARRAY(sa.Text())))
op.add_column("orders", sa.Column("blob", sa.LargeBinary()))
op.add_column("orders", sa.Column("a", sa.Numeric(10, 2)), if_not_exists=True)
op.add_column("orders", sa.Column("Mixed", sa.SmallInteger()))
op.add_column("user", sa.Column("order", sa.Date()))
op.drop_column("orders", "note")
op.drop_column("orders", "note", schema="shop", if_exists=True)
op.alter_column("orders", "note", nullable=False)
op.alter_column("orders", "note", nullable=True, existing_type=sa.String(10))
op.alter_column("orders", "note", type_=sa.Text())
op.alter_column("orders", "note", type_=sa.Integer(), postgresql_using="note::integer")
op.alter_column("orders", "note", existing_type=sa.String(10), type_=sa.String(20), existing_nullable=True)
op.alter_column("orders", "note", server_default=None)
op.alter_column("orders", "note", server_default="x")
op.alter_column("orders", "note", server_default=sa.text("now()"), schema="shop")
op.alter_column("orders", "note", new_column_name="remark")
op.alter_column("orders", "note", comment="spoken")
op.alter_column("orders", "note", comment=None, existing_comment="spoken")
op.alter_column("orders", "n", type_=sa.BigInteger(), nullable=False, server_default="1", new_column_name="m")
op.alter_column("orders", "id", server_default=sa.Identity(always=True))
op.alter_column("orders", "kind", type_=sa.Enum("a", name="kinds"), postgresql_using="kind::kinds")
op.rename_table("orders", "sales")
op.rename_table("orders", "sales", schema="shop")
op.drop_table("orders")
op.drop_table("orders", schema="shop", if_exists=True)
op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(5), unique=True))
op.create_table("t", sa.Column("id", sa.Integer(), nullable=False), sa.PrimaryKeyConstraint("id", name="t_pk"))
op.create_table("t", sa.Column("id", sa.BigInteger(), autoincrement=False), sa.PrimaryKeyConstraint("id"))
op.create_table("t", sa.Column("a", sa.Integer, primary_key=True), sa.Column("b", sa.Integer, primary_key=True))
op.create_table("t", sa.Column("id", sa.SmallInteger, primary_key=True), if_not_exists=True, schema="shop")
op.create_table("t", sa.Column("id", postgresql.UUID(), primary_key=True), prefixes=["UNLOGGED"])
op.create_table("t", sa.Column("a", sa.Integer, sa.ForeignKey("u.id"), primary_key=True), comment="join")
op.create_table("t", sa.Column("a", sa.Integer), sa.ForeignKeyConstraint(["a"], ["u.id"], ondelete="SET NULL", name="f"))
op.create_table("t", sa.Column("a", sa.Integer), sa.CheckConstraint("a > 1", name="c"), sa.UniqueConstraint("a", name="u"))
op.create_table("t", sa.Column("kind", sa.Enum("a", "b", name="kinds"), nullable=False, comment="which"))
op.create_table("t", sa.Column("kind", sa.Enum("a", "bcd", native_enum=False)))
op.create_table("t", sa.Column("kind", postgresql.ENUM("a", name="kinds", create_type=False)))
op.create_table("t", sa.Column("at", sa.Date, index=True), postgresql_partition_by="RANGE (at)")
op.create_table("t", sa.Column("a", sa.Float()), sa.Column("b", sa.Double()), sa.Column("c", sa.REAL()), sa.Column("d", sa.Interval()))
op.create_table("t", sa.Column("a", sa.CHAR(3)), sa.Column("b", sa.Unicode(9)), sa.Column("c", sa.UnicodeText()), sa.Column("d", sa.Time()))
op.create_table("t", sa.Column("a", postgresql.INET), sa.Column("b", postgresql.TSVECTOR), sa.Column("c", postgresql.CIDR), sa.Column("d", postgresql.HSTORE))
op.create_table("t", sa.Column("a", postgresql.INT4RANGE), sa.Column("b", postgresql.INTERVAL), sa.Column("c", postgresql.BYTEA), sa.Column("d", sa.Uuid()))
op.create_table("t", sa.Column("a", sa.Numeric()), sa.Column("b", sa.Numeric(5)), sa.Column("c", sa.DECIMAL(5, 1)), sa.Column("d", sa.BIGINT))
op.create_table("t", sa.Column("a", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True), sa.Index("i", "a"))
op.create_index("ix", "orders", ["user_id"])
op.create_index("ix", "orders", ["user_id", "at"], unique=True, schema="shop")
op.create_index(op.f("ix"), "orders", ["user_id"], postgresql_concurrently=True, if_not_exists=True)
op.create_index("ix", "orders", [sa.text("lower(email)")], unique=True)
op.create_index("ix", "orders", ["a", sa.text("b DESC")], postgresql_where=sa.text("a IS NOT NULL"))
op.create_index("ix", "orders", ["a"], postgresql_using="gin", postgresql_ops={"a": "gin_trgm_ops"})
op.create_index("ix", "orders", ["a"], postgresql_include=["b", "c"], postgresql_nulls_not_distinct=True, unique=True)
op.create_index("ix", "orders", ["a"], postgresql_with={"fillfactor": 50}, postgresql_tablespace="fast")
op.create_index("ix", "orders", [sa.func.lower(sa.column("email"))])
op.drop_index("ix", table_name="orders")
op.drop_index("ix", "orders", postgresql_concurrently=True, if_exists=True, schema="shop")
op.create_foreign_key("fk", "orders", "users", ["user_id"], ["id"])
op.create_foreign_key(None, "orders", "users", ["user_id"], ["id"], ondelete="CASCADE", onupdate="CASCADE")
op.create_foreign_key("fk", "orders", "users", ["a", "b"], ["c", "d"], source_schema="s", referent_schema="r", postgresql_not_valid=True)
op.create_foreign_key("fk", "orders", "users", ["a"], ["c"], deferrable=True, initially="DEFERRED", match="FULL")
op.create_unique_constraint("uq", "orders", ["a", "b"])
op.create_unique_constraint("uq", "orders", ["a"], schema="shop", deferrable=True, postgresql_nulls_not_distinct=True)
op.create_primary_key("pk", "orders", ["id"])
op.create_check_constraint("ck", "orders", "a > 0")
op.create_check_constraint("ck", "orders", sa.text("a > 0"), postgresql_not_valid=True)
op.create_check_constraint("ck", "orders", sa.and_(sa.column("a") > 0, sa.column("b").isnot(None)))
op.create_exclude_constraint("ex", "rooms", (sa.column("during"), "&&"), ("room", "="), using="gist", where=sa.text("room > 1"))
op.drop_constraint("fk", "orders", type_="foreignkey")
op.drop_constraint("fk", "orders", schema="shop", if_exists=True)
op.create_table_comment("orders", "it's all", existing_comment=None)
op.drop_table_comment("orders")
op.execute("UPDATE orders SET a = 1 WHERE b IS NULL")
op.execute(sa.text("ALTER TABLE orders VALIDATE CONSTRAINT fk"))
op.execute(sa.update(sa.table("orders", sa.column("a", sa.Integer))).values(a=1))
op.execute(sa.table("orders").delete().where(sa.column("a", sa.Integer) == 1))
op.bulk_insert(sa.table("kinds", sa.column("name", sa.String), sa.column("n", sa.Integer)), [{"name": "a", "n": 1}])
""".strip().splitlines()

BLOCKS = [
    'with op.batch_alter_table("orders") as b:\n    b.add_column(sa.Column("a", sa.Integer))\n    b.drop_column("c")',
    'with op.batch_alter_table("orders", schema="s") as b:\n    b.create_index("ix", ["a"])\n    b.drop_index("iy")',
    'with op.batch_alter_table("orders") as b:\n    b.create_foreign_key("f", "users", ["a"], ["id"])',
    'with op.batch_alter_table("orders") as b:\n    b.create_unique_constraint("u", ["a"])\n'
    '    b.drop_constraint("k", type_="check")\n    b.create_check_constraint("c", "a > 1")',
    'with op.batch_alter_table("orders") as b:\n    b.alter_column("a", new_column_name="b", nullable=False)',
    'for name in ("a", "b"):\n    op.drop_column("orders", f"{name}_old")',
    'columns = {"a": sa.Integer, "b": sa.Text}\nfor name, kind in columns.items():\n'
    '    op.add_column("orders", sa.Column(name, kind))',
    'if op.get_context().dialect.name == "postgresql":\n    op.execute("VACUUM orders")\nelse:\n    op.drop_table("x")',
    'def both(table):\n    op.drop_column(table, "a")\n    op.drop_column(table, "b")\nboth("orders")\nboth(table="users")',
    'op.execute("ALTER TABLE %s ADD COLUMN a int; ALTER TABLE {} DROP b".format("t") % "s")',
    'table = op.create_table("t", sa.Column("a", sa.Integer))\nop.bulk_insert(table, [{"a": 1}])',
    'kinds = sa.Enum("a", "b", name="kinds")\nkinds.create(op.get_bind(), checkfirst=False)',
]


def sent(body: str) -> str:
    """What Alembic sends for the body of an upgrade()."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    out = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": out, "literal_binds": True}
    )
    with Operations.context(context):
        exec(HEAD + body, {})  # noqa: S102 - the table above
    return out.getvalue()


def bare(value: Any) -> Any:
    """A record without its places, constraints in an order of their own."""
    if isinstance(value, Span):
        return None
    if isinstance(value, tuple):
        parts = [bare(part) for part in value]
        if all(type(part).__name__ == "ConstraintDefinition" for part in value):
            parts.sort(key=repr)
        return (type(value).__name__, *parts)
    return sorted(value) if isinstance(value, frozenset) else value


def operations(statements: list[Statement]) -> list[Any]:
    assert [one.opaque for one in statements if one.opaque is not None] == []
    return [bare(operation) for one in statements for operation in one.operations if isinstance(operation, Operation)]


@pytest.mark.parametrize("body", [*CALLS, *BLOCKS], ids=lambda body: body[:90].replace("\n", " "))
def test_a_call_is_read_as_what_alembic_sends(body: str) -> None:
    sql = sent(body)
    section = Section("up", Span(0, len(sql)), "wrapped")
    wanted = operations(list(read_section(sql, section).statements))
    source = HEAD + "def upgrade():\n    " + body.replace("\n", "\n    ") + "\n"
    found = read(source)
    up = [one for section, statements in found.sections if section.direction == "up" for one in statements]
    assert wanted
    assert operations(up) == wanted
