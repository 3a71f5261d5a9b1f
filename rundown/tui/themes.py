"""Two themes, dark and light. Colour marks what needs a person and what went wrong; the rest is quiet."""

from textual.theme import Theme

DARK = "rundown-dark"
LIGHT = "rundown-light"


def themes() -> tuple[Theme, Theme]:
    """Returns the dark and the light theme."""
    return (
        Theme(
            name=DARK,
            dark=True,
            primary="#7aa2c8",
            secondary="#8a93a6",
            accent="#7aa2c8",
            success="#86b97a",
            warning="#d9ad5b",
            error="#e07a72",
            foreground="#d5d8de",
            background="#14171c",
            surface="#14171c",
            panel="#1d222a",
            boost="#262c36",
            variables=_variables("#262c36", "#3a4350", "#8f98a8"),
        ),
        Theme(
            name=LIGHT,
            dark=False,
            primary="#2f6090",
            secondary="#5b6472",
            accent="#2f6090",
            success="#236a2f",
            warning="#8a5a00",
            error="#b3261e",
            foreground="#22262c",
            background="#fbfaf7",
            surface="#fbfaf7",
            panel="#efede6",
            boost="#e4e1d8",
            variables=_variables("#e4e1d8", "#cbc7bb", "#58606b"),
        ),
    )


def _variables(cursor: str, line: str, quiet: str) -> dict[str, str]:
    return {
        "cursor-row": cursor,
        "rule": line,
        "quiet": quiet,
        "scrollbar": line,
        "scrollbar-hover": quiet,
        "scrollbar-active": quiet,
        "scrollbar-background": "transparent",
        "scrollbar-background-hover": "transparent",
        "scrollbar-background-active": "transparent",
        "block-cursor-text-style": "none",
        "input-cursor-text-style": "reverse",
    }
