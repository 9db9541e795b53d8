-- Safe: reads and writes go on while the index is built; alone in its file, outside a transaction.

-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY customers_email_idx ON customers (email);

-- migrate:down transaction:false
DROP INDEX CONCURRENTLY customers_email_idx;
