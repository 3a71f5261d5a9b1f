"""Small commands that work inside a step as well: `echo`, `prompt`, `resolve`."""

import os
import sys

import click

from rundown.cli.surroundings import working_directory
from rundown.render.escape import visible
from rundown.session.library import read_document


@click.command("echo", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option(
    "-r",
    "--result",
    "results",
    multiple=True,
    type=click.Choice(["pass", "fail"]),
    help="Of each attempt.",
)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def echo(results: tuple[str, ...], words: tuple[str, ...]) -> int:
    """Print WORDS and pass or fail: a stand-in for a real command, for scenarios and tests."""
    attempt = os.environ.get("RD_ATTEMPT", "1")
    retry = int(attempt) - 1 if attempt.isdigit() and int(attempt) else 0
    result = results[min(retry, len(results) - 1)] if results else "pass"
    sys.stdout.write(" ".join(words) + "\n")
    return 0 if result == "pass" else 1


@click.command("prompt")
@click.argument("text", nargs=-1)
def prompt(text: tuple[str, ...]) -> int:
    """Print TEXT for a person."""
    sys.stdout.write(visible(" ".join(text), lines=True) + "\n")
    return 0


@click.command("resolve")
@click.argument("file")
def resolve(file: str) -> int:
    """Print the path of the runbook that FILE names."""
    document = read_document(file, working_directory())
    path = str(document.path.resolve()) if document.path is not None else document.file
    sys.stdout.write(f"{visible(path)}\n")
    return 0
