"""`rundown diff`: what the steps of a run changed in the trees that they could write."""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from msgspec import Struct

from rundown.cli.places import place_options, runs_place
from rundown.cli.screen import stream_style, tell
from rundown.errors import RecordError
from rundown.model.diagnostic import Diagnostic
from rundown.model.digest import canonical_json
from rundown.model.event import ArtifactStored, ChangesUnseen, Event, FileChanged
from rundown.record.events import read_events
from rundown.record.listing import open_run
from rundown.record.rundir import EVENTS, RunDirectory
from rundown.render.diff import render_diff
from rundown.render.escape import visible
from rundown.render.event import describe_change

_EPILOG = """\b
Examples:
  rundown diff                     what the newest run changed
  rundown diff 98f3a1b2c3d4 2.1    what step 2.1 did
  rundown diff last --stat         names only

Secrets are taken out of diffs, and large files left out: they are to be read, not to be applied.
"""


class _Changed(Struct, frozen=True, kw_only=True):
    """What the chosen steps changed, in the order of the log."""

    files: tuple[FileChanged, ...]
    diffs: tuple[ArtifactStored, ...]
    unseen: tuple[ChangesUnseen, ...]


@click.command("diff", epilog=_EPILOG)
@click.argument("run", required=False)
@click.argument("step", required=False)
@click.option("--stat", is_flag=True, help="Names of files only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@place_options
def command(
    run: str | None, step: str | None, stat: bool, as_json: bool, root: Path | None, runs_dir: Path | None
) -> int:
    """Show what RUN changed, or one STEP of it. Nothing means the newest run."""
    with open_run(runs_place(root, runs_dir), run) as directory:
        found = _read(read_events(directory.path / EVENTS), step)
        diffs = [] if stat or as_json else [(item, _content(directory, item)) for item in found.diffs]
    if as_json:
        sys.stdout.write("".join(f"{canonical_json(item).decode()}\n" for item in found.files))
        return 0
    tell(*map(_warning, found.unseen))
    if not found.files:
        sys.stdout.write("nothing changed, as far as is on record\n")
    elif stat:
        sys.stdout.write("".join(_line(item) for item in found.files))
    else:
        _write(diffs)
    return 0


def _read(events: Iterator[Event], step: str | None) -> _Changed:
    facts = [
        event.body
        for event in events
        if isinstance(event.body, FileChanged | ArtifactStored | ChangesUnseen)
        if step is None or event.body.position == step or event.body.position.startswith(f"{step}.")
    ]
    files = tuple(item for item in facts if isinstance(item, FileChanged))
    named = {item.diff for item in files}
    return _Changed(
        files=files,
        diffs=tuple(item for item in facts if isinstance(item, ArtifactStored) and item.file in named),
        unseen=tuple(item for item in facts if isinstance(item, ChangesUnseen)),
    )


def _content(directory: RunDirectory, diff: ArtifactStored) -> bytes:
    content = directory.read_file(diff.file)
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != diff.digest:
        raise RecordError(
            Diagnostic(
                code="record/file-differs",
                message=f"{directory.path / diff.file} is not what was written",
                why="its digest is not the one on record",
                fix="`rundown diff --stat` shows what the log says",
            )
        )
    return content


def _write(diffs: list[tuple[ArtifactStored, bytes]]) -> None:
    style = stream_style(sys.stdout)
    for diff, content in diffs:
        sys.stdout.write(style.paint(f"# step {visible(diff.position)}", "bold") + "\n")
        if sys.stdout.isatty():
            sys.stdout.write(render_diff(content, style))
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)


def _line(item: FileChanged) -> str:
    return f"{visible(item.position)}  {describe_change(item.before, item.after):<7}  {visible(item.path)}\n"


def _warning(item: ChangesUnseen) -> Diagnostic:
    what = f"changes below {item.path} are not on record" if item.path else "changes may be missing"
    return Diagnostic(
        code="record/changes-unseen",
        severity="warning",
        message=f"step {item.position}: {what}",
        why=item.why,
    )
