"""What an effect means for others: an effect and the lock modes in, sentences in plain words out."""

from collections.abc import Mapping

from safecol.effect import Effect
from safecol.trace import Step

_WAITERS = {
    ("reads", "writes"): "every read and write of it waits",
    ("writes",): "writes to it wait, reads go on",
    (): "reads and writes go on",
}


def sentences(step: Step, blocks: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Which lock on what, who waits, for how long; then rewrites, scans, failures and what is not known."""
    effect = step.whole
    found = [*_locks(effect, blocks), *_work(effect)]
    if effect.fails is not None:
        found.append(_failure(effect))
    found.extend(f"Not known: {text}." for text in effect.unknown)
    return tuple(found)


def _locks(effect: Effect, blocks: Mapping[str, tuple[str, ...]]) -> list[str]:
    grouped: dict[str, list[str]] = {}
    for relation, mode in effect.locks:
        if blocks.get(mode):
            grouped.setdefault(mode, []).append(relation)
    how_long = _duration(effect)
    return [
        f"Takes {mode} on {_listed(relations)}: {_WAITERS[blocks[mode]]}{how_long}." for mode, relations in grouped.items()
    ]


def _duration(effect: Effect) -> str:
    if effect.duration == "table":
        return ", for as long as the work on the table takes"
    if effect.duration == "concurrent":
        return ", briefly at the end"
    return ", only for an instant once the lock is granted; while it waits for the lock, they queue behind it"


def _work(effect: Effect) -> list[str]:
    found = []
    scanned = [name for name in effect.scan if name not in effect.rewrite]
    if effect.rewrite:
        found.append(f"Rewrites {_listed(list(effect.rewrite))} and all its indexes: the time grows with the table.")
    if scanned:
        found.append(f"Reads all rows of {_listed(scanned)}: the time grows with the table.")
    if effect.rebuilt and not effect.rewrite:
        found.append(f"Builds anew: {_listed(list(effect.rebuilt))}.")
    return found


def _failure(effect: Effect) -> str:
    assert effect.fails is not None
    when = {
        "always": "The server refuses it",
        "rows": "Fails as soon as the table has rows",
        "unknown": "May fail",
    }[effect.fails.when]
    return f"{when}: {effect.fails.reason}."


def _listed(names: list[str]) -> str:
    shown = [f"`{name}`" for name in names[:4]]
    if len(names) > 4:
        shown.append(f"{len(names) - 4} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
