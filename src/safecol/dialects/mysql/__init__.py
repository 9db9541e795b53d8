"""Judgements of MySQL and MariaDB: facts, targets, what the clauses of a statement come to; a load for each of them."""
