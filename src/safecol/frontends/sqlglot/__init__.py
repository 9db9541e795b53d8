"""Trees of sqlglot come in, expressions, queries and operations without dialect words go out."""
