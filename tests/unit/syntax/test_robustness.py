"""No input makes the parser raise, hang, or speak of a place outside the file."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rundown.syntax.binding import bind_script
from rundown.syntax.check import check_source
from rundown.syntax.parse import MAX_DIAGNOSTICS, Parsed, parse_runbook

LINES = [
    "## 1. A", "## 2. B", "## Fix it", "## ???", "### 1.1 C", "### 2.1 D", "### Name", "#### deep", "# T", "# 1. T",
    "- PASS CONTINUE", "- FAIL: RETRY 2 GOTO Fix", "- PASS ALL DEFER", "- FAIL ANY STOP \"x\"", "- DEFER", "- FAIL BREAK",
    "- FOR i IN {{xs}}", "  - FAIL NEXT", "- FOR 3", "- OUTPUTS", "  - Name", "- a.runbook.md", "- {{ ref }}", "- prose",
    "text {{x}} {{ y.z }}", "```bash", "```", "```agent claude", "~~~sh timeout=3s", "~~~", "echo '{{x}}' \"{{y}}\"",
    "cat <<EOF", "EOF", "---", "name: x", "inputs: [x]", "scenarios:", "<!--", "-->", "> quote", "1. one", "    code",
    "", "\t- tab", "* PASS: STOP", "[a]: http://b", "Title", "===", "PASS CONTINUE", "- GOTO 3", "\u2028", "\x0b", "é",
]  # fmt: skip
documents = st.lists(st.sampled_from(LINES), max_size=40).map("\n".join)
anything = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace")),
    documents.map(str.encode),
    documents.map(lambda text: b"---\n" + text.encode()),
    st.tuples(documents, st.text(max_size=40)).map(lambda pair: "\n".join(pair).encode("utf-8", "replace")),
)


def sound(parsed: Parsed, content: bytes) -> bool:
    """What holds of every parse."""
    lines = content.count(b"\n") + content.count(b"\r") + 1
    places = all(item.span is not None and 1 <= item.span.line <= lines for item in parsed.diagnostics)
    said = all(item.fix and len(item.message) <= 300 for item in parsed.diagnostics)
    few = len(parsed.diagnostics) <= MAX_DIAGNOSTICS + 1
    return places and said and few and (parsed.runbook is None) == bool(parsed.errors)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything)
def test_whatever_the_bytes_are_there_is_an_answer(content: bytes) -> None:
    assert sound(parse_runbook(content, "a.md"), content)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(anything)
def test_a_check_answers_too(content: bytes) -> None:
    assert sound(check_source(content, "a.md"), content)


SHELL = [
    "'",
    '"',
    "\\",
    "$",
    "`",
    "$(",
    ")",
    "((",
    "))",
    "[[",
    "]]",
    "{{x}}",
    "{{y}}",
    " ",
    "\n",
    "<<EOF\n",
    "EOF\n",
    "#",
    ";",
]
SHELL += [
    "|",
    "&",
    "echo",
    "bash -c ",
    "eval ",
    "a=",
    "if ",
    "then ",
    "fi",
    "for ",
    "do ",
    "done",
    "${",
    "}",
    "-eq",
    "=~",
    "<(",
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(SHELL), max_size=25).map("".join),
    st.text(max_size=20),
    st.sampled_from(["bash", "sh"]),
)
def test_binding_answers_whatever_the_block_is(text: str, value: str, dialect: str) -> None:
    bound = bind_script(text, dialect, {"x": value, "y": value})  # type: ignore[arg-type]
    plain = (
        value.replace("/", "").replace(".", "").replace("-", "").replace("_", "").isalnum()
        and value.isascii()
    )
    assert plain or value not in bound.text.replace(text, "") or len(value) < 3 or value in text


HOSTILE = {
    "empty": "",
    "one line": "## 1. A" + "x" * 1_000_000,
    "deep list": "## 1. A\n" + "".join("  " * n + f"- {n}\n" for n in range(200)),
    "deep list on one line": "## 1. A\n" + "- " * 5000,
    "deep quotation": "## 1. A\n" + ">" * 5000 + " a\n",
    "many quotations": "## 1. A\n" + "> a\n\n" * 20_000,
    "unclosed fences": "## 1. A\n" + "```bash\n~~~\n" * 20_000,
    "many fences": "## 1. A\n" + "```\n```\n" * 20_000,
    "brackets": "## 1. A\n" + "[" * 50_000,
    "references": "## 1. A\n" + "[a]: b\n" * 20_000,
    "braces": "## 1. A\n" + "{{" * 100_000,
    "quotes": "## 1. A\n- FAIL STOP " + '"' * 99_999,
    "colons": "## 1. A\n- PASS" + ":" * 100_000,
    "bad headings": "## ?\n" * 20_000,
    "bad transitions": "## 1. A\n" + "- PASS JUMP\n" * 20_000,
    "long action": "## 1. A\n- PASS " + "Z" * 1_000_000,
    "long number": "## " + "9" * 100_000,
    "long bound": "## 1. A\n- FOR " + "9" * 100_000 + "\n### 1.1 B\n",
    "long retry": "## 1. A\n- FAIL RETRY " + "9" * 100_000,
    "long target": "## 1. A\n- FAIL GOTO " + "9" * 100_000,
    "long option": "## 1. A\n```bash " + "t" * 100_000 + "=1\n```\n",
    "html": "## 1. A\n" + "<!--" * 50_000,
    "comments": "## 1. A\n" + "<!-- a -->\n\n" * 20_000,
    "underlines": "a\n---\n" * 20_000,
    "front matter of brackets": "---\na: " + "[" * 100_000 + "\n---\n## 1. A\n",
    "front matter of keys": "---\n" + "".join(f"k{n}: {n}\n" for n in range(20_000)) + "---\n## 1. A\n",
    "front matter of anchors": "---\n" + "a: &a [*a]\n" * 100 + "---\n## 1. A\n",
    "odd line ends": "## 1. A\r\r\n\x0b\x0c\u2028\u2029\x85text",
    "tabs": "##\t1.\tA\n-\tPASS\tCONTINUE\n\n\ttext\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_documents_are_answered_soon(text: str) -> None:
    content = text.encode()
    start = time.process_time()
    parsed = parse_runbook(content, "a.md")
    assert sound(parsed, content)
    assert time.process_time() - start < 5
