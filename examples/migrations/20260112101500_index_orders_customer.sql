-- migrate:up
SET LOCAL lock_timeout = '2s';
CREATE INDEX orders_customer_id_idx ON orders (customer_id);

-- migrate:down
DROP INDEX orders_customer_id_idx;
