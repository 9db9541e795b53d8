"""Migrations of Alembic: the text of a version file comes in, the statements that it sends to the server go out."""
