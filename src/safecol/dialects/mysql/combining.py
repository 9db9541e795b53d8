"""What the clauses of a statement come to: each one's effect and facts in, the statement's algorithm and lock out.

That is no plain maximum: a clause that is instant alone rebuilds the table where another clause isn't instant.
"""

from collections.abc import Sequence

from safecol import effects
from safecol.context import Context
from safecol.dialects.mysql.key_history import set_option
from safecol.effect import Effect, Failure
from safecol.effects import ALGORITHMS, LOCK_CLAUSES, WAITING
from safecol.fold import Part

_ON_INDEXES = frozenset({"create-index", "drop-index", "set-default", "drop-default"})


def for_table(table: effects.Table, context: Context, parts: Sequence[Part]) -> Effect:
    """What a statement does; `table` is the dialect's."""
    whole = effects.combine(table, [part.effect for part in parts])
    clauses = [part for part in parts if part.effect.algorithm is not None]
    if not clauses:
        _say(parts, whole)
        return whole
    asked = next((str(part.facts["asked_algorithm"]) for part in clauses if part.facts.get("asked_algorithm")), "")
    lock = next((str(part.facts["asked_lock"]) for part in clauses if part.facts.get("asked_lock")), "")
    changed = _counted(context, clauses, _together(context, clauses, whole, asked))
    done = _asserted(context, clauses, changed, asked.upper(), lock.upper())
    if changed.unknown and _promises(asked.upper(), lock.upper()):
        for part in clauses:  # what was not known is what the server would refuse
            part.facts.update(algorithm=done.algorithm, blocks=None, change=None, change_word=None, rewrite=None)
    _say(parts, done)
    return done


def _say(parts: Sequence[Part], whole: Effect) -> None:
    """Words for messages: who waits, beside what is done."""
    waits = "writes" in whole.blocks
    both = "reads" in whole.blocks
    who = "reads and writes wait" if both else "writes wait"
    goes = f"{who} until it is done" if waits else "writes go on, and replicas lag for as long"
    for part in parts:
        part.facts["waiting_words"] = goes
        part.facts["and_waits"] = f"while {who}" if waits else "reads and writes go on"
        if part.operation.kind == "convert-charset":
            work = "copies the table" if whole.algorithm == "COPY" else "rebuilds the table"
            part.facts["conversion_words"] = f"{work}, and {goes}"


_VERSIONED = frozenset({"add-column", "drop-column"})


def _counted(context: Context, clauses: Sequence[Part], whole: Effect) -> Effect:
    """The effect where each instant ADD or DROP of columns makes a version of the rows, up to a limit of the table.

    At the limit the server rebuilds the table, and counts from 0 again.
    """
    if context.dialect != "mysql" or context.version < 80_029:
        return whole
    key = clauses[0].key
    table = context.schema.tables.get(key)
    if table is None or whole.fails is not None:
        return whole
    made = int(dict(table.options).get("row-versions", "0"))
    limit = 255 if context.version >= 90_100 else 64
    columns = any(part.operation.kind in _VERSIONED for part in clauses)
    if whole.algorithm == "INSTANT" and columns and made >= limit:
        whole = _done(context, whole, "INPLACE", "NONE", (key,), (key,))
        for part in clauses:
            part.facts["row_versions"], part.facts["row_version_limit"] = made, limit
    elif whole.algorithm == "INSTANT" and columns:
        made += 1
        for part in clauses:
            part.facts["row_versions"], part.facts["row_version_limit"] = made, limit
        set_option(context, key, "row-versions", str(made))
        return whole
    if key in whole.rewrite and made:
        set_option(context, key, "row-versions", None)
    return whole


def worst(context: Context, clauses: Sequence[Part], asked: str = "") -> str:
    """How the clauses are done together: `instant`, `metadata`, `index`, `rebuild` or `copy`."""
    ways = [way(part.effect) for part in clauses]
    if "copy" in ways or asked == "copy":
        return "copy"
    mixed = [part for part in clauses if part.effect.beside == "copy"]
    plain = [part for part in clauses if part.effect.beside != "copy"]
    if mixed and not _virtual_goes_with(context, plain):
        return "copy"
    if "rebuild" in ways:
        return "rebuild"
    rebuilding = any(part.effect.beside == "rebuild" for part in clauses)
    if context.dialect == "mariadb":
        return _on_mariadb(context, clauses, ways, rebuilding=rebuilding)
    if asked == "inplace" and all(each == "instant" for each in ways):
        # INPLACE is not "or better" here.
        return "rebuild" if rebuilding else "metadata"
    if all(each == "instant" for each in ways):
        return "instant"
    if rebuilding or (_options_rebuild(context) and _written_beside(clauses)):
        return "rebuild"
    return "index" if "index" in ways else "metadata"


