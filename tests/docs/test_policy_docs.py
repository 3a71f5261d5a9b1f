"""docs/policy.md: its documents are valid, its table of keys is the form's, its JSON is what is printed."""

import json
import re

import msgspec
import pytest
from markdown_it import MarkdownIt

from rundown.model.policy import LayerKind
from rundown.policy.document import decode_document
from rundown.policy.explain import decision_json
from rundown.policy.form import Document, Section
from rundown.policy.load import tool_names
from tests.support.policies import decide, problems_of, rules, run
from tests.support.sources import ROOT

DOCUMENT = ROOT / "docs" / "policy.md"
KINDS = {"yaml": LayerKind.PROJECT, "yaml user": LayerKind.USER, "yaml system": LayerKind.SYSTEM}


def fences(*infos: str) -> list[tuple[str, int, str]]:
    """Returns info string, line and text of the fences with these info strings."""
    tokens = MarkdownIt("commonmark").parse(DOCUMENT.read_text())
    return [
        (token.info, token.map[0] + 1, token.content)
        for token in tokens
        if token.type == "fence" and token.info in infos and token.map
    ]


@pytest.mark.parametrize(
    ("info", "text"), [pytest.param(info, text, id=f"line {line}") for info, line, text in fences(*KINDS)]
)
def test_an_example_is_a_valid_document(info, text):
    assert problems_of(text, KINDS[info]) == []


def test_there_are_recipes_for_everyone():
    assert len(fences("yaml")) >= 8
    named = set(re.findall(r"tool/([a-z-]+)", DOCUMENT.read_text()))
    assert named <= set(tool_names())


def test_the_table_of_keys_is_the_forms():
    rows = re.findall(r"^\| `([a-z_.]+)` \|", DOCUMENT.read_text(), re.MULTILINE)
    keys = [field.encode_name for field in msgspec.structs.fields(Document)]
    section = [f"default.{field.encode_name}" for field in msgspec.structs.fields(Section)]
    assert set(rows) >= {key for key in (*keys, *section) if key != "default"}
    assert {row for row in rows if row.split(".")[0] in keys} == {*keys, *section} - {"default"}


def test_the_document_that_says_everything_says_everything():
    whole = max(fences("yaml user"), key=lambda fence: len(fence[2]))[2]
    found, _ = decode_document(whole.encode(), "p.yaml", "yaml", LayerKind.USER)
    assert found is not None
    assert set(found.spans) == {item.encode_name for item in msgspec.structs.fields(Document)} - {
        "grants",
        "allow_bypass",
    }


def test_the_json_shown_is_the_json_printed():
    ((_, _, shown),) = fences("json")
    printed = decision_json(decide(rules(), run("curl", span=(0, 4))))
    expected = json.loads(shown)
    expected["operations"][0]["rule"]["line"] = printed["operations"][0]["rule"]["line"]
    assert printed == expected
