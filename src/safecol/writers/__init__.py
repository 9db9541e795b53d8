"""Staged rewrites come in as SQL; migration files of the framework, made from the user's own source, go out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from safecol.finding import Finding
    from safecol.read_file import ReadFile
    from safecol.trace import Trace


_MANY = 100


def written(
    read: "ReadFile", findings: "Sequence[Finding]", *, bounded: bool = True, traces: "Sequence[Trace]" = ()
) -> "list[Finding]":
    """The findings of a Python migration, with the source of their stages where it can be made.

    `bounded` is whether something ends the wait for a lock before the migration's first statement; `traces` are what
    happens in it.

    Where there are very many (a loop over a list), their stages stay SQL: nobody reads so many files, and to take the
    migration apart for each of them would take long.
    """
    if sum(1 for finding in findings if finding.stages) > _MANY:
        return list(findings)
    try:
        made = _written(read, findings, bounded, traces)
        for source in {stage.source for finding in made for stage in finding.stages if stage.source}:
            compile(source, "<stage>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # whatever people write: then the stages stay SQL
        return list(findings)
    return made


def _written(
    read: "ReadFile", findings: "Sequence[Finding]", bounded: bool, traces: "Sequence[Trace]"
) -> "list[Finding]":
    if read.file.runner == "alembic":
        from safecol.writers import alembic

        return alembic.written(read, findings, bounded=bounded)
    if read.file.runner == "django":
        from safecol.writers import django

        return django.written(read, findings, bounded=bounded, traces=traces)
    return list(findings)
