"""The page about the terminal UI names every key, as the program does."""

from rundown.tui.deeds import DEEDS
from rundown.tui.step_tree import SIGNS
from tests.support.sources import ROOT

PAGE = (ROOT / "docs/tui.md").read_text("utf-8")


def test_the_table_of_keys_is_that_of_the_program():
    table = PAGE.partition("<!-- keys")[2].partition("<!-- end")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{deed.shown}` | {deed.told} |" for deed in DEEDS]


def test_every_sign_is_explained():
    assert [sign for sign in SIGNS.values() if f"`{sign}`" not in PAGE] == []
