"""The front end of SQLite as the registry asks for it: text and a section in, statements and comments out."""

from safecol.frontends.masked_names import originals
from safecol.frontends.sqlite.splitting import accepts, all_comments, read_section

__all__ = ["accepts", "all_comments", "originals", "read_section"]
