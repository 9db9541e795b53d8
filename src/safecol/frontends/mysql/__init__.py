"""Text of MySQL and MariaDB comes in, operations go out.

How their clauses are told (`relation` is the table in all of them, `object` is `table` unless said):

- `algorithm` and `lock` stand in the `options` of every operation of the statement, lower case; `wait` in seconds, `0`
  for NOWAIT. `force` alone, `ENGINE = the same` and ALTER TABLE without clauses are told as written: `rebuild-table`,
  `set-table-options` with (`engine`, `innodb`), `rebuild-table` with the flag `unwritten`.
- ADD COLUMN: `add-column`; its UNIQUE, PRIMARY KEY, CHECK and REFERENCES follow as `add-constraint` with `inline`.
- MODIFY and CHANGE: `modify-column` with `column`, `type`, `definition` (the whole new one, `first` and `after`
  included) and `new_name` where CHANGE gives another name; constraints follow as above.
- ALTER COLUMN: `set-default`, `drop-default`, `change-column-visibility` (flags `enable` or `disable`).
- ADD INDEX, KEY, FULLTEXT, SPATIAL, CREATE INDEX: `create-index` with an IndexDefinition (`through-alter-table` where
  it is a clause). ADD UNIQUE: `add-constraint` of kind `unique` with `elements`. CREATE UNIQUE INDEX: `create-index`.
- DROP INDEX: `drop-index`, RENAME INDEX: `rename-index`, ALTER INDEX: `change-index-visibility`, each with the index in
  `value` and `object` `index`.
- DROP PRIMARY KEY: `drop-constraint` with value `PRIMARY`; DROP FOREIGN KEY, CHECK, CONSTRAINT: `drop-constraint` with
  the name in `value`; which of them was written is the option `constraint` (`primary-key`, `foreign-key`, `check`,
  `any`). ALTER CHECK or CONSTRAINT: `alter-constraint` with the option `enforced`.
- RENAME TABLE and RENAME TO: one `rename-table` each; into another schema `target` has the whole new name.
- Table options: one `set-table-options` for each run of them, `options` lower case with `-` (`engine`, `charset`,
  `collation`, `comment`, `auto-increment`, `row-format`, `key-block-size`, …). CONVERT TO: `convert-charset` with
  `value` and the option `collation`.
- Partition clauses: the kinds of `partition`, with the names as options (`partition`, name), `partition-table` with a
  PartitionKey in the options as `strategy`; EXCHANGE and CONVERT have the other table in `target`.
- REPLACE is `insert` with the flag `replace`; LOAD DATA `copy-in`; IGNORE is the flag `ignore`.
- LOCK TABLES: a `lock-table` for each with the mode in `value`; OPTIMIZE TABLE: an `optimize` for each table.
- EXECUTE of a statement whose text the file has: `do-block`, what it runs in the statement's `parts`.
- CALL of a procedure that the file defines: `call`, its body in the statement's `parts`.
- USE: `set` of `search_path`. SET of a user variable: `set` with a name that begins with `@`.
"""
