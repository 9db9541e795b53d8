"""The findings of a run come in; sentences about a setting that would answer many of them at once go out."""

from collections.abc import Iterator, Sequence

from safecol.finding import Finding

_MANY = 5


def offers(findings: Sequence[Finding]) -> Iterator[str]:
    """What a project may say once instead of in each file."""
    unbounded = {finding.path for finding in findings if finding.rule == "unbounded-lock-wait"}
    if len(unbounded) >= _MANY:
        yield (
            f"unbounded-lock-wait was found in {len(unbounded)} files: where the migrations' role or connection sets a "
            'lock timeout, `lock-timeout = "2s"` under [runner] in the settings says so once for all'
        )
