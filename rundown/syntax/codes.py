"""The stable codes of this room, one a problem, with the numbers that the language page uses.

A diagnostic carries `syntax/<name>`; the number (E1, W5) is how the language page and docs/format.md
speak of it. Numbers and names are never used again for something else.
"""

from enum import Enum
from typing import Literal

from rundown.model.diagnostic import Diagnostic, Span

MAX_MESSAGE = 300
_SIDES = ("PASS", "FAIL", "YES", "NO", "ALL", "ANY")
_ACTIONS = ("NEXT", "CONTINUE", "DEFER", "DELEGATE", "COMPLETE", "STOP", "GOTO", "RETRY", "BREAK")
RESERVED = frozenset((*_SIDES, *_ACTIONS, "FOR", "IN", "TO", "AT"))
"""Words that are never an id, a loop variable or a bare message; exact case."""

RESERVED_VARIABLES = frozenset(["step", "index", "context", "runid", "runbookref"])
"""Names that no variable may have, compared in lower case."""


class Code(Enum):
    """One problem: its number, its kebab name, and what it is, in a few words."""

    NO_STEP = ("E1", "no-step", "no H2 heading, so no step")
    DEEP_HEADING = ("E2", "deep-heading", "a heading of level 4 to 6")
    TITLE_IS_STEP = ("E3", "title-is-step", "an H1 that looks like a step")
    STEP_GAP = ("E4", "step-gap", "a step number that does not follow the one before")
    DUPLICATE_ID = ("E5", "duplicate-id", "two steps, or two substeps of a step, of one id")
    RESERVED_ID = ("E6", "reserved-id", "a reserved word as id")
    UNUSABLE_HEADING = ("E7", "unusable-heading", "a heading that begins with neither a number nor a name")
    WRONG_PARENT = ("E8", "wrong-parent", "a substep under another step than its number says, or under none")
    MIXED_HEADINGS = ("E9", "mixed-headings", "an H3 that is no substep beside some that are")
    DYNAMIC_STEP = ("E10", "dynamic-step", "a `{N}` or `{n}` marker of other implementations")
    SECOND_FENCE = ("E11", "second-fence", "two fenced blocks in one unit")
    BARE_FENCE = ("E12", "bare-fence", "a fenced block that does not say its language")
    MIXED_BODY = ("E13", "mixed-body", "two kinds of body in one unit")
    LATE_TRANSITION = ("E14", "late-transition", "a transition below prompt text or body")
    LATE_PROMPT = ("E15", "late-prompt", "text below the body")
    MISPLACED_FOR = (
        "E16",
        "misplaced-for",
        "a FOR that is late, written twice, on a substep, or without substeps",
    )
    BAD_FOR = ("E17", "bad-for", "a FOR that cannot be read")
    FOR_BOUND = ("E18", "for-bound", "a FOR bound outside 1 to 10000")
    BAD_NESTED_BULLET = ("E19", "bad-nested-bullet", "a bullet below FOR that is no transition")
    BAD_ACTION = ("E20", "bad-action", "a transition without an action that is known")
    BAD_RETRY = ("E21", "bad-retry", "RETRY 0, or a RETRY inside a RETRY")
    MARK_CLASH = ("E22", "mark-clash", "ALL and ANY that do not complete each other")
    MISPLACED_DEFER = ("E23", "misplaced-defer", "DEFER on a step, which has no parent")
    MISPLACED_LOOP_ACTION = ("E24", "misplaced-loop-action", "NEXT or BREAK outside FOR")
    UNKNOWN_TARGET = ("E25", "unknown-target", "GOTO to a place that does not exist")
    BAD_AT = ("E26", "bad-at", "AT that is no index, or on a step without FOR")
    BAD_MESSAGE = ("E27", "bad-message", "a message that is reserved or must be quoted")
    BAD_OUTPUTS = ("E28", "bad-outputs", "OUTPUTS that is empty, doubled, late, or holds more than names")
    UNSUPPORTED_DIRECTIVE = ("E29", "unsupported-directive", "a directive of other implementations")
    NOTHING_TO_FOLD = ("E30", "nothing-to-fold", "ALL/ANY over substeps of which none can DEFER")
    BAD_VARIABLE = (
        "E31",
        "bad-variable",
        "a variable that is reserved, badly named, or required but not declared",
    )
    BAD_SCENARIO = ("E32", "bad-scenario", "a scenario without commands or without a clear expectation")
    STEP_LIMIT = ("E33", "step-limit", "a step number above 999999")
    BAD_FENCE_OPTION = ("E34", "bad-fence-option", "an unknown word or a bad value in an info string")
    BAD_AGENT = ("E35", "bad-agent", "an agent block without a task, or of an unknown kind")
    UNSAFE_PLACEHOLDER = ("E36", "unsafe-placeholder", "a placeholder where a value cannot be kept as data")
    NOT_TEXT = ("E37", "not-text", "a file that is not UTF-8 text, or is over 4 MiB")
    BAD_FRONT_MATTER = ("E38", "bad-front-matter", "front matter that is no YAML map, or a bad value in it")
    UNCLOSED_BLOCK = ("E39", "unclosed-block", "a fence or HTML comment that never ends")

    COLON = ("W1", "colon", "a colon after PASS or FAIL: the older form")
    SHORT_RETRY = ("W2", "short-retry", "RETRY without count or fallback: the older form")
    MARK_COMPLETED = ("W3", "mark-completed", "ALL or ANY on one side only, or where it has no effect")
    LATE_OUTPUTS = ("W4", "late-outputs", "OUTPUTS below the transitions")
    ENDLESS = ("W5", "endless", "a GOTO onto itself, or a round of steps without a way out")
    SIDE_TWICE = ("W6", "side-twice", "a side written twice; the last one counts")
    NOT_A_TRANSITION = ("W7", "not-a-transition", "a line that reads like a transition and is text")
    FRONT_MATTER_VALUES = ("W8", "front-matter-values", "values in `vars:` or `inputs:`: the older form")
    UNDECLARED_NAME = ("W9", "undeclared-name", "a template or source name that nobody declares")
    UNREACHABLE = ("W10", "unreachable", "a step that no way leads to")
    UNREADABLE_SHELL = ("W11", "unreadable-shell", "a block that cannot be read for what it runs")
    PLAIN_WORDS_ONLY = (
        "W12",
        "plain-words-only",
        "a placeholder in single quotes, or where else only a plain word can stand",
    )
    NO_ERREXIT = ("W13", "no-errexit", "several commands in a block of which only the last decides")
    NOTHING_NUMBERED = ("W14", "nothing-numbered", "no numbered step, so most headings would never run")
    LOST_AT_END = ("W15", "lost-at-end", "an `export` or `cd` that does not outlive the step")
    NEEDS_HOST = ("W16", "needs-host", "a command that will not see the host from inside the confinement")
    WRONG_TYPE = ("W17", "wrong-type", "a front matter key of the wrong type; it is ignored")
    NEVER_RUN = ("W18", "never-run", "a shell block that is shown and never run, because of where it stands")

    def __init__(self, number: str, kebab: str, problem: str) -> None:
        self.number = number
        self.kebab = kebab
        self.problem = problem

    @property
    def severity(self) -> Literal["error", "warning"]:
        return "error" if self.number.startswith("E") else "warning"

    def at(self, span: Span | None, message: str, *, fix: str, why: str = "") -> Diagnostic:
        """Returns the diagnostic of this code at `span`."""
        return Diagnostic(
            code=f"syntax/{self.kebab}",
            message=_clip(message),
            span=span,
            why=why,
            fix=_clip(fix),
            severity=self.severity,
        )


def _clip(text: str) -> str:
    """Returns one line of at most 300 characters: what a person wrote into the file may be of any length."""
    line = " ".join(text.split("\n"))
    return line if len(line) <= MAX_MESSAGE else f"{line[: MAX_MESSAGE - 1]}…"
