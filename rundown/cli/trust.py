"""`rundown trust` and `rundown grants`: what this user has agreed to for good."""

import sys
from pathlib import Path

import click
from msgspec.structs import replace

from rundown.cli.surroundings import read_surroundings
from rundown.policy.keep import Keeper
from rundown.policy.trust import UntrustedError, forget_trust, record_trust, trusted_roots
from rundown.render.escape import visible
from rundown.session.desk import load_policy
from rundown.session.project import find_project
from rundown.session.wish import Wish

_ROOT = click.option("--root", type=click.Path(path_type=Path), metavar="DIR", help="The project root.")


@click.command("trust")
@click.option("--list", "listing", is_flag=True, help="List the projects whose document is trusted.")
@click.option("--revoke", is_flag=True, help="Trust this project's document no more.")
@_ROOT
def trust(listing: bool, revoke: bool, root: Path | None) -> int:
    """Show what this project's policy document opens, and trust it as it is now. A change asks again."""
    around = read_surroundings()
    state = str(around.state)
    if listing:
        for known, digest in trusted_roots(state).items():
            sys.stdout.write(f"{visible(known)}  {digest}\n")
        return 0
    project = find_project(None, around.cwd, around.home, root)
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
    sys.stdout.write(f"nothing to trust: {loaded.trusted}\n")
    return 0


@click.command("grants")
@click.option("--forget", metavar="PATTERN", help="Forget the grants of this pattern.")
@click.option("--forget-all", is_flag=True, help="Forget all of them.")
@_ROOT
def grants(forget: str | None, forget_all: bool, root: Path | None) -> int:
    """List or forget what you always allow here (personal grants)."""
    around = read_surroundings()
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
    for grant in kept:
        where = f"  ({visible(grant.resolved)})" if grant.resolved else ""
        sys.stdout.write(f"{grant.capability.value:<6} {visible(grant.pattern)}{where}\n")
    if not kept:
        sys.stdout.write("no personal grants here\n")
    return 0
