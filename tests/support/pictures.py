"""Pictures of screens: what a Textual app shows, compared with the SVG that is kept beside the test.

`RUNDOWN_PICTURES=write` keeps the picture as it is now; look at it before it is committed.
"""

import os
import re
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from rundown.prompt.base import Prompt

SIZES = ((80, 24), (140, 45), (40, 24))


async def settle(pilot: Pilot[Any]) -> None:
    """Returns when nothing moves any more: prompts take answers, three pictures in a row are the same."""
    while any(not prompt.is_armed for prompt in pilot.app.screen.query(Prompt)):
        await pilot.pause()
    seen: list[str] = []
    while len(seen) < 3 or len(set(seen[-3:])) > 1:
        await pilot.pause()
        seen.append(pilot.app.export_screenshot(title=""))


def check_picture(app: Any, place: Path, name: str) -> None:
    """Returns if the app shows what the picture `name` shows, colours and all."""
    shown = _steady(app.export_screenshot(title=""))
    kept = place / f"{name}.svg"
    if os.environ.get("RUNDOWN_PICTURES") == "write":
        place.mkdir(exist_ok=True)
        kept.write_text(shown)
    assert shown == kept.read_text(), f"{kept} shows something else now"


def _steady(svg: str) -> str:
    """Leaves out what no reader sees: fonts from elsewhere, generated names."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    return "\n".join(line.strip() for line in svg.splitlines() if line.strip()) + "\n"
