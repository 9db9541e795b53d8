"""Front ends: the text of one language comes in, statements with dialect-neutral operations go out."""
