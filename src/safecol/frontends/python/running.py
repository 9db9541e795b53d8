"""Statements of a Python source come in and are followed: names are bound, calls reach the host; nothing is run."""

import ast
from collections.abc import Callable
from typing import Protocol

from safecol.frontends.python.evaluator import TOO_LONG, Evaluator, Host
from safecol.frontends.python.modules import Module, Project
from safecol.frontends.python.positions import NOWHERE, Elsewhere, Positions
from safecol.frontends.python.values import Class, External, Function, Imported, Namespace, Scope, Unknown, Value
from safecol.source import Span

_DEEPEST = 25
_MOST_STATEMENTS = 30_000


class Surroundings(Host, Protocol):
    """What the front end does at the borders of a block."""

    def enter(self, value: Value) -> Value:
        """Begin a `with` block; the value is what `as` names."""

    def leave(self, value: Value) -> None:
        """End a `with` block."""

    def guarded(self, condition: bool) -> bool:
        """Say whether what follows runs in any case; the answer is what held before."""

    def repeating(self, node: ast.stmt) -> bool:
        """A loop begins that runs nobody knows how often; the answer is for `repeated`."""

    def repeated(self, before: bool) -> None:
        """Such a loop ends."""

    def stated(self, value: Value) -> None:
        """An expression that stands as a statement."""

    def ignored(self, node: ast.stmt, reason: str) -> None:
        """A statement that was not followed, and why."""


class _Returned(Exception):  # noqa: N818 - it is no error
    def __init__(self, value: Value) -> None:
        self.value = value


class _Left(Exception):  # noqa: N818 - `break` and `continue`
    pass


def _is_manager(function: Function) -> bool:
    """Whether a function is made a context manager by its decorator."""
    decorators = () if isinstance(function.node, ast.Lambda) else function.node.decorator_list
    return any(ast.unparse(one).endswith("contextmanager") for one in decorators)


