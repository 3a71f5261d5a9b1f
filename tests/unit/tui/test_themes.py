"""Every colour that text has can be read on every ground that text stands on.

Source: WCAG 2.1, "relative luminance", "contrast ratio", success criterion 1.4.3 (4.5 for text).
"""

import pytest
from textual.color import Color
from textual.theme import Theme

from rundown.tui.themes import themes

LEAST = 4.5


def luminance(color: Color) -> float:
    channels = (part / 255 for part in color.rgb)
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(Color.parse(one)), luminance(Color.parse(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_the_greatest_contrast_there_is():
    assert (round(contrast("#000000", "#ffffff"), 2), contrast("#777777", "#777777")) == (21.0, 1.0)


@pytest.mark.parametrize("theme", themes(), ids=lambda theme: theme.name)
def test_text_can_be_read_on_every_ground(theme: Theme):
    named = {name: getattr(theme, name) for name in ("foreground", "primary", "success", "warning", "error")}
    texts = {**named, "quiet": theme.variables["quiet"]}
    grounds = {name: getattr(theme, name) for name in ("background", "panel", "boost")}
    grounds["cursor-row"] = theme.variables["cursor-row"]
    dim = {
        (text, ground): round(contrast(color, below), 2)
        for text, color in texts.items()
        for ground, below in grounds.items()
        if contrast(color, below) < LEAST
    }
    assert dim == {}


@pytest.mark.parametrize("theme", themes(), ids=lambda theme: theme.name)
def test_the_pane_that_is_shown_can_be_read_on_its_tab(theme: Theme):
    assert contrast(str(theme.background), str(theme.primary)) >= LEAST
