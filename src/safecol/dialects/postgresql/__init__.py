"""Judgements about PostgreSQL: expressions, types and bounds come in, what the server would do with them goes out."""
