"""The one error that users see: what went wrong, and what to do next."""


class UserError(Exception):
    """The work could not be done; the command ends with exit code 2.

    `message` names the file and the key or argument; `hint` is the next step.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
