"""Everything public says what it is."""

import ast

from tests.support.sources import definitions, modules


def test_every_module_says_what_it_is_for():
    assert [module.name for module in modules() if not module.is_init() and not module.docstring] == []


def test_every_public_class_and_function_has_a_docstring():
    found = (item for module in modules() for item in definitions(module) if item.public)
    top_level = (item for item in found if "." not in item.place)
    assert [str(item) for item in top_level if not ast.get_docstring(item.node)] == []
