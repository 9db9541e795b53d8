"""Partition clauses of MySQL and MariaDB: tokens come in, keys and operations go out."""

from safecol.frontends.mysql.expressions import expression
from safecol.frontends.mysql.tokens import Stream
from safecol.operations import IndexElement, Operation, PartitionKey

Pairs = tuple[tuple[str, str], ...]
_ONE_WORD = {
    "TRUNCATE": "truncate-partition", "ANALYZE": "analyze-partition", "CHECK": "check-partition",
    "OPTIMIZE": "optimize-partition", "REBUILD": "rebuild-partition", "REPAIR": "repair-partition",
    "DISCARD": "discard-partition", "IMPORT": "import-partition",
}  # fmt: skip


def read_partitioning(stream: Stream) -> PartitionKey:
    """PARTITION BY, with the partitions that it makes."""
    stream.expect("PARTITION", "BY")
    strategy, elements = _method(stream)
    number = None
    if stream.any_of("INTERVAL"):  # MariaDB's SYSTEM_TIME
        stream.at -= 1
        _skip_interval(stream)
    if stream.any_of("AUTO"):
        pass
    if stream.any_of("PARTITIONS"):
        number = stream.number()
    if stream.accept("SUBPARTITION", "BY"):
        _method(stream)
        if stream.any_of("SUBPARTITIONS"):
            stream.number()
    before = stream.at
    partitions = read_partitions(stream) if stream.ahead("(") else ()
    unbounded = any(stream.peek(at - stream.at) == "MAXVALUE" for at in range(before, stream.at))
    return PartitionKey(strategy, elements, partitions, number, unbounded)


def _method(stream: Stream) -> tuple[str, tuple[IndexElement, ...]]:
    stream.any_of("LINEAR")
    word = stream.any_of("RANGE", "LIST", "HASH", "KEY", "SYSTEM_TIME")
    if not word:
        raise stream.problem()
    if word == "SYSTEM_TIME":
        if stream.any_of("LIMIT"):
            stream.value()
        elif stream.ahead("INTERVAL"):
            _skip_interval(stream)
        return "system-time", ()
    if word == "KEY" and stream.accept("ALGORITHM"):
        stream.accept("=")
        stream.value()
    if stream.any_of("COLUMNS") or word == "KEY":
        columns = () if stream.accept("(", ")") else stream.columns()
        return word.lower(), tuple(IndexElement(name) for name in columns)
    stream.expect("(")
    value = expression(stream)
    stream.expect(")")
    return word.lower(), (IndexElement(None, value),)


def _skip_interval(stream: Stream) -> None:
    expression(stream)
    if stream.any_of("STARTS"):
        expression(stream)


def read_partitions(stream: Stream) -> tuple[str, ...]:
    """The names of `(PARTITION p VALUES …, …)`."""
    stream.expect("(")
    found = [read_partition(stream)]
    while stream.accept(","):
        found.append(read_partition(stream))
    stream.expect(")")
    return tuple(found)


def read_partition(stream: Stream) -> str:
    """The name of one partition definition, gone past."""
    stream.expect("PARTITION")
    name = stream.column()
    while not stream.done and stream.peek() not in (",", ")"):
        if stream.ahead("("):
            stream.group()
        else:
            stream.next()
    return name


def _names(stream: Stream) -> Pairs:
    if stream.any_of("ALL"):
        return (("partition", "all"),)
    found = [("partition", stream.column())]
    while stream.accept(","):
        found.append(("partition", stream.column()))
    return tuple(found)


_ENDS = {"QUICK", "EXTENDED", "FAST", "MEDIUM", "CHANGED", "USE_FRM", "UPDATE"}


def partition_clause(stream: Stream, base: Operation) -> Operation | None:
    """A partition clause of ALTER TABLE; None where none is next."""
    if stream.peek(1) not in ("PARTITION", "PARTITIONING", "BY", "TABLE"):
        return None
    if stream.ahead("PARTITION", "BY"):
        key = read_partitioning(stream)
        options = (("strategy", key.strategy), *(("partition", name) for name in key.partitions))
        return base._replace(kind="partition-table", definition=key, options=options)
    if stream.accept("REMOVE", "PARTITIONING"):
        return base._replace(kind="remove-partitioning")
    if stream.accept("ADD", "PARTITION"):
        return _added(stream, base)
    if stream.accept("DROP", "PARTITION"):
        flags = base.flags | {"if-exists"} if stream.accept("IF", "EXISTS") else base.flags
        return base._replace(kind="drop-partition", options=_names(stream), flags=flags)
    if stream.accept("COALESCE", "PARTITION"):
        stream.any_of("NO_WRITE_TO_BINLOG", "LOCAL")
        return base._replace(kind="coalesce-partition", value=stream.value())
    if stream.accept("REORGANIZE", "PARTITION"):
        stream.any_of("NO_WRITE_TO_BINLOG", "LOCAL")
        names = () if stream.done else _names(stream)
        made = read_partitions(stream) if stream.any_of("INTO") else ()
        return base._replace(kind="reorganize-partition", options=(*names, *(("into", name) for name in made)))
    if stream.accept("EXCHANGE", "PARTITION"):
        name = stream.column()
        stream.expect("WITH", "TABLE")
        table = stream.relation()
        flags = base.flags
        if word := stream.any_of("WITH", "WITHOUT"):
            stream.expect("VALIDATION")
            flags = flags | {f"{word.lower()}-validation"}
        return base._replace(
            kind="exchange-partition", target=table, options=(("partition", name),), flags=flags, reads=(table,)
        )
    if stream.ahead("CONVERT", "PARTITION") or stream.ahead("CONVERT", "TABLE"):
        return _converted(stream, base)
    kind = _ONE_WORD.get(stream.peek()) if stream.peek(1) == "PARTITION" else None
    if kind is None:
        return None
    stream.at += 2
    stream.any_of("NO_WRITE_TO_BINLOG", "LOCAL")
    names = _names(stream)
    while stream.peek() in _ENDS or stream.peek() in ("FOR", "UPGRADE", "TABLESPACE"):
        stream.at += 1
    return base._replace(kind=kind, options=names)


def _added(stream: Stream, base: Operation) -> Operation:
    flags = base.flags | {"if-not-exists"} if stream.accept("IF", "NOT", "EXISTS") else base.flags
    stream.any_of("NO_WRITE_TO_BINLOG", "LOCAL")
    if stream.any_of("PARTITIONS"):
        return base._replace(kind="add-partition", value=stream.value(), flags=flags)
    options = tuple(("partition", name) for name in read_partitions(stream))
    return base._replace(kind="add-partition", options=options, flags=flags)


def _converted(stream: Stream, base: Operation) -> Operation:
    """CONVERT PARTITION p TO TABLE t, CONVERT TABLE t TO PARTITION p … of MariaDB."""
    stream.expect("CONVERT")
    if stream.accept("PARTITION"):
        name = stream.column()
        stream.expect("TO", "TABLE")
        table, value = stream.relation(), "to-table"
    else:
        stream.expect("TABLE")
        table, value = stream.relation(), "to-partition"
        stream.expect("TO")
        name = read_partition(stream)
        if stream.peek() in ("WITH", "WITHOUT") and stream.peek(1) == "VALIDATION":
            stream.at += 2
    return base._replace(
        kind="convert-partition", target=table, value=value, options=(("partition", name),), reads=(table,)
    )
