"""What the run screen is made of, and how it stands at each size. No behaviour."""

from collections.abc import Iterator

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static

from rundown.tui.forms import Line
from rundown.tui.key_bar import KeyBar
from rundown.tui.line_pane import LinePane
from rundown.tui.step_pane import StepPane
from rundown.tui.step_tree import StepTree

PANES = {
    "step": "Step",
    "output": "Output",
    "permissions": "Policy",
    "events": "Events",
    "receipt": "Receipt",
}
LEFT, LEFT_WIDE = 30, 44
"""Columns of the tree."""
OF_STEPS = ("step", "output")
"""Panes that are about the step under the cursor; the others are about the run, and have the whole width."""
WIDE_COLUMNS = 110
"""From here on the step stands above its output, and the tree beside every pane."""
NARROW_COLUMNS = 72
"""Below, the tree stands above the pane."""
_TABS_COLUMNS = 52
"""Below, only the pane that is shown has its name on its tab."""
TALL_ROWS = 32
"""From here on there is room for an empty row below the tabs."""

CSS = """
RunScreen {
    layout: vertical;
    #head { height: 1; background: $panel; padding: 0 1; }
    #body { height: 1fr; }
    #left { width: 30; border-right: solid $rule; }
    #tree { height: 1fr; padding: 0; }
    &.-narrow #body { layout: vertical; }
    &.-narrow #left {
        width: 1fr; height: auto; max-height: 40%; border-right: none; border-bottom: solid $rule;
    }
    &.-narrow #tree { height: auto; max-height: 100%; }
    &.-narrow #right { height: 1fr; }
    #right { width: 1fr; }
    #tabs {
        height: 1; color: $quiet; link-style: none; link-color: $quiet; link-background: $background;
        link-style-hover: none; link-color-hover: $foreground; link-background-hover: $boost;
    }
    .pane { display: none; height: 1fr; }
    #permissions { height: 1fr; }
    #grants {
        height: auto; max-height: 30%; border: none; padding: 0 1; background: $background;
        scrollbar-size: 1 1;
        &:focus { border: none; background-tint: transparent; }
        & > .option-list--option-highlighted { background: $background; color: $foreground; }
        &:focus > .option-list--option-highlighted { background: $cursor-row; text-style: bold; }
    }
    .caption { height: 1; color: $quiet; padding: 0 1; text-style: bold; }
    #policy { height: 1fr; }
    #output-caption { display: none; }
    #finder { display: none; height: 1; border: none; padding: 0 1; background: $boost; }
    #status { height: 1; padding: 0 1; background: $background; border: none; text-style: bold; }
    #status.-now { color: $primary; }
    #status.-ask { color: $warning; }
    #status.-good { color: $success; }
    #status.-bad { color: $error; }
    &.-wide #left { width: 44; }
    &.-tall #tabs { margin-bottom: 1; }
}
"""


def lay_out() -> Iterator[Widget]:
    """Yields the widgets from top to bottom."""
    yield Static(id="head", markup=False)
    yield Static(id="tabs", markup=False)
    with Horizontal(id="body"):
        with Vertical(id="left"):
            yield StepTree(id="tree")
        with Vertical(id="right"):
            yield StepPane(id="step")
            yield Static("Output", id="output-caption", classes="caption")
            yield LinePane(empty="No output yet.", id="output")
            with Vertical(id="permissions", classes="pane"):
                yield Static("Grants of this session", classes="caption", id="grants-caption")
                yield OptionList(id="grants", markup=False)
                yield Static("Policy in force, and where each line comes from", classes="caption")
                yield LinePane(empty="Not read yet.", id="policy")
            yield LinePane(empty="Nothing on record yet.", id="events")
            yield LinePane(empty="The receipt is written when the run comes to rest.", id="receipt")
            yield Line(placeholder="find", id="finder")
    yield Static(id="status", markup=False)
    yield KeyBar(id="keys")


def tab_words(active: str, width: int) -> Content:
    """Returns the row of panes, the shown one marked by more than a colour."""
    parts = []
    for number, (name, title) in enumerate(PANES.items(), 1):
        markup = f"[@click=screen.pane('{name}')] $number $title [/]"
        if name != active and width < _TABS_COLUMNS:
            markup = f"[@click=screen.pane('{name}')] $number [/]"
        if name == active:
            markup = "[bold $background on $primary] $number $title [/]"
        parts.append(Content.from_markup(markup, number=str(number), title=title))
    return Content("").join(parts)
