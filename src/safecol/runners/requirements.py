"""The files that say which packages a project uses come in; their texts and the version of a package go out."""

import os
import re
from collections.abc import Iterator

from safecol.runners.surroundings import Surroundings


def texts(root: str, around: Surroundings) -> Iterator[str]:
    """The texts that say which packages a project uses: locks first."""
    folders = [root]
    at = root
    while ".git" not in around.names(at) and os.path.dirname(at) != at and len(folders) < 4:
        at = os.path.dirname(at)
        folders.append(at)
    for folder in folders:
        names = around.names(folder)
        for name in ("poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock"):
            if name in names:
                yield around.text(os.path.join(folder, name), 1 << 22)
        for name in sorted(names):
            if name.endswith((".txt", ".in")) and ("require" in name or "constraint" in name):
                yield around.text(os.path.join(folder, name))
        if "requirements" in names:
            inner = os.path.join(folder, "requirements")
            for name in sorted(around.names(inner)):
                if name.endswith((".txt", ".in")):
                    yield around.text(os.path.join(inner, name))
        for name in ("pyproject.toml", "setup.cfg", "setup.py", "Pipfile"):
            if name in names:
                yield around.text(os.path.join(folder, name))


def version(required: str, package: str) -> tuple[int, ...]:
    """The version of a package that the texts name, or the highest that they allow; () where they leave it open."""
    name = package.replace("-", "[-_.]")
    locked = re.search(
        rf"(?i)name\s*=\s*\"{name}\"\s*\nversion\s*=\s*\"([\d.]+)|\"{name}\":\s*\{{[^}}]*?\"version\":\s*\"==([\d.]+)",
        required,
    )
    if locked:
        return _numbers(locked[1] or locked[2])
    bounds = [
        (sign, _numbers(number))
        for line in re.findall(rf"(?im)^[ \t]*(?:[\"'-][ \t]*)*{name}(?![\w.-])(?:\[[\w,]+\])?([^\n;#]*)", required)
        for sign, number in re.findall(r"(===?|~=|\^|~|<=?|= *[\"'])\s*v?(\d+(?:\.\d+)*)", line)
    ]
    exact = [made for sign, made in bounds if sign not in ("<", "~=", "^", "~")]
    if exact:
        return max(exact)
    below = [made for sign, made in bounds if sign == "<"]
    below += [(made[0] + 1,) for sign, made in bounds if sign == "^" and made[0]]
    below += [(*made[:-2], made[-2] + 1) for sign, made in bounds if sign == "~=" and len(made) > 1]
    below += [(made[0], made[1] + 1) for sign, made in bounds if sign == "~" and len(made) > 1]
    return _before(min(below)) if below else ()


def _before(bound: tuple[int, ...]) -> tuple[int, ...]:
    """The last version below a bound: (2, 0, 9999) for (2, 1)."""
    at = max((n for n, number in enumerate(bound) if number), default=-1)
    return (*bound[:at], bound[at] - 1, 9999) if at >= 0 else ()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part)
