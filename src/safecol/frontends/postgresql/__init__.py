"""PostgreSQL: text comes in, statements with operations go out (`splitting.read_section`)."""
