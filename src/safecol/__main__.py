"""The program: arguments come in, an exit code goes out."""

import sys


def main() -> int:
    """Run safecol on the arguments of the process."""
    from safecol.cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
