"""safecol: what a schema migration will do to a live database, told before it runs."""

__version__ = "0.1.0"
