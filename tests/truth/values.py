"""The values that pass between the parts of the harness."""

from typing import Any, NamedTuple

MODES = (
    "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
)  # fmt: skip
STRENGTH = {mode: strength for strength, mode in enumerate(MODES)}


class Text(NamedTuple):
    """A statement to run. `control` is True for BEGIN, COMMIT and the like, which are run as they stand.

    `head` is what stands before the first of several clauses.
    """

    number: int
    sql: str
    control: bool = False
    head: str = ""


Measured = dict[str, Any]
"""`statement`, `sql`, and where there is something to say:

`locks` (existing relations: the strongest mode held after it), `held` (before it), `indexes` and `views` among them,
`existing` (the tables and views that existed), `blocked` (who could not read or write), `rewrite`, `scan` and `rebuilt`
(what existed), `rewriting`, `verifying`, `built` and `validating` (the server's own messages), `rows`, `error`,
`message`, `transaction_allowed` (false), `commits` (true), `transaction` (a number), `sampled` (locks were polled).
"""
