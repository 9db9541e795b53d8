"""The tools that run migration files: a file and its text come in, its sections and problems come out."""

from safecol.runners.migration_file import MigrationFile
from safecol.runners.problems import of_placeholders
from safecol.runners.reading import SectionReading, refine, sections
from safecol.runners.table import RUNNERS

__all__ = ["RUNNERS", "MigrationFile", "SectionReading", "of_placeholders", "refine", "sections"]
