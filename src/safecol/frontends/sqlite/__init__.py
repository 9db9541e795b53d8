"""SQLite: text in, statements with operations out, by a parser of its own that follows the server's grammar."""
