"""What an effect means for others: an effect and the lock modes in, sentences in plain words out."""

from collections.abc import Mapping

from safecol.effect import UNMEASURED, Effect
from safecol.trace import Step

_WAITERS = {("reads", "writes"): "reads and writes wait", ("writes",): "writes wait, reads go on"}


def sentences(
    step: Step, blocks: Mapping[str, tuple[str, ...]], message: str = "", *, queued: bool = True
) -> tuple[str, ...]:
    """Which lock on what, while what is done, and who waits; then failures and what is not known.

    What the finding's `message` has said is not said again. `queued` is whether others wait behind one who waits.
    """
    effect = step.whole
    if effect.duration == "table" and (effect.algorithm is not None or _is_brief(effect, blocks)):
        found = [] if _said(message, "wait", "block") else [_at_both_ends(effect)]
    else:
        found = [*_locks(step, blocks, message, queued=queued)]
    if not found and not _said(message, *_WORK_WORDS):
        found = [f"{work[:1].upper()}{work[1:]}." for work in _work(effect, ())]
    if effect.fails is not None and not _said(message, "fail", "refuse"):
        found.append(_failure(effect))
    found.extend(f"Not known: {text}." for text in effect.unknown if text != UNMEASURED)  # the summary says it once
    return tuple(found)


def _is_brief(effect: Effect, blocks: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether the strongest lock is held for moments of the work alone: those that it locks out don't all wait."""
    return set(effect.blocks) < {each for _, mode in effect.locks for each in blocks.get(mode, ())}


_OF_ROWS = frozenset({"insert", "update", "delete", "merge"})
_WORK_WORDS = ("reads", "rewrite", "builds", "rebuild", "every row", "row by row", "goes over all")


def _said(message: str, *words: str) -> bool:
    return any(word in message for word in words)


def _locks(step: Step, blocks: Mapping[str, tuple[str, ...]], message: str, *, queued: bool) -> list[str]:
    effect = step.whole
    grouped: dict[str, list[str]] = {}
    for relation, mode in effect.locks:
        if blocks.get(mode):
            grouped.setdefault(mode, []).append(relation)
    found = []
    for mode, relations in grouped.items():
        named = all(relation.rpartition(".")[2].strip('"') in message for relation in relations)
        if mode in message and named and _said(message, "wait", "block"):
            continue
        found.append(
            f"Takes {mode} on {_listed(relations)} {_how_long(step, relations)}: {_WAITERS[blocks[mode]]}"
            f"{', already while it waits for the lock itself' if queued and effect.duration == 'instant' else ''}."
        )
    return found


def _at_both_ends(effect: Effect) -> str:
    """What a server does that lets others go on meanwhile, and locks them out only where it starts and ends."""
    work = " and ".join(_work(effect, ())) or "runs for as long as the table is large"
    who = _WAITERS.get(effect.blocks, "reads and writes go on")
    ends = "" if "reads" in effect.blocks else "; at its start and its end everything waits for a moment"
    return f"{work[:1].upper()}{work[1:]}: {who}{ends}."


def _how_long(step: Step, relations: list[str]) -> str:
    effect = step.whole
    if effect.duration == "concurrent":
        return "briefly at the end"
    if effect.duration == "table":
        work = _work(effect, tuple(relations))
        return f"while it {' and '.join(work)}" if work else "for as long as it runs"
    if step.transaction is not None:
        return "until the transaction ends"
    return "until it is done" if step.operation.kind in _OF_ROWS else "for a moment"


def _work(effect: Effect, locked: tuple[str, ...]) -> list[str]:
    """What is done to tables and indexes, as verbs; the tables that are `locked` have just been named."""
    found = []
    scanned = tuple(name for name in effect.scan if name not in effect.rewrite)
    if effect.rewrite:
        one = len(effect.rewrite) == 1
        named = "it" if one else "them"
        what = named if set(effect.rewrite) == set(locked) else _listed(list(effect.rewrite))
        found.append(f"rewrites {what} and all {'its' if one else 'their'} indexes")
    if scanned:
        its = "its" if len(locked) == 1 else "their"
        found.append(
            f"reads all {its} rows" if set(scanned) == set(locked) else f"reads all rows of {_listed([*scanned])}"
        )
    if effect.rebuilt and not effect.rewrite:
        found.append(f"builds {_listed(list(effect.rebuilt))} anew")
    return found


def _failure(effect: Effect) -> str:
    assert effect.fails is not None  # noqa: S101 - narrowing: the caller has looked
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
