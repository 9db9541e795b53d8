-- migrate:up
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders
    ADD CONSTRAINT orders_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers (id);

-- migrate:down
ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey;
