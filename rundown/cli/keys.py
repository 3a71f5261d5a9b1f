"""`rundown keys`: the key that receipts are signed with, and its public half for whoever verifies them."""

import os
import sys
from pathlib import Path

import click

from rundown.cli.surroundings import read_surroundings
from rundown.errors import InvalidInputError
from rundown.model.diagnostic import Diagnostic
from rundown.model.digest import canonical_json
from rundown.policy.protect import SIGNING_KEY_VARIABLE
from rundown.render.escape import visible

_EPILOG = """\b
Examples:
  rundown keys show
  rundown keys export > me.pub      then: rundown verify receipt.json --key me.pub
"""


@click.group("keys", epilog=_EPILOG)
def command() -> None:
    """The key that receipts are signed with. It is made on first use and never leaves this machine."""


@command.command("show")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def show(as_json: bool) -> int:
    """Say which key signs receipts here."""
    from rundown.record.sign import find_signing_key

    around = read_surroundings()
    key = find_signing_key(around.config, around.environ.get(SIGNING_KEY_VARIABLE))
    if as_json:
        told = None if key is None else {"keyid": key.public.keyid, "origin": key.origin}
        sys.stdout.write(canonical_json(told).decode() + "\n")
    elif key is None:
        sys.stdout.write("no key yet: the first run makes one, and so does `rundown keys export`\n")
    else:
        sys.stdout.write(f"key   {key.public.keyid}\nfrom  {visible(key.origin)}\n")
    return 0


@command.command("export")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write it there.")
def export(output: Path | None) -> int:
    """Print the public key, in PEM, for those who are to verify your receipts."""
    from rundown.record.sign import load_signing_key

    around = read_surroundings()
    key = load_signing_key(around.config, around.environ.get(SIGNING_KEY_VARIABLE))
    if output is None:
        sys.stdout.write(key.public.pem())
        return 0
    try:
        output.write_text(key.public.pem())
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise InvalidInputError(
            Diagnostic(code="cli/not-written", message=f"cannot write {output}", why=why)
        ) from error
    return 0
