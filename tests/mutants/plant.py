"""Small faults in a module: which there can be, and the source with one of them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"
ROOMS = ("protocol", "timers", "server", "client", "synth", "controller")
"""The pure cores of formant_net."""

_OTHER: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the module, which of its faults it is, and what it does, in words that outlive a change of lines."""

    module: str
    number: int
    words: str
    line: int

    @property
    def id(self) -> str:
        """For the list of faults that change nothing."""
        return f"{self.module}: {self.words}"


def path_of(module: str) -> Path:
    """The source of a module."""
    return SRC / (module.replace(".", "/") + ".py")


def modules() -> list[str]:
    """All modules of the pure cores."""
    files = (path for room in ROOMS for path in sorted((SRC / "formant_net" / room).rglob("*.py")))
    return [".".join(path.relative_to(SRC).with_suffix("").parts) for path in files if path.name != "__init__.py"]


@functools.cache
def faults(module: str) -> tuple[Fault, ...]:
    """Every fault that can be planted in a module."""
    tree = ast.parse(path_of(module).read_text())
    return tuple(Fault(module, number, words, line) for number, (words, line, _) in enumerate(_changes(tree)))


def planted(fault: Fault) -> str:
    """The source of the module with that fault."""
    tree = ast.parse(path_of(fault.module).read_text())
    for number, (_, _, change) in enumerate(_changes(tree)):
        if number == fault.number:
            change()
            return ast.unparse(ast.fix_missing_locations(tree))
    raise ValueError(f"{fault.module} has no fault {fault.number}")


Change = tuple[str, int, Callable[[], None]]


def _changes(tree: ast.Module) -> Iterator[Change]:
    for function, name in functions(tree):
        for node in (function, *_own(function)):
            yield from ((f"{name}: {words}", line, change) for words, line, change in _in_node(node))


def functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[ast.AST, str]]:
    """Functions, methods and functions inside them, with dotted names."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child, prefix + child.name
            yield from functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from functions(child, f"{prefix}{child.name}.")


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function without those of functions inside it."""
    todo = list(ast.iter_child_nodes(function))
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        yield node
        todo = list(ast.iter_child_nodes(node)) + todo


def _in_node(node: ast.AST) -> Iterator[Change]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(node, name, None)
        if isinstance(block, list):
            yield from _dropped(block)
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield f"negate {_short(node.test)!r}", node.lineno, lambda: setattr(node, "test", _not(node.test))
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OTHER:
        other = _OTHER[type(node.ops[0])]
        yield f"{other.__name__} in {_short(node)!r}", node.lineno, lambda: node.ops.__setitem__(0, other())
    if isinstance(node, ast.BoolOp):
        swapped = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"{swapped.__name__} in {_short(node)!r}", node.lineno, lambda: setattr(node, "op", swapped())
    if isinstance(node, ast.Call) and len(node.args) >= 2 and not _symmetric(node):
        first, second = node.args[0], node.args[1]
        if ast.dump(first) != ast.dump(second):
            yield (
                f"swap the arguments of {_short(node)!r}",
                node.lineno,
                lambda: node.args.__setitem__(slice(0, 2), [second, first]),
            )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        turned = ast.Sub if isinstance(node.op, ast.Add) else ast.Add
        yield f"{turned.__name__} in {_short(node)!r}", node.lineno, lambda: setattr(node, "op", turned())


def _dropped(block: list[ast.stmt]) -> Iterator[Change]:
    for index, statement in enumerate(block):
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # a docstring
        effect = isinstance(statement, ast.Expr | ast.AugAssign | ast.Delete | ast.Continue | ast.Break)
        kept = isinstance(statement, ast.Assign) and not all(isinstance(t, ast.Name) for t in statement.targets)
        if effect or kept or (isinstance(statement, ast.Return) and statement.value is None):
            yield f"drop {_short(statement)!r}", statement.lineno, lambda i=index: block.__setitem__(i, ast.Pass())  # type: ignore[misc]


def _symmetric(call: ast.Call) -> bool:
    """Whether the order of its arguments means nothing, or cannot be seen."""
    return ast.unparse(call.func) in ("max", "min") or any(isinstance(a, ast.Starred) for a in call.args)


def _not(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def _short(node: ast.AST) -> str:
    text = ast.unparse(node).split("\n")[0]
    return text if len(text) <= 60 else text[:57] + "..."
