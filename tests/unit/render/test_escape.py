from hypothesis import given
from hypothesis import strategies as st

from rundown.render.escape import visible


def test_hidden_characters_are_shown_by_their_code() -> None:
    text = "ok\x1b[2J\u202eevil\u200b\x07\t\u00a0é漢"
    assert visible(text) == "ok\\x1b[2J<U+202E>evil<U+200B>\\x07\\t<U+00A0>é漢"


def test_a_block_keeps_its_lines_and_tabs() -> None:
    assert visible("a\n\tb\r\n", lines=True) == "a\n\tb\\r\n"


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    assert all(char.isprintable() for char in visible(text))


@given(st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text
