import pytest

from rundown.render.style import PLAIN, Style

COLOURED = Style(color=True)
SIGNS = ["start", "pass", "fail", "pause", "stop", "retry", "arrow", "bar", "rule", "dot", "warn", "shield"]


def test_paint_ends_what_it_begins() -> None:
    assert COLOURED.paint("text", "bold", "red") == "\x1b[1;31mtext\x1b[0m"


@pytest.mark.parametrize(("style", "text"), [(PLAIN, "text"), (COLOURED, "")])
def test_where_there_is_nothing_to_paint_nothing_is_added(style: Style, text: str) -> None:
    assert style.paint(text, "red") == text


@pytest.mark.parametrize("name", SIGNS)
def test_every_sign_has_an_ascii_form(name: str) -> None:
    assert Style(unicode=False).sign(name).isascii()


def test_no_two_signs_that_carry_a_result_look_alike() -> None:
    for style in (PLAIN, Style(unicode=False)):
        assert len({style.sign(name) for name in ("pass", "fail", "pause", "stop")}) == 4
