"""Times and sizes as people read them."""


def render_duration(nanoseconds: int) -> str:
    """Returns `12 ms`, `3.4 s`, `2 m 05 s` or `1 h 02 m`."""
    milliseconds = nanoseconds / 1e6
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} m"


def render_size(count: int) -> str:
    """Returns `312 B`, `4.0 KiB`, `2.5 MiB` or `1.0 GiB`."""
    size = float(count)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
