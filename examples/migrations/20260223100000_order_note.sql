-- Safe: a constant default is stored once, and a longer varchar needs no rewrite.

-- migrate:up
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT '';
ALTER TABLE orders ALTER COLUMN status TYPE varchar(40);

-- migrate:down
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders ALTER COLUMN status TYPE varchar(20);
ALTER TABLE orders DROP COLUMN note;
