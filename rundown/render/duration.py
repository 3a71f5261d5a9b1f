"""Times and sizes as people read them."""


def render_duration(nanoseconds: int) -> str:
    """Returns `12 ms`, `3.4 s`, `2 m 05 s` or `1 h 02 m`."""
    milliseconds = round(nanoseconds / 1e6)
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    tenths = round(nanoseconds / 1e8)
    if tenths < 600:
        return f"{tenths / 10:.1f} s"
    minutes, rest = divmod(round(nanoseconds / 1e9), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} m"


def render_size(count: int) -> str:
    """Returns `312 B`, `4.0 KiB`, `2.5 MiB` or `1.0 GiB`."""
    if count < 1024:
        return f"{count} B"
    size = count / 1024
    for unit in ("KiB", "MiB"):
        if round(size, 1) < 1024:
            return f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
