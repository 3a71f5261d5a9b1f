"""`rundown run --dry-run`: what would be asked for and denied. Runs nothing, records nothing."""

import shlex
import sys

from msgspec import Struct

from rundown.cli.outlook import describe_foreseen, render_refusals
from rundown.cli.screen import stream_style
from rundown.model.digest import canonical_json
from rundown.model.policy import Outcome
from rundown.model.runbook import AgentBody, CommandBody, ReferenceBody
from rundown.record.stored import redact_body
from rundown.render.escape import visible
from rundown.session.desk import Desk
from rundown.session.library import Opened
from rundown.session.needs import Needs
from rundown.session.outlook import Outlook, look_ahead
from rundown.session.ports import Foreseen
from rundown.session.reach import Chapter, chapters
from rundown.session.run import Start
from rundown.session.secrecy import redactor_of

REFUSED = 3


class Rehearsal(Struct, frozen=True, kw_only=True):
    """What a run would come to. `by_hand`: positions of the units that only a person can do."""

    outlook: Outlook
    by_hand: tuple[str, ...]
    suggestion: str

    @property
    def code(self) -> int:
        """3 if anything would be asked for or denied, else 0."""
        outlook = self.outlook
        return REFUSED if outlook.wanted or outlook.asks or outlook.denials else 0


def rehearse_run(desk: Desk, opened: Opened, start: Start) -> Rehearsal:
    """Returns what would be decided, children's steps included.

    Raises:
        InvalidInputError: front matter `permissions:` is not valid.
    """
    first = Chapter(opened=opened, values=start.values, secret=start.secret)
    grants = desk.keeper.personal()
    outlook = look_ahead(first, desk, grants, agent=start.agent, cwd=start.cwd)
    if start.begin is not None and start.begin == start.until:
        outlook = outlook.within(str(start.begin))
    runs = CommandBody | AgentBody | ReferenceBody
    by_hand = tuple(
        at
        for chapter in chapters(first, desk.project.root)
        for at, body in chapter.units()
        if not isinstance(body, runs) and not _has_parts(chapter, at)
    )
    redact = redactor_of(desk, start).redact_text
    suggestion = Needs().suggest(desk, first, grants, start, redact=redact)
    return Rehearsal(outlook=redact_body(outlook, redact), by_hand=by_hand, suggestion=suggestion)


def tell_rehearsal(found: Rehearsal, file: str, *, again: str, as_json: bool) -> int:
    """Prints it; returns the exit code. `again`: this invocation's policy flags."""
    if as_json:
        sys.stdout.write(canonical_json(_as_json(found)).decode() + "\n")
        return found.code
    style = stream_style(sys.stdout)
    outlook = found.outlook
    if found.code == 0:
        sys.stdout.write(f"{style.sign('pass')} nothing would be asked for, nothing denied\n")
    else:
        wanted = "".join(f"  {describe_foreseen(item)}: not allowed\n" for item in outlook.wanted)
        command = f"rundown run {visible(shlex.quote(file))}{again}"
        refused = render_refusals(outlook, command, found.suggestion, at_least=1)
        sys.stdout.write(wanted + refused)
    if outlook.writes is not None:
        sys.stdout.write(f"may be needed: {describe_foreseen(outlook.writes)}\n")
    if found.by_hand:
        sys.stdout.write(f"waits for a person at: {', '.join(found.by_hand)}\n")
    return found.code


def _has_parts(chapter: Chapter, at: str) -> bool:
    """Whether a position is that of a step whose substeps do the work."""
    name = at.removeprefix(chapter.at)
    return any(step.id == name and step.substeps for step in chapter.opened.runbook.steps)


def _as_json(found: Rehearsal) -> dict[str, object]:
    outlook = found.outlook
    return {
        "outcome": "allow" if found.code == 0 else "deny",
        "wanted": [_item(item) for item in outlook.wanted],
        "asks": [_item(item) for item in outlook.asks],
        "denials": [_item(item) for item in outlook.denials],
        "by_hand": list(found.by_hand),
        "suggestion": found.suggestion,
    }


def _item(item: Foreseen) -> dict[str, object]:
    ruling = item.ruling
    fix = ruling.fix if ruling is not None else None
    return {
        "resource": item.text,
        "steps": list(item.positions),
        "outcome": "deny" if item.outcome is Outcome.DENY else "ask",
        "fix": {"flag": fix.flag, "yaml": fix.yaml} if fix is not None else None,
    }
