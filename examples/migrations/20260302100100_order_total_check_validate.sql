-- Safe: a transaction of its own, so that the lock of the file before is gone.

-- migrate:up
ALTER TABLE orders VALIDATE CONSTRAINT orders_total_positive;

-- migrate:down
SELECT 1;
