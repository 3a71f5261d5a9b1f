"""Problems as annotations of GitHub Actions, which shows each beside its line.

Source: GitHub's documentation, "Workflow commands for GitHub Actions"; the escaping is that of the runner
(actions/runner, ActionCommand).
"""

from rundown.model.diagnostic import Diagnostic
from rundown.render.escape import visible


def render_annotation(item: Diagnostic, file: str) -> str:
    """Returns the workflow command of one problem, ending in a line end. `file`: where it has no
    place; "" if nobody knows."""
    span = item.span
    place = {"file": span.file if span is not None else file}
    if span is not None:
        place |= {"line": str(span.line), "col": str(span.column)}
    place["title"] = item.code
    properties = ",".join(f"{name}={_property(value)}" for name, value in place.items() if value)
    text = ". ".join(part for part in (item.message, item.why, item.fix and f"Fix: {item.fix}") if part)
    return f"::{item.severity} {properties}::{escape_message(visible(text))}\n"


def escape_message(text: str) -> str:
    """Returns `text` as the data of a workflow command: on one line, its percent signs meant."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return escape_message(visible(text)).replace(":", "%3A").replace(",", "%2C")
