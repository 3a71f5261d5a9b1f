"""`rundown trust` and `rundown grants`: what this user has agreed to for good."""

import sys
from pathlib import Path

import click
from msgspec.structs import replace

from rundown.cli.places import place_options, runs_place
from rundown.cli.surroundings import read_surroundings
from rundown.model.policy import Grant, Outcome
from rundown.policy.keep import Keeper
from rundown.policy.trust import UntrustedError, forget_trust, record_trust, trusted_roots
from rundown.record.granted import granted_now
from rundown.record.ids import short_id
from rundown.record.listing import open_run
from rundown.record.place import RunsPlace
from rundown.render.escape import visible
from rundown.session.desk import load_policy
from rundown.session.project import find_project
from rundown.session.wish import Wish
from rundown.session.withdrawal import Withdrawal, Withdrawals

_SETTLED = {
    "no document": "this project has no policy document",
    "only tightens": "its document opens nothing",
    "recorded": "you trust its document as it is now",
    "for this run": "it is trusted for this run",
    "named": "it was named",
}
_ROOT = click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="The project root.")


@click.command("trust")
@click.argument("file", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--list", "listing", is_flag=True, help="List the projects whose document is trusted.")
@click.option("--revoke", is_flag=True, help="Trust this project's document no more.")
@_ROOT
def trust(file: Path | None, listing: bool, revoke: bool, root: Path | None) -> int:
    """Show what this project's policy document opens, and trust it as it is now. A change asks again.

    FILE: a runbook, or any file, of the project meant; by default the one you stand in.
    """
    around = read_surroundings()
    state = str(around.state)
    if listing:
        for known, digest in trusted_roots(state).items():
            sys.stdout.write(f"{visible(known)}  {digest}\n")
        return 0
    project = find_project(file, around.cwd, around.home, root)
    if revoke:
        forget_trust(state, project.root)
        sys.stdout.write(f"{visible(project.root)} is trusted no more\n")
        return 0
    try:
        loaded = load_policy(Wish(root=root), around, project, None)
    except UntrustedError as problem:
        question = problem.question
        sys.stdout.write(f"{visible(question.source)} of {visible(question.root)} opens:\n")
        sys.stdout.write("".join(f"  {visible(item.text)}\n" for item in question.opens))
        record_trust(state, question.root, question.digest)
        sys.stdout.write("trusted as it is now; any change of content asks again\n")
        return 0
    sys.stdout.write(f"nothing to trust: {_SETTLED[loaded.trusted]}\n")
    return 0


@click.command("grants")
@click.option("--forget", metavar="PATTERN", help="Forget the grants of this pattern.")
@click.option("--forget-all", is_flag=True, help="Forget all of them.")
@click.option("--run", "run", metavar="ID", help="Those of a run that is going, for its session; or `last`.")
@place_options
def grants(
    forget: str | None, forget_all: bool, run: str | None, root: Path | None, runs_dir: Path | None
) -> int:
    """List or forget what you always allow here (personal grants), or what you allowed a run that is going.

    What is forgotten is asked for again, from the run's next decision on.
    """
    around = read_surroundings()
    if run is not None:
        return _session_grants(run, forget, forget_all, (runs_place(root, runs_dir), around.state))
    project = find_project(None, around.cwd, around.home, root)
    wish = replace(Wish(), root=root, trust_project=True)
    keeper = Keeper(
        root=project.root,
        state_dir=str(around.state),
        loaded=load_policy(wish, around, project, None),
    )
    if forget is not None or forget_all:
        count = keeper.forget_personal(None if forget_all else forget)
        sys.stdout.write(f"{count} forgotten\n")
        return 0
    kept = keeper.personal()
    sys.stdout.write("".join(map(_line, kept)) or "no personal grants here\n")
    return 0


def _session_grants(run: str, forget: str | None, everything: bool, where: tuple[RunsPlace, Path]) -> int:
    place, state = where
    with open_run(place, run) as directory:
        run_id = directory.run_id
    granted = granted_now(place, run_id)
    if granted is None:
        raise click.UsageError(f"run {short_id(run_id)} is not going; what its session allowed is gone")
    if forget is None and not everything:
        sys.stdout.write("".join(map(_line, granted)) or "no grants in this session\n")
        return 0
    wish = Withdrawal(pattern=None if everything else forget)
    meant = sum(map(wish.means, granted))
    Withdrawals(state=state, run_id=run_id).leave(wish)
    sys.stdout.write(f"{meant} taken back, from the next decision of run {short_id(run_id)} on\n")
    return 0


def _line(grant: Grant) -> str:
    where = f"  ({visible(grant.resolved)})" if grant.resolved else ""
    what = "every further one" if grant.everything else visible(grant.pattern)
    verdict = "deny  " if grant.verdict is Outcome.DENY else ""
    return f"{verdict}{grant.capability.value:<6} {what}{where}\n"
