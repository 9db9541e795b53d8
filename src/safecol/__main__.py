"""The program: arguments come in, an exit code goes out."""

import gc
import os
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run safecol on the arguments of the process, and end the process."""
    # What a run makes is freed by reference counts: searching it for cycles again and again finds nothing.
    gc.set_threshold(100_000, 50, 50)
    # A program that starts this one may have closed them.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - to the end of the process
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    from safecol.cli import run

    code = run(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    # Taking the interpreter apart object by object takes as long as linting a small file.
    os._exit(code)


if __name__ == "__main__":
    main()
