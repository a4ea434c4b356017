"""What on a page comes from data, from a random draw or from a measurement: its flow by names.

The cells are walked as they would run, but with one bit for each name: whether it is measured. A
call of a function of the page is followed with the arguments that it gets there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tools.page import dotted
from tools.sources import is_source

CHANGES = {"append", "extend", "insert", "update", "add", "setdefault"}
"""Methods that put an argument into their object, as do those with an underscore at the end."""


def parameters(function: ast.FunctionDef | ast.Lambda) -> list[str]:
    """Return the names of a function's parameters, the positional ones first."""
    own = function.args
    rest = [own.vararg, *own.kwonlyargs, own.kwarg]
    return [each.arg for each in (*own.posonlyargs, *own.args, *rest) if each]


def base(node: ast.expr) -> str | None:
    """Return the name of what an attribute, an index or a method belongs to."""
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            node = node.func
        if not isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
            return None
        node = node.value
    return node.id


class Flow:
    """The names that are measured while the cells of a page run, and the calls that were seen.

    Attributes
    ----------
    names
        The names that are measured.
    seen
        For every call, which of its arguments are measured, the positional ones first: each
        time that the call is reached.
    formatted
        What stands in braces in a text and is measured.
    """

    def __init__(self, trees: Iterable[tuple[int, ast.Module]]) -> None:
        self.names: set[str] = set()
        self.seen: dict[ast.Call, list[bool]] = {}
        self.formatted: set[ast.FormattedValue] = set()
        self.modules: set[str] = set()
        self.functions: dict[str, ast.FunctionDef] = {}
        self.entered: list[ast.FunctionDef | ast.Lambda] = []
        self.followed: set[ast.FunctionDef] = set()
        self.returned, self.left = False, set[str]()
        for _, tree in trees:
            self.run(tree.body)
        for function in [each for each in self.functions.values() if each not in self.followed]:
            self.enter(function, set(parameters(function)))  # such as that of a control

    def run(self, body: list[ast.stmt]) -> None:
        """Walk statements one after the other."""
        for node in body:
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        """Walk a statement: what it sets is measured if what it is set to is."""
        match node:
            case ast.FunctionDef():
                self.functions[node.name] = node
                self.names.discard(node.name)
            case ast.ClassDef():
                sources = (is_source(dotted(each)) for each in ast.walk(node))
                self.set(ast.Name(node.name), any(sources))
            case ast.Import() | ast.ImportFrom():
                self.modules |= {each.asname or each.name.split(".")[0] for each in node.names}
            case ast.Assign():
                for target in node.targets:
                    self.assign(target, node.value)
            case ast.AnnAssign() if node.value:
                self.assign(node.target, node.value)
            case ast.AugAssign():
                if self.value(node.value):
                    self.touch(node.target)
            case ast.Return():
                self.returned |= self.value(node.value)
            case ast.For():
                self.loop([*node.body, *node.orelse], node.target, node.iter)
            case ast.While():
                self.loop([ast.Expr(node.test), *node.body, *node.orelse])
            case ast.If():
                self.value(node.test)
                self.branches(node.body, node.orelse)
            case ast.Try():
                self.branches([*node.body, *node.orelse], *(each.body for each in node.handlers))
                self.run(node.finalbody)
            case ast.With():
                for item in node.items:
                    measured = self.value(item.context_expr)
                    if item.optional_vars:
                        self.set(item.optional_vars, measured)
                self.run(node.body)
            case _:
                self.value(node)

    def branches(self, *bodies: list[ast.stmt]) -> None:
        """Walk bodies of which one runs: a name is measured if it is after any of them."""
        before, after = set(self.names), set()
        for body in bodies:
            self.names = set(before)
            self.run(body)
            after |= self.names
        self.names = after

    def loop(
        self, body: list[ast.stmt], target: ast.expr | None = None, over: ast.expr | None = None
    ) -> None:
        """Walk a body twice, as a name may be measured from its first round on."""
        for _ in range(2):
            seen = dict(self.seen)
            if target is not None:
                self.assign(target, over)
            self.branches(body, [])
            first, self.seen = self.seen, seen  # only the last round counts
        self.seen = first

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Set a target to a value; of two lists of one length each name to its own."""
        if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            starred = any(isinstance(each, ast.Starred) for each in (*target.elts, *value.elts))
            if len(target.elts) == len(value.elts) and not starred:
                measured = [self.value(each) for each in value.elts]
                for each, flag in zip(target.elts, measured, strict=True):
                    self.set(each, flag)
                return
        self.set(target, self.value(value))

    def set(self, target: ast.expr, measured: bool) -> None:
        """Note whether a target is measured; a part makes the whole so, and never undoes it."""
        match target:
            case ast.Name():
                (self.names.add if measured else self.names.discard)(target.id)
            case ast.Tuple() | ast.List():
                for each in target.elts:
                    self.set(each, measured)
            case ast.Starred():
                self.set(target.value, measured)
            case _ if measured:
                self.touch(target)

    def touch(self, node: ast.expr) -> None:
        """Note that something measured was put into an object."""
        if (name := base(node)) and name not in self.modules:
            self.names.add(name)

    def value(self, node: ast.AST | None) -> bool:
        """Say whether an expression is measured; walk all of it."""
        match node:
            case None:
                return False
            case ast.Name():
                return node.id in self.names or self.passed_on(node.id)
            case ast.NamedExpr():
                self.assign(node.target, node.value)
                return self.value(node.target)
            case ast.Lambda():
                return self.enter(node, set())
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self.comprehension(node)
            case ast.Call():
                return self.call(node)
        parts = [self.value(each) for each in ast.iter_child_nodes(node)]
        measured = any(parts) or (isinstance(node, ast.Attribute) and node.attr == "__doc__")
        if isinstance(node, ast.Yield | ast.YieldFrom):
            self.returned |= measured
        if isinstance(node, ast.FormattedValue) and measured:
            self.formatted.add(node)
        return measured

    def comprehension(self, node: ast.expr) -> bool:
        """Say whether what is looped over, or what is made of it, is measured."""
        names, parts = set(self.names), []
        for each in node.generators:
            parts.append(self.value(each.iter))
            self.assign(each.target, each.iter)
            parts += [self.value(test) for test in each.ifs]
        made = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        parts += [self.value(each) for each in made]
        self.names = names
        return any(parts)

    def call(self, node: ast.Call) -> bool:
        """Say whether a call returns something measured; note what it changes."""
        values = [self.value(each) for each in node.args]
        values += [self.value(each.value) for each in node.keywords]
        before = self.seen.get(node, [True] * len(values))
        self.seen[node] = [each and was for each, was in zip(values, before, strict=True)]
        name = dotted(node.func)
        if (own := self.functions.get(name)) and own not in self.entered:
            return self.follow(own, node, values)
        source = is_source(name)
        measured = source or any(values) or self.value(node.func)
        in_place = name.endswith("_")
        if measured and (in_place or name.rpartition(".")[2] in CHANGES):
            self.touch(node.func)
        if measured and node.args and (in_place or source):
            self.touch(node.args[0])
        return measured

    def follow(self, function: ast.FunctionDef, node: ast.Call, values: list[bool]) -> bool:
        """Say whether a function of the page returns something measured for these arguments."""
        names = parameters(function)
        given = [names[min(i, len(names) - 1)] for i in range(len(node.args))] if names else []
        given += [each.arg for each in node.keywords]
        measured = {name for name, flag in zip(given, values, strict=False) if flag}
        unpacked = None in given or any(isinstance(each, ast.Starred) for each in node.args)
        self.followed.add(function)
        result = self.enter(function, set(names) if unpacked and any(values) else measured)
        for name, argument in zip(given, node.args, strict=False):
            if name in self.left:
                self.touch(argument)
        return result

    def enter(self, function: ast.FunctionDef | ast.Lambda, measured: set[str]) -> bool:
        """Walk a function whose measured parameters are these."""
        if function in self.entered:
            return bool(measured)
        outside = self.names, self.returned, dict(self.functions)
        self.names = self.names - set(parameters(function)) | measured
        self.returned = False
        self.entered.append(function)
        if isinstance(function, ast.Lambda):
            self.returned = self.value(function.body)
        else:
            self.run(function.body)
        self.entered.pop()
        result, self.left = self.returned, self.names - measured
        self.names, self.returned, self.functions = outside
        return result

    def passed_on(self, name: str) -> bool:
        """Say whether a function that is passed on by its name returns something measured."""
        function, seen = self.functions.get(name), dict(self.seen)
        measured = function is not None and self.enter(function, set())
        self.seen = seen
        return measured