class Runner:
    """Follows the statements of one file."""

    def __init__(self, text: str, host: Surroundings, project: Project | None = None) -> None:
        """`project` has the modules that the file may import; without one they all stay external."""
        self.positions = Positions(text)
        self.elsewhere = Elsewhere()
        self.host = host
        self.project = project
        self.evaluator = Evaluator(self.positions, host, self.call, self.within)
        self.module = Scope()
        self.module.positions = self.positions
        self.depth = 0
        self.count = 0
        self.ended = False
        self.asked: set[tuple[str, str]] = set()
        self.yields: list[tuple[ast.AST, Callable[[Value], None]]] = []
        self.loading = False
        """Whether a module of the project is followed: what it does when it is imported is no part of the file."""

    def statement_list(self, statements: list[ast.stmt]) -> None:
        """Follow the statements of the module itself."""
        for statement in statements:
            try:
                self.block([statement], self.module)
            except (_Returned, _Left):
                if not self._is_late:
                    return

    def call(
        self, function: Function, arguments: tuple[Value, ...], keywords: dict[str, Value], span: Span = NOWHERE
    ) -> Value:
        """What a function returns, its statements followed; `span` is the place of the call."""
        name = function.name or "a lambda"
        if self.depth >= _DEEPEST:
            return Unknown(f"{name}()", "it goes too deep to be followed")
        before, here = self.evaluator.positions, self.elsewhere.here
        if function.scope.positions is before:
            return self._called(function, arguments, keywords)
        if before is self.positions:
            self.elsewhere.here = span
        self.evaluator.use(function.scope.positions)
        try:
            return self._called(function, arguments, keywords)
        finally:
            self.evaluator.use(before)
            self.elsewhere.here = here

    def _called(self, function: Function, arguments: tuple[Value, ...], keywords: dict[str, Value]) -> Value:
        scope = Scope(function.scope)
        self._bind(function, arguments, keywords, scope)
        if isinstance(function.node, ast.Lambda):
            return self.evaluator.evaluate(function.node.body, scope)
        self.depth += 1
        try:
            self.block(function.node.body, scope)
        except _Returned as returned:
            return returned.value
        except _Left:
            pass
        finally:
            self.depth -= 1
        return None

    def within(self, path: str, file: str, name: str) -> Value:
        """What a module of the project has by a name: its value, a module inside it, or something external."""
        dotted = f"{path}.{name}" if path else name
        if self.project is not None and self.project.stays_outside(dotted):
            return External(dotted)
        module = self.project.module(file, path) if self.project is not None else None
        if module is not None and (file, name) not in self.asked:
            self.asked.add((file, name))  # modules may import from each other
            try:
                found, value = self._of_module(module, name)
                if found:
                    return self.within(value.path, value.file, value.name) if isinstance(value, Imported) else value
            finally:
                self.asked.discard((file, name))
        inner = self.project.inside(file, name) if self.project is not None else ""
        return Namespace(dotted, inner) if inner else External(dotted)

    def _of_module(self, module: Module, name: str) -> tuple[bool, Value]:
        statements = module.waiting.pop(name, None)
        if statements is not None:
            self._load(module, statements)
        if name not in module.names:
            self._load(module, module.waiting.pop("*", []))
        return name in module.names, module.names.get(name)

    def _load(self, module: Module, statements: list[ast.stmt]) -> None:
        """Follow statements of another module, as importing it would."""
        if not statements or self.depth >= _DEEPEST:
            return
        module.positions = self.elsewhere
        module.asked = self._of_module
        before, here, loading = self.evaluator.positions, self.elsewhere.here, self.loading
        self.evaluator.use(self.elsewhere)
        self.elsewhere.here, self.loading = NOWHERE, True
        self.depth += 1
        try:
            self.block(statements, module)
        except (_Returned, _Left):
            pass
        finally:
            self.depth -= 1
            self.evaluator.use(before)
            self.elsewhere.here, self.loading = here, loading

    def _bind(self, function: Function, arguments: tuple[Value, ...], keywords: dict[str, Value], scope: Scope) -> None:
        parameters = function.node.args
        names = [one.arg for one in (*parameters.posonlyargs, *parameters.args)]
        left = dict(keywords)
        for at, name in enumerate(names):
            default = at - len(names) + len(parameters.defaults)
            if at < len(arguments):
                scope.names[name] = arguments[at]
            elif name in left:
                scope.names[name] = left.pop(name)
            elif default >= 0:
                scope.names[name] = self.evaluator.evaluate(parameters.defaults[default], function.scope)
            else:
                scope.names[name] = Unknown(name, f"the argument `{name}` is not known")
        for one, node in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
            if one.arg in left:
                scope.names[one.arg] = left.pop(one.arg)
            elif node is not None:
                scope.names[one.arg] = self.evaluator.evaluate(node, function.scope)
            else:
                scope.names[one.arg] = Unknown(one.arg, f"the argument `{one.arg}` is not known")
        if parameters.vararg is not None:
            scope.names[parameters.vararg.arg] = tuple(arguments[len(names) :])
        if parameters.kwarg is not None:
            scope.names[parameters.kwarg.arg] = left

    def block(self, statements: list[ast.stmt], scope: Scope) -> None:
        """Follow statements in order."""
        for number, statement in enumerate(statements):
            self.count += 1
            self._stop_late(statement)
            if isinstance(statement, ast.If) and self._branches(statement, statements[number + 1 :], scope):
                return
            if not isinstance(statement, ast.If):
                self.statement(statement, scope)
            if self.evaluator.is_tired:
                self._stop_late(statement)

    @property
    def _is_late(self) -> bool:
        return self.count > _MOST_STATEMENTS or self.evaluator.is_tired

    def _stop_late(self, statement: ast.stmt) -> None:
        """End what goes on for too long, and say so once; what only gives something a name goes on."""
        if not self._is_late or isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return
        if not self.ended:
            self.host.ignored(statement, TOO_LONG)
            self.ended = getattr(self.host, "active", True)  # where it isn't, nobody was told
        raise _Returned(None)

    def statement(self, node: ast.stmt, scope: Scope) -> None:
        """Follow one statement."""
        evaluate = self.evaluator.evaluate
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield):
            given = None if node.value.value is None else evaluate(node.value.value, scope)
            if self.yields and any(one is node for one in ast.walk(self.yields[-1][0])):
                self.yields.pop()[1](given)
        elif isinstance(node, ast.Expr):
            self.host.stated(evaluate(node.value, scope))
        elif isinstance(node, ast.Assign):
            value = evaluate(node.value, scope)
            for target in node.targets:
                self.evaluator.bind(target, value, scope)
        elif isinstance(node, ast.AnnAssign):
            if node.value is not None:
                self.evaluator.bind(node.target, evaluate(node.value, scope), scope)
        elif isinstance(node, ast.AugAssign):
            self._augment(node, scope)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            scope.names[node.name] = Function(node, scope)
        elif isinstance(node, ast.ClassDef):
            scope.names[node.name] = self._class(node, scope)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self._import(node, scope)
        elif isinstance(node, ast.Return):
            raise _Returned(None if node.value is None else evaluate(node.value, scope))
        elif isinstance(node, ast.Raise):
            raise _Returned(Unknown("raise", "the function raises"))
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            self._with(node, scope)
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self._for(node, scope)
        elif isinstance(node, ast.While):
            self._again(node, scope)
        elif isinstance(node, (ast.Try, ast.TryStar)):
            self._try(node, scope)
        elif isinstance(node, ast.Assert):
            evaluate(node.test, scope)
        elif isinstance(node, ast.Match):
            evaluate(node.subject, scope)
            for case in node.cases:
                self.maybe(lambda body=case.body: self.block(body, scope))  # type: ignore[misc]
        elif isinstance(node, (ast.Break, ast.Continue)):
            raise _Left

    def maybe(self, body: Callable[[], object]) -> bool:
        """Follow what may or may not run; True when it ends the function where it runs."""
        before = self.host.guarded(True)
        try:
            body()
        except (_Returned, _Left):
            return True
        finally:
            self.host.guarded(before)
        return False

    def _branches(self, node: ast.If, rest: list[ast.stmt], scope: Scope) -> bool:
        """Follow an `if`; True when it took the rest of the block with it."""
        known = self.evaluator.truth(self.evaluator.evaluate(node.test, scope))
        if known is not None:
            self.block(node.body if known else node.orelse, scope)
            return False
        ended = self.maybe(lambda: self.block(node.body, scope))
        also = self.maybe(lambda: self.block(node.orelse, scope)) if node.orelse else False
        if ended and also:
            raise _Returned(Unknown("return", "it depends on a condition that is not known"))
        if not (ended or also):
            return False
        if self.maybe(lambda: self.block(rest, scope)):
            raise _Returned(Unknown("return", "it depends on a condition that is not known"))
        return True

    def _augment(self, node: ast.AugAssign, scope: Scope) -> None:
        if not isinstance(node.target, ast.Name):
            self.evaluator.evaluate(node.value, scope)  # what it comes to is kept nowhere, but it may send something
            return
        value = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value)
        ast.copy_location(value, node)
        ast.copy_location(value.left, node.target)
        scope.names[node.target.id] = self.evaluator.evaluate(value, scope)

    def _class(self, node: ast.ClassDef, scope: Scope) -> Class:
        inner = Scope(scope)
        for statement in node.body:
            if isinstance(statement, ast.If):
                self._branches(statement, [], inner)
            elif not isinstance(statement, (ast.Return, ast.Raise)):
                self.statement(statement, inner)
        return Class(node.name, tuple(self.evaluator.evaluate(base, scope) for base in node.bases), inner.names)

    def _import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        importer = self._importer(scope)
        if isinstance(node, ast.Import):
            for alias in node.names:
                path = alias.name if alias.asname else alias.name.partition(".")[0]
                file = self.project.find(path, 0, importer) if self.project is not None else ""
                scope.names[alias.asname or path] = Namespace(path, file) if file else External(path)
            return
        module = "." * node.level + (node.module or "")
        file = self.project.find(node.module or "", node.level, importer) if self.project is not None else ""
        for alias in node.names:
            if not file:
                scope.names[alias.asname or alias.name] = External(f"{module}.{alias.name}")
            elif alias.name == "*":
                self._import_all(module, file, scope)
            else:
                scope.names[alias.asname or alias.name] = Imported(file, module, alias.name)

    def _importer(self, scope: Scope) -> str:
        """The file in which an import stands."""
        outermost = scope
        while outermost.outer is not None:
            outermost = outermost.outer
        if isinstance(outermost, Module):
            return outermost.file
        return self.project.file if self.project is not None else ""

    def _import_all(self, path: str, file: str, scope: Scope) -> None:
        module = self.project.module(file, path) if self.project is not None else None
        if module is None:
            return
        self._load(module, module.waiting.pop("*", []))
        for name in (*module.names, *module.waiting):
            if not name.startswith("_") and not (isinstance(scope, Module) and name in scope.names):
                scope.names[name] = Imported(file, path, name)

    def _with(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
        self._entered(node.items, node.body, scope)

    def _entered(self, items: list[ast.withitem], body: list[ast.stmt], scope: Scope) -> None:
        """Follow a block with what its items do before and after."""
        if not items:
            self.block(body, scope)
            return
        item, rest = items[0], items[1:]

        def inside(value: Value) -> None:
            if item.optional_vars is not None:
                self.evaluator.bind(item.optional_vars, value, scope)
            self._entered(rest, body, scope)

        if isinstance(item.context_expr, ast.Call):
            function = self.evaluator.evaluate(item.context_expr.func, scope)
            if isinstance(function, Function) and _is_manager(function):
                self._managed(function, item.context_expr, scope, inside)
                return
        value = self.evaluator.evaluate(item.context_expr, scope)
        given = self.host.enter(value)
        try:
            inside(given)
        finally:
            self.host.leave(value)

    def _managed(self, function: Function, node: ast.Call, scope: Scope, inside: Callable[[Value], None]) -> None:
        """Follow a function that yields to the block: the block stands where it yields."""
        positions, here = self.evaluator.positions, self.elsewhere.here
        ended: list[Exception] = []

        def block(value: Value) -> None:
            before, at = self.evaluator.positions, self.elsewhere.here
            self.evaluator.use(positions)
            self.elsewhere.here = here
            try:
                inside(value)
            except (_Returned, _Left) as end:  # it is the end of what is around the block, not of the function
                ended.append(end)
            finally:
                self.evaluator.use(before)
                self.elsewhere.here = at

        arguments, keywords = self.evaluator.arguments(node, scope)
        self.yields.append((function.node, block))
        waiting = len(self.yields)
        self.call(function, arguments, keywords, positions.span(node))
        if len(self.yields) == waiting:  # it never came to its yield
            self.yields.pop()
            block(None)
        if ended:
            raise ended[0]

    def _for(self, node: ast.For | ast.AsyncFor, scope: Scope) -> None:
        value = self.evaluator.evaluate(node.iter, scope)
        items = self.evaluator.items(value)
        if items is None:
            reason = value.reason if isinstance(value, Unknown) else "what it goes through is not known"
            for name in ast.walk(node.target):
                if isinstance(name, ast.Name):
                    scope.names[name.id] = Unknown(name.id, reason)
            item = getattr(self.host, "item", None)  # for hosts that know what going through a query gives
            one = item(value) if item is not None else NotImplemented
            if one is not NotImplemented:
                self.evaluator.bind(node.target, one, scope)
            self._again(node, scope)
            return
        for item in items:
            self.evaluator.bind(node.target, item, scope)
            self._once(node.body, scope)

    def _again(self, node: ast.While | ast.For | ast.AsyncFor, scope: Scope) -> None:
        """Follow the body of a loop that runs nobody knows how often: once."""
        before = self.host.repeating(node)
        try:
            if isinstance(node, ast.While):
                self.evaluator.evaluate(node.test, scope)  # it may send something, and runs in any case
            self.maybe(lambda: self._once(node.body, scope))
        finally:
            self.host.repeated(before)

    def _once(self, body: list[ast.stmt], scope: Scope) -> None:
        try:
            self.block(body, scope)
        except _Left:
            return

    def _try(self, node: ast.Try | ast.TryStar, scope: Scope) -> None:
        try:
            self.block([*node.body, *node.orelse], scope)
        finally:
            for handler in node.handlers:
                if handler.name:
                    scope.names[handler.name] = Unknown(handler.name, "it is an exception")
                self.maybe(lambda body=handler.body: self.block(body, scope))  # type: ignore[misc]
            if node.finalbody:
                self.block(node.finalbody, scope)
