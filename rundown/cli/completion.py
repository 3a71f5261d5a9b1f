"""`rundown completion`: what a shell must read to complete commands, runbooks, steps and runs."""

import sys

import click

_EPILOG = """\b
Examples:
  eval "$(rundown completion bash)"                       now; or at the end of ~/.bashrc
  eval "$(rundown completion zsh)"                        after compinit, in ~/.zshrc
  rundown completion fish > ~/.config/fish/completions/rundown.fish
"""


@click.command("completion", epilog=_EPILOG)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion of SHELL."""
    from click.shell_completion import get_completion_class

    from rundown.cli.group import root

    kind = get_completion_class(shell)
    assert kind is not None
    sys.stdout.write(kind(root, {}, "rundown", "_RUNDOWN_COMPLETE").source() + "\n")
    return 0
