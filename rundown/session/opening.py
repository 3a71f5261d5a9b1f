"""What a run is started as: its contract, and the first facts of its log."""

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rundown import __version__
from rundown.model.contract import Contract
from rundown.model.event import Body, HostProbed, PolicyFrozen, RunStarted
from rundown.model.runbook import AgentBody, Runbook
from rundown.record.times import rfc3339
from rundown.session.desk import Desk
from rundown.session.library import Opened
from rundown.session.run import Run, Start
from rundown.session.values import dump_values


def draw_contract(desk: Desk, opened: Opened, start: Start, *, run_id: str, now_ns: int) -> Contract:
    """Returns the frozen terms of a run."""
    return Contract(
        run_id=run_id,
        at=rfc3339(now_ns),
        root=desk.project.root,
        rundown_version=__version__,
        runbook_file=opened.document.file,
        runbook_path=_real(opened.document.path),
        runbook_digest=opened.runbook.digest,
        policy_digest=desk.loaded.digest,
        inputs=dump_values(start.values, start.secret),
        host=desk.host,
        isolation=desk.wish.sandbox,
        agents=_agents(opened.runbook, start.agent),
        prompted=start.prompted,
        parent_run=start.family.parent,
        expires_at=start.expires_at,
    )


def begin(desk: Desk, run: Run) -> Iterator[Body]:
    """Yields the first facts of a new run."""
    start = run.start
    yield RunStarted(
        run_id=run.directory.run_id,
        runbook_file=run.opened.document.file,
        runbook_path=_real(run.opened.document.path),
        runbook_digest=run.opened.runbook.digest,
        root=desk.project.root,
        rundown_version=__version__,
        context_id=start.context_id or run.directory.run_id,
        agent=start.agent,
        prompted=start.prompted,
        inputs=dump_values(start.values, start.secret),
        parent_run=start.family.parent,
        withheld=tuple(sorted(start.secret_values)),
        until=str(start.until or ""),
        cwd=start.cwd,
    )
    yield HostProbed(facts=desk.host, wish=desk.wish.sandbox)
    yield PolicyFrozen(digest=desk.loaded.documents_digest, sources=desk.loaded.sources)


def frozen_anew(desk: Desk, host: HostProbed | None, policy: PolicyFrozen | None) -> Iterator[Body]:
    """Yields what a run that goes on is under now, where it is not what it was under last."""
    probed = HostProbed(facts=desk.host, wish=desk.wish.sandbox)
    if host != probed:
        yield probed
    frozen = PolicyFrozen(digest=desk.loaded.documents_digest, sources=desk.loaded.sources)
    if policy != frozen:
        yield frozen


def make_work_directory(root: Path) -> None:
    """Makes `.rundown/work`, which steps may write, beside the records; nothing where these
    lie elsewhere or belong to another."""
    records = root / ".rundown"
    with suppress(OSError):
        found = records.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
            (records / "work").mkdir(exist_ok=True)


def _real(path: Path | None) -> str:
    return str(path.resolve()) if path is not None else ""


def _agents(runbook: Runbook, chosen: str | None) -> tuple[str, ...]:
    bodies = (body for body in runbook.bodies() if isinstance(body, AgentBody))
    kinds = {body.kind or chosen or runbook.front.agent for body in bodies}
    return tuple(sorted(kind for kind in kinds if kind is not None))
