"""docs/format.md: its examples are runbooks, and its table of problems is the one in the code."""

import re

import pytest
from markdown_it import MarkdownIt

from rundown.syntax.check import check_source
from rundown.syntax.codes import Code
from tests.support.sources import ROOT

DOCUMENT = ROOT / "docs" / "format.md"
OLDER = {"syntax/colon", "syntax/short-retry"}


def examples() -> list[tuple[int, str]]:
    """Returns line and text of every `markdown` example."""
    tokens = MarkdownIt("commonmark").parse(DOCUMENT.read_text())
    return [(token.map[0] + 1, token.content) for token in tokens if token.info == "markdown" and token.map]


@pytest.mark.parametrize("example", [pytest.param(text, id=f"line {line}") for line, text in examples()])
def test_an_example_is_a_runbook_of_which_there_is_nothing_to_say(example):
    checked = check_source(example.encode(), "example.runbook.md")
    said = {item.code for item in checked.diagnostics} - (OLDER if "older form" in example else set())
    assert (checked.runbook is not None, said) == (True, set())


def test_every_problem_is_in_the_table_and_nothing_else():
    rows = re.findall(r"^\| ([EW]\d+) \| `([a-z-]+)` \| (.+) \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted((code.number, code.kebab, code.problem) for code in Code)
