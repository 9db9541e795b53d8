"""Rule pages and real servers come in; what the servers did goes out, and what safecol says is held against it."""