def way(effect: Effect) -> str:
    """How an operation is done alone."""
    if effect.algorithm == "COPY":
        return "copy"
    if effect.rewrite:
        return "rebuild"
    if effect.algorithm == "INSTANT":
        return "instant"
    return "index" if effect.scan or effect.rebuilt or effect.duration == "table" else "metadata"


def _on_mariadb(context: Context, clauses: Sequence[Part], ways: Sequence[str], *, rebuilding: bool) -> str:
    if context.version < 100_300:
        return "rebuild" if _written_beside(clauses) else "index" if "index" in ways else "metadata"
    if "index" in ways:
        return "rebuild" if rebuilding else "index"
    if "metadata" in ways:
        return "metadata"
    # What is written down about a table isn't instant beside what is written down about a column's name or length.
    named = any(part.effect.beside == "metadata" for part in clauses)
    return "metadata" if named and any(part.operation.kind == "set-table-options" for part in clauses) else "instant"


def _virtual_goes_with(context: Context, plain: Sequence[Part]) -> bool:
    """Whether virtual columns can come and go in place beside these clauses."""
    if (
        context.dialect == "mysql"
        and context.version >= 80_012
        and all(way(part.effect) == "instant" for part in plain)
    ):
        return True
    return all(part.operation.kind in _ON_INDEXES and part.facts.get("unique") is not True for part in plain)


def _options_rebuild(context: Context) -> bool:
    """Whether an option of the table beside any other clause rebuilds it: bug 116943, mended in 8.0.46 and 8.4.13."""
    version = context.version
    return version < 80_046 or 80_400 <= version < 80_413 or 90_000 <= version < 90_700


def _written_beside(clauses: Sequence[Part]) -> bool:
    """Whether an option of the table stands beside a clause that is not ignored for it."""
    options = [part for part in clauses if part.operation.kind == "set-table-options"]
    others = [
        part
        for part in clauses
        if part not in options and part.operation.kind not in ("set-default", "drop-default", "rename-table")
    ]
    return bool(options and others)


def _together(context: Context, clauses: Sequence[Part], whole: Effect, asked: str) -> Effect:
    how = worst(context, clauses, asked)
    first = clauses[0]
    facts = first.facts
    key = (first.key,) if first.key else ()
    lock = whole.lock_clause or "NONE"
    if how == "instant":
        return whole._replace(algorithm="INSTANT", beside=None)
    if how == "copy":
        copying = str(facts.get("copying_lock", "SHARED"))
        if any(part.effect.algorithm == "COPY" for part in clauses):
            lock = max((part.effect.lock_clause or "NONE" for part in clauses), key=LOCK_CLAUSES.index)
        lock = max(lock, copying, key=LOCK_CLAUSES.index)
        return _done(context, whole, "COPY", lock, key, key)
    if how == "rebuild":
        algorithm = str(facts.get("rebuilding", "INPLACE"))
        lock = max(lock, str(facts.get("rebuilding_lock", "NONE")), key=LOCK_CLAUSES.index)
        return _done(context, whole, algorithm, lock, key, key)
    virtual = any(part.effect.beside == "copy" for part in clauses)
    if how == "index" and virtual:
        lock = max(lock, "SHARED", key=LOCK_CLAUSES.index)
    return _done(context, whole, "INPLACE", lock, (), whole.scan)


def _done(
    context: Context, whole: Effect, algorithm: str, lock: str, rewrite: tuple[str, ...], scan: tuple[str, ...]
) -> Effect:
    existing = any(not context.is_new(name) for name, _ in whole.locks)
    waiting = {*whole.blocks, *(WAITING[lock] if existing else ())}
    return whole._replace(
        algorithm=algorithm,
        lock_clause=lock,
        blocks=tuple(word for word in ("reads", "writes") if word in waiting),
        rewrite=tuple(dict.fromkeys((*whole.rewrite, *rewrite))),
        scan=tuple(name for name in dict.fromkeys((*whole.scan, *scan)) if context.has_rows(name)),
        duration="table" if rewrite else whole.duration,
        beside=None,
    )


