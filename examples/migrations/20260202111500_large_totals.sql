-- migrate:up
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders ALTER COLUMN total_cents TYPE bigint;

-- migrate:down
ALTER TABLE orders ALTER COLUMN total_cents TYPE int;
