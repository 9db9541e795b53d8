"""A stage's file in Python: the lines of it that a reader wants, and whether they already hold its SQL."""

import ast


def written_out(rows: list[str], code: list[str]) -> bool:
    """Whether the code holds each line of the SQL as it stands: then it needn't be said twice."""
    held = "".join("".join(code).split()).replace("\\", "")
    said = ("".join(row.split()).removesuffix(";") for row in rows if not row.lstrip().startswith("--"))
    return all(row in held for row in said)


def python_code(source: str) -> list[str]:
    """The lines of a migration that say what it does and after which it runs: the rest is as in any other."""
    lines = source.splitlines()
    body = ast.parse(source).body
    wanted = [node for node in body if _says_what_it_does(node)]
    used = {one.id for node in wanted for one in ast.walk(node) if isinstance(one, ast.Name)}
    found: list[str] = []
    for node in body:
        if node in wanted or (isinstance(node, ast.FunctionDef) and node.name in used):
            space = [""] if found and isinstance(node, (ast.FunctionDef, ast.ClassDef)) else []
            found += [*space, *lines[node.lineno - 1 : node.end_lineno]]
    return found


def _says_what_it_does(node: ast.stmt) -> bool:
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return any(isinstance(one, ast.Name) and one.id in ("revision", "down_revision") for one in targets)
    return isinstance(node, ast.ClassDef) or (isinstance(node, ast.FunctionDef) and node.name == "upgrade")
