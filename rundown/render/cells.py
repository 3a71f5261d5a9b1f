"""How many columns a text takes on a terminal, and cutting to so many. Source: wcwidth's tables (UAX #11)."""


def count_cells(text: str) -> int:
    """Returns the columns that `text` takes; what has no width of its own counts as none."""
    if text.isascii():
        return len(text)
    from wcwidth import wcwidth

    return sum(max(0, wcwidth(char)) for char in text)


def fit_cells(text: str, room: int, *, unicode: bool = True) -> str:
    """Returns `text`, or as much of its beginning as fits into `room` columns with a mark that it goes on."""
    if count_cells(text) <= room:
        return text
    mark = "…" if unicode else "."
    kept, _ = split_cells(text, max(0, room - 1))
    return kept + mark if room > 0 else ""


def pad_cells(text: str, room: int) -> str:
    """Returns `text` with blanks up to `room` columns."""
    return text + " " * max(0, room - count_cells(text))


def split_cells(text: str, room: int) -> tuple[str, str]:
    """Returns what of `text` fits into `room` columns, and the rest; marks on a character stay with it."""
    if text.isascii():
        return text[:room], text[room:]
    from wcwidth import wcwidth

    used = 0
    for place, char in enumerate(text):
        wide = max(0, wcwidth(char))
        if used + wide > room:
            return text[:place], text[place:]
        used += wide
    return text, ""
