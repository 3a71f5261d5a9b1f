"""Modules and functions stay small enough to be read at once; `__init__` files hold nothing."""

import ast

from tests.support.sources import PACKAGE, Definition, definitions, modules

MODULE_LINES = 350
FUNCTION_LINES = 60
POSITIONAL_PARAMETERS = 5
LONG_FOR_A_REASON = "longer than 350 lines"


def test_a_module_is_short_or_its_docstring_says_why():
    assert [
        f"{module.name}: {len(module.text.splitlines())} lines"
        for module in modules()
        if len(module.text.splitlines()) > MODULE_LINES and LONG_FOR_A_REASON not in module.docstring.lower()
    ] == []


def test_a_function_fits_on_a_screen():
    found = (item for module in modules() for item in definitions(module) if not _is_class(item))
    assert [
        f"{item}: {lines} lines" for item in found if (lines := _lines_of_code(item)) > FUNCTION_LINES
    ] == []


def test_a_function_takes_few_positional_parameters():
    found = (item for module in modules() for item in definitions(module) if not _is_class(item))
    assert [
        f"{item}: {count}" for item in found if (count := _positional(item)) > POSITIONAL_PARAMETERS
    ] == []


def test_init_files_are_empty_but_for_the_version():
    written = {module.path for module in modules() if module.is_init() and module.text.strip()}
    assert written == {PACKAGE / "__init__.py"}


def _is_class(item: Definition) -> bool:
    return isinstance(item.node, ast.ClassDef)


def _lines_of_code(item: Definition) -> int:
    """Counts the definition's lines without its docstring."""
    node = item.node
    first = node.body[0]
    has_docstring = ast.get_docstring(node) is not None and isinstance(first, ast.Expr)
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if has_docstring else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def _positional(item: Definition) -> int:
    """Counts those besides self; what a decorator (click's) calls, it calls by name."""
    if any(not isinstance(word, ast.Name) for word in item.node.decorator_list):
        return 0
    arguments = item.node.args  # type: ignore[union-attr]
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    return len([name for name in names if name not in ("self", "cls")])
