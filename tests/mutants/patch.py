"""Other code for the functions of modules that are imported already: one with a fault, or one that notes each call."""

from __future__ import annotations

import ast
import gc
import inspect
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType

from mutants.plant import Fault, functions, path_of, planted

Codes = dict[tuple[str, str, int], CodeType]
"""By file, qualified name and first line. The file is that of the import: a package may be installed as a copy."""


def patch(fault: Fault) -> None:
    """Give the function of the fault the code that has it, wherever this process holds the function.

    A function inside another is part of the other's code. Raises LookupError where no function is found, as with a
    fault in a default value, which is computed once at the import.
    """
    plain = _codes(ast.unparse(ast.parse(path_of(fault.module).read_text())), fault.module)
    faulty = _codes(planted(fault), fault.module)
    changed = [old != new for old, new in zip(plain, faulty, strict=True)]
    if not _swap(_pairs(fault.module, faulty, changed)):
        raise LookupError(f"{fault.id}: no such function in memory")


def note_calls(module: str, name: str) -> None:
    """Let every function of a module begin with a call of the builtin `name`, with "module: function"."""
    tree = ast.parse(path_of(module).read_text())
    for function, qualified in functions(tree):
        assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        call = ast.Call(ast.Name(name, ast.Load()), [ast.Constant(f"{module}: {qualified}")], [])
        function.body.insert(0, ast.Expr(call))
    codes = _codes(ast.unparse(ast.fix_missing_locations(tree)), module)
    _swap(_pairs(module, codes, [True] * len(codes)))


def _codes(source: str, module: str) -> list[CodeType]:
    return list(_functions(compile(source, str(path_of(module)), "exec")))


def _functions(code: CodeType) -> Iterator[CodeType]:
    """Functions and methods, not those inside them."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & inspect.CO_OPTIMIZED:
                yield constant
            else:
                yield from _functions(constant)  # a class


def _pairs(module: str, codes: list[CodeType], changed: list[bool]) -> Codes:
    held = _codes(path_of(module).read_text(), module)
    file = str(getattr(sys.modules.get(module), "__file__", None))
    return {
        (file, old.co_qualname, old.co_firstlineno): new
        for old, new, differs in zip(held, codes, changed, strict=True)
        if differs
    }


def _swap(codes: Codes) -> int:
    done = 0
    for function in gc.get_objects():
        if type(function) is FunctionType:  # `isinstance` asks what a dead weak reference stands for
            code = function.__code__
            if new := codes.get((code.co_filename, code.co_qualname, code.co_firstlineno)):
                # Without its `super()` a method no longer uses its class, and yet it still closes over it.
                function.__code__ = new.replace(co_freevars=code.co_freevars)
                done += 1
    return done
