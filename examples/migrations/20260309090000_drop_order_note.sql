-- migrate:up
SET LOCAL lock_timeout = '2s';
-- safecol: ignore[column-drop] no deployed code has used it since release 41
ALTER TABLE orders DROP COLUMN note;

-- migrate:down
SET LOCAL lock_timeout = '2s';
ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT '';