def _asserted(context: Context, clauses: Sequence[Part], whole: Effect, algorithm: str, lock: str) -> Effect:
    """The effect under the statement's own ALGORITHM and LOCK: what the server can't promise it refuses."""
    if algorithm in ("", "DEFAULT") and lock in ("", "DEFAULT"):
        return whole
    if whole.fails is not None and whole.fails.when == "always":
        return whole
    if algorithm and algorithm not in _words(context):
        reason = f"this version has no ALGORITHM={algorithm} (error 1800)"
        return whole._replace(fails=Failure("always", reason, "assertion"))
    if lock and lock not in ("DEFAULT", *LOCK_CLAUSES):
        return whole._replace(fails=Failure("always", f"there is no LOCK={lock} (error 1801)", "assertion"))
    done = str(whole.algorithm)
    held = whole.lock_clause or "NONE"
    if whole.unknown and _promises(algorithm, lock):
        # The server refuses what it can't do that way: what is not known can't make it worse.
        best = algorithm if algorithm in ("INSTANT", "INPLACE") else "INPLACE"
        return _known_better(context, whole, best, "NONE" if lock in ("", "DEFAULT", "NONE") else lock)
    if _too_dear(whole, algorithm):
        return whole._replace(
            fails=Failure("always", f"it needs {_needs(whole)}, and ALGORITHM={algorithm} forbids that", "assertion")
        )
    if context.dialect == "mysql" and algorithm == "INSTANT" and lock not in ("", "DEFAULT"):
        return whole._replace(
            fails=Failure("always", "ALGORITHM=INSTANT can't stand beside a LOCK clause", "assertion")
        )
    if lock in LOCK_CLAUSES:
        online = done == "COPY" and held == "SHARED" and clauses[0].facts.get("online_when_asked") is True
        if LOCK_CLAUSES.index(lock) < LOCK_CLAUSES.index(held) and not online:
            waiting = "reads and writes wait" if held == "EXCLUSIVE" else "writes wait"
            return whole._replace(
                fails=Failure("always", f"{waiting} while it runs, and LOCK={lock} forbids that", "assertion")
            )
        if done != "INSTANT":
            asked = {*whole.blocks, *WAITING[lock]} if any(not context.is_new(name) for name, _ in whole.locks) else ()
            blocks = tuple(word for word in ("reads", "writes") if word in asked)
            return whole._replace(lock_clause=lock, blocks=blocks)
    return whole


def _words(context: Context) -> tuple[str, ...]:
    """What ALGORITHM may be: INSTANT came with MySQL 8.0.12, and with NOCOPY with MariaDB 10.3.2."""
    if context.dialect == "mysql":
        return ("DEFAULT", "INPLACE", "COPY", *(("INSTANT",) if context.version >= 80_012 else ()))
    return ("DEFAULT", "INPLACE", "COPY", *(("INSTANT", "NOCOPY") if context.version >= 100_302 else ()))


def _promises(algorithm: str, lock: str) -> bool:
    return algorithm in ("INSTANT", "INPLACE", "NOCOPY") or lock == "NONE"


def _known_better(context: Context, whole: Effect, algorithm: str, lock: str) -> Effect:
    instant = algorithm == "INSTANT"
    return whole._replace(
        algorithm=algorithm,
        lock_clause=lock,
        blocks=WAITING[lock] if any(not context.is_new(name) for name, _ in whole.locks) else (),
        rewrite=() if instant else whole.rewrite,
        scan=() if instant else whole.scan,
        duration="instant" if instant else whole.duration,
        unknown=() if instant else whole.unknown,  # whether it is rebuilt
    )


def _too_dear(whole: Effect, algorithm: str) -> bool:
    if algorithm == "NOCOPY":
        return whole.algorithm == "COPY" or bool(whole.rewrite)
    if algorithm not in ALGORITHMS:
        return False
    return ALGORITHMS.index(str(whole.algorithm)) > ALGORITHMS.index(algorithm)


def _needs(whole: Effect) -> str:
    if whole.algorithm == "COPY":
        return "a copy of the table"
    return "a rebuild of the table" if whole.rewrite else "more than a change of metadata"
