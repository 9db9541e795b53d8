"""Judgements about SQLite: operations and the schema so far come in, what the library would do with them goes out."""
