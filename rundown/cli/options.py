"""The options that every command which executes something takes, and the `Wish` they become."""

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from rundown.cli.gathering import gather_options
from rundown.model.request import Capability
from rundown.model.sandbox import SandboxWish
from rundown.policy.flags import parse_flags
from rundown.session.wish import Wish

_CAPABILITIES = ("run", "read", "write", "env", "net", "host", "tool")
_WHAT = {
    "run": "executables (name, path, or words of a command line)",
    "read": "paths to read",
    "write": "paths to write",
    "env": "environment variables",
    "net": "hosts (host, *.host, host:port, address, range)",
    "host": "what confinement takes away (pid net systemd journal unconfined)",
    "tool": "tools of agents by name (mcp:SERVER/TOOL, KIND:TOOL)",
}


def policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the policy and sandbox options; the command takes them as one `wish: Wish`."""
    return gather_options(command, _options(), "wish", _gather)


def _options() -> list[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    return [
        *_lists(),
        click.option("--allow-all", is_flag=True, help="Bypass every check; implies --no-sandbox."),
        click.option("--deny-all", is_flag=True, help="Deny everything; wins over all else."),
        click.option("--policy", "policy_file", metavar="FILE", help="Use this document, not the project's."),
        click.option(
            "-y",
            "--yes",
            is_flag=True,
            help="Answer asks for literal executables with yes; --yes=all answers every ask of steps.",
        ),
        click.option("--yes-all", is_flag=True, hidden=True),
        click.option("--non-interactive", is_flag=True, help="Never ask: what would be asked is denied."),
        click.option("--interactive", is_flag=True, help="Ask although CI is set."),
        click.option(
            "--sandbox",
            is_flag=True,
            help="The kernel sandbox (the default); --sandbox=best applies what there is and never refuses.",
        ),
        click.option("--sandbox-best", is_flag=True, hidden=True),
        click.option("--sandbox-strict", is_flag=True, help="Refuse if any part of the sandbox is missing."),
        click.option("--no-sandbox", is_flag=True, help="Run steps unconfined."),
        click.option(
            "--keep-tmp",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Copy the steps' private /tmp to DIR at the end; DIR must be new or empty.",
        ),
        click.option(
            "--trust-project", is_flag=True, help="Trust the project's policy document as it is now."
        ),
        click.option(
            "--root",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="The project root, instead of the nearest folder with .git or .rundown.",
        ),
    ]


def _lists() -> list[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    return [
        click.option(
            f"--{verb}-{name}",
            multiple=True,
            metavar="LIST",
            help=f"{verb.capitalize()} {_WHAT[name]}.",
        )
        for name in _CAPABILITIES
        for verb in ("allow", "deny")
    ]


def _gather(words: dict[str, Any]) -> Wish:
    """Takes the policy words out of `words`."""
    lists: dict[str, dict[Capability, tuple[str, ...]]] = {
        verb: {Capability(name): words.pop(f"{verb}_{name}") for name in _CAPABILITIES}
        for verb in ("allow", "deny")
    }
    allow_all, yes, yes_all = (words.pop(name) for name in ("allow_all", "yes", "yes_all"))
    flags = parse_flags(
        lists["allow"],
        lists["deny"],
        allow_all=allow_all,
        deny_all=words.pop("deny_all"),
        yes="all" if yes_all else ("executables" if yes else "no"),
    )
    return Wish(
        flags=flags,
        policy_file=words.pop("policy_file"),
        non_interactive=words.pop("non_interactive"),
        interactive=words.pop("interactive"),
        sandbox=_sandbox_wish(words, "none" if allow_all else "default"),
        trust_project=words.pop("trust_project"),
        keep_tmp=words.pop("keep_tmp"),
        root=words.pop("root"),
        runs_dir=words.pop("runs_dir", None),
    )


def _sandbox_wish(words: dict[str, Any], default: SandboxWish) -> SandboxWish:
    wishes: dict[str, SandboxWish] = {
        "sandbox": "default",
        "sandbox_best": "best",
        "sandbox_strict": "strict",
        "no_sandbox": "none",
    }
    chosen = {wish for name, wish in wishes.items() if words.pop(name)}
    if len(chosen) > 1:
        raise click.UsageError("choose one of --sandbox, --sandbox=best, --sandbox-strict and --no-sandbox")
    return chosen.pop() if chosen else default


_SANDBOX_FLAGS: dict[SandboxWish, str] = {
    "default": "",
    "best": "--sandbox=best",
    "strict": "--sandbox-strict",
    "none": "--no-sandbox",
}


def flags_again(wish: Wish) -> str:
    """Returns the policy flags of an invocation as words for the next one, a blank in front; "" for none.

    A run keeps no flags: whoever goes on with it gives them anew.
    """
    words: list[str] = []
    for verb, listed in (("allow", wish.flags.allow), ("deny", wish.flags.deny)):
        for capability, patterns in listed.items():
            text = ",".join(pattern.replace(",", "\\,") for pattern in patterns)
            words += [f"--{verb}-{capability.value}", shlex.quote(text)]
    if wish.policy_file is not None:
        words += ["--policy", shlex.quote(wish.policy_file)]
    flags = wish.flags
    words += [{"no": "", "executables": "--yes", "all": "--yes=all"}[flags.yes]]
    words += ["--allow-all" if flags.allow_all else "", "--deny-all" if flags.deny_all else ""]
    words += [_SANDBOX_FLAGS[wish.sandbox] if not (flags.allow_all and wish.sandbox == "none") else ""]
    return "".join(f" {word}" for word in words if word)
