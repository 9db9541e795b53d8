"""What changed: a git ref or the index comes in, the added and edited files go out."""

import os
from collections.abc import Mapping, Sequence

from safecol.errors import UserError
from safecol.records import NamedTuple
from safecol.runners.migration_file import SQL_ENDINGS


class Changed(NamedTuple):
    """`files` are absolute paths of added, edited and renamed files; `contents` are their texts in the index.

    `contents` is empty unless the change set is the index. `edited` are those that the base has with other SQL.
    """

    files: frozenset[str]
    contents: Mapping[str, str] = {}
    edited: frozenset[str] = frozenset()


def changed(paths: Sequence[str], *, base: str | None = None, staged: bool = False) -> Changed:
    """The files under `paths` that were added or edited since the merge base with `base`, or in the index.

    With `base`, what the work tree holds counts, uncommitted and untracked files included.
    Errors: UserError when git or a repository is missing, the ref is unknown, or the history is too shallow.
    """
    # Paths may lie in several repositories: each has its own changes.
    folders = {_work_tree(folder): folder for folder in dict.fromkeys(map(_folder, paths))}
    files: frozenset[str] = frozenset()
    contents: dict[str, str] = {}
    edited: frozenset[str] = frozenset()
    for folder in folders.values() or ["."]:
        top = os.path.realpath(_git(folder, "rev-parse", "--show-toplevel").rstrip("\n"))
        found = _staged(top) if staged else _since(top, base or "HEAD")
        files |= found.files
        contents |= found.contents
        edited |= found.edited
    return Changed(files, contents, edited)


def _work_tree(folder: str) -> str:
    """The nearest folder upward with a `.git`, which is a file in submodules; "" when there is none."""
    at = os.path.realpath(folder)
    while not os.path.lexists(os.path.join(at, ".git")):
        at, inner = os.path.dirname(at), at
        if at == inner:
            return ""
    return at


def _since(top: str, ref: str) -> Changed:
    point = _merge_base(top, ref)
    listed = _git(top, "diff", "--name-only", "-z", "--no-renames", "--diff-filter=AMTR", point, "--")
    untracked = _git(top, "ls-files", "-z", "--others", "--exclude-standard")
    modified = _git(top, "diff", "--name-only", "-z", "--diff-filter=M", point, "--").split("\0")
    edited = [name for name in modified if _is_migration(name) and _differs(top, point, name)]
    return Changed(frozenset(_absolute(top, listed + untracked)), {}, frozenset(_absolute(top, "\0".join(edited))))


def _is_migration(name: str) -> bool:
    return name.endswith(SQL_ENDINGS) or (name.endswith(".py") and ("migrations/" in name or "versions/" in name))


def _differs(top: str, point: str, name: str) -> bool:
    """Whether more than comments on lines of their own and blank lines differ from the base; of Python, its syntax."""
    try:
        with open(os.path.join(top, *name.split("/")), encoding="utf-8", errors="replace") as file:
            now = file.read()
    except OSError:
        return False
    before = _git(top, "show", f"{point}:{name}")
    return _python(before) != _python(now) if name.endswith(".py") else _sql(before) != _sql(now)


def _python(text: str) -> str:
    """The syntax tree of a source, which comments and layout are no part of; the source itself where it has none."""
    import ast

    try:
        return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text


def _sql(text: str) -> list[str]:
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith("--")]


def _staged(top: str) -> Changed:
    unmerged = [name for name in _git(top, "diff", "--name-only", "-z", "--diff-filter=U").split("\0") if name]
    if unmerged:
        more = f" and {len(unmerged) - 1} more" if len(unmerged) > 1 else ""
        raise UserError(f"--staged: {unmerged[0]}{more} has conflicts", "resolve them and git add the result")
    against = "HEAD" if _try(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")[0] == 0 else _empty_tree(top)
    listed = _git(top, "diff", "--cached", "--name-only", "-z", "--no-renames", "--diff-filter=AMTR", against, "--")
    names = [name for name in listed.split("\0") if name]
    contents = {}
    for name in names:
        if name.endswith((*SQL_ENDINGS, ".py")):
            contents[os.path.join(top, *name.split("/"))] = _git(top, "show", f":{name}")
    return Changed(frozenset(_absolute(top, listed)), contents)


def _absolute(top: str, listed: str) -> list[str]:
    found = []
    for name in filter(None, listed.split("\0")):
        full = os.path.join(top, *name.split("/"))
        found.append(full)
        if os.path.isdir(full):  # a submodule that moved: this repository can't tell which of its files changed
            found += [os.path.join(folder, file) for folder, _, files in os.walk(full) for file in files]
    return found


def _empty_tree(top: str) -> str:
    return _git(top, "hash-object", "-t", "tree", os.devnull).strip()


def _folder(path: str) -> str:
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    return folder if folder and os.path.isdir(folder) else "."


def _merge_base(top: str, ref: str) -> str:
    if ref.startswith("-"):
        raise UserError(f"--base {ref}: git does not know this ref", "a ref does not start with a hyphen")
    shallow = _git(top, "rev-parse", "--is-shallow-repository").strip() == "true"
    deepen = "fetch the whole history: git fetch --unshallow, or fetch-depth: 0 for actions/checkout"
    if _try(top, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")[0] != 0:
        if shallow:
            raise UserError(f"--base {ref}: git does not know this ref, and the clone is shallow", deepen)
        remote, slash, branch = ref.partition("/")
        if ref.endswith("/HEAD"):
            raise UserError(f"--base {ref}: git does not know this ref", f"git remote set-head {remote} --auto")
        fetch = f"git fetch {remote} {branch}" if slash else f"git fetch origin {ref}, then --base origin/{ref}"
        raise UserError(f"--base {ref}: git does not know this ref", f"correct the name, or fetch it: {fetch}")
    code, out, _ = _try(top, "merge-base", ref, "HEAD")
    if code == 0:
        return out.strip()
    if shallow:
        raise UserError(f"--base {ref}: the clone is too shallow to hold the merge base with HEAD", deepen)
    if _try(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")[0] != 0:
        raise UserError(f"--base {ref}: the repository has no commit yet", "commit first, or use --staged")
    raise UserError(f"--base {ref}: HEAD and {ref} share no history", "name a ref that HEAD branched off from")


def _git(folder: str, *arguments: str) -> str:
    code, out, problem = _try(folder, *arguments)
    if code == 0:
        return out
    if "not a git repository" in problem:
        raise UserError(
            f"{os.path.abspath(folder)} is not in a git repository",
            "run in a checkout, or name the files to check instead of --base or --staged",
        )
    if "dubious ownership" in problem:
        raise UserError(
            f"git refuses to read {os.path.abspath(folder)}, which another user owns",
            f"git config --global --add safe.directory {os.path.abspath(folder)}",
        )
    first = problem.strip().splitlines()[:1]
    raise UserError(f"git {' '.join(arguments[:2])} failed: {''.join(first) or f'exit code {code}'}", "see git status")


def _try(folder: str, *arguments: str) -> tuple[int, str, str]:
    import subprocess

    # Messages are matched, so git must speak English; hooks export GIT_DIR and GIT_INDEX_FILE, which stay in force.
    environment = {**os.environ, "LC_ALL": "C", "LANGUAGE": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - fixed program, arguments as a list
            ["git", *arguments],  # noqa: S607 - git is the user's own
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise UserError("git was not found", "install git, or name the files to check") from None
    return (
        done.returncode,
        done.stdout.decode("utf-8", "surrogateescape"),
        done.stderr.decode("utf-8", "replace"),
    )
