"""Everything a person can do on the run screen: one table for keys, footer, palette, help and docs."""

from msgspec import Struct

from rundown.tui.words import Situation

_ALWAYS: tuple[Situation, ...] = ("opening", "ready", "running", "held", "rest", "over", "watched", "closed")
_LIVE: tuple[Situation, ...] = ("ready", "running", "held", "rest")


class Deed(Struct, frozen=True, kw_only=True):
    """`shown`: the key as people read it. `word` stands in the footer, `told` in palette and help. `when`:
    the situations in which it does something."""

    key: str
    shown: str
    action: str
    word: str
    told: str
    when: tuple[Situation, ...] = _ALWAYS


DEEDS = (
    Deed(
        key="enter",
        shown="Enter",
        action="answer",
        word="answer",
        told="Answer the question that was put aside",
    ),
    Deed(
        key="r",
        shown="r",
        action="run",
        word="run",
        told="Run: start, go on, or let the step that is held run",
        when=("ready", "held", "rest", "over"),
    ),
    Deed(
        key="c",
        shown="c",
        action="run_on",
        word="run on",
        told="Run on: this step and all that follow, without stopping",
        when=("held",),
    ),
    Deed(
        key="t",
        shown="t",
        action="stepping",
        word="step by step",
        told="Step by step: stop before each step, or no longer",
        when=_LIVE,
    ),
    Deed(
        key="k",
        shown="k",
        action="kill",
        word="stop step",
        told="Stop the step that runs; the run can be resumed",
        when=("running",),
    ),
    Deed(
        key="p",
        shown="p",
        action="passed",
        word="pass",
        told="Pass: count the step as passed without running it",
        when=("held", "rest"),
    ),
    Deed(
        key="f",
        shown="f",
        action="failed",
        word="fail",
        told="Fail: count the step as failed without running it",
        when=("held", "rest"),
    ),
    Deed(
        key="s",
        shown="s",
        action="skip",
        word="skip",
        told="Skip: leave the step without a result and go on below it",
        when=("held", "rest"),
    ),
    Deed(
        key="a",
        shown="a",
        action="again",
        word="retry",
        told="Retry: do the step that ended last once more",
        when=("held", "rest"),
    ),
    Deed(
        key="g",
        shown="g",
        action="goto",
        word="go to",
        told="Go to: move the run to another step",
        when=("held", "rest"),
    ),
    Deed(
        key="i",
        shown="i",
        action="inputs",
        word="inputs",
        told="Inputs: see and change what the steps are given",
        when=("ready", "held"),
    ),
    Deed(
        key="x",
        shown="x",
        action="end",
        word="end run",
        told="End the run here, as stopped or as complete",
        when=("held", "rest"),
    ),
    Deed(
        key="space",
        shown="Space",
        action="choose",
        word="mark",
        told="Mark the step under the cursor, or unmark it",
        when=_LIVE,
    ),
    Deed(
        key="A",
        shown="A",
        action="ahead",
        word="allow ahead",
        told="Allow ahead: what the marked steps would ask for, for this session",
        when=_LIVE,
    ),
    Deed(
        key="v",
        shown="v",
        action="revoke",
        word="revoke",
        told="Revoke the grant under the cursor (Permissions)",
        when=_LIVE,
    ),
    Deed(key="slash", shown="/", action="find", word="find", told="Find words in the pane"),
    Deed(key="n", shown="n", action="next", word="next", told="The next line that holds the words"),
    Deed(key="N", shown="N", action="previous", word="previous", told="The line before that holds them"),
    Deed(
        key="w", shown="w", action="wrap", word="wrap", told="Wrap the long lines of the pane, or no longer"
    ),
    Deed(
        key="full_stop",
        shown=".",
        action="follow",
        word="follow",
        told="Follow the run: go to the step under way and to the end of its output",
    ),
    Deed(key="1", shown="1", action="pane('step')", word="step", told="Show the step"),
    Deed(key="2", shown="2", action="pane('output')", word="output", told="Show the step's output"),
    Deed(key="3", shown="3", action="pane('permissions')", word="permissions", told="Show policy and grants"),
    Deed(key="4", shown="4", action="pane('events')", word="events", told="Show the events on record"),
    Deed(key="5", shown="5", action="pane('receipt')", word="receipt", told="Show the receipt"),
    Deed(key="tab", shown="Tab", action="app.focus_next", word="focus", told="Go to the next pane"),
    Deed(key="question_mark", shown="?", action="help", word="help", told="Help: every key"),
    Deed(
        key="ctrl+p",
        shown="^p",
        action="app.command_palette",
        word="palette",
        told="Every action by name",
    ),
    Deed(key="T", shown="T", action="app.toggle_theme", word="theme", told="Light or dark"),
    Deed(key="b", shown="b", action="back", word="back", told="Back to the runbooks and runs"),
    Deed(key="q", shown="q", action="app.leave", word="quit", told="Quit; a run can go on later"),
)


def bare(action: str) -> str:
    """Returns an action's name without its parameters and place."""
    return action.partition("(")[0].rpartition(".")[2]
