"""What a scenario's commands may do without the word of whoever runs them: drive runs of their own workspace,
under the policy that any run has. Pure.
"""

from rundown.engine.scenario_command import ScenarioCommand
from rundown.model.diagnostic import Diagnostic

_DRIVING = (
    "run",
    "resume",
    "retry",
    "pass",
    "yes",
    "ok",
    "fail",
    "no",
    "goto",
    "stop",
    "complete",
    "stash",
    "pop",
)
_READING = ("status", "ls", "show", "log", "check", "echo", "prompt", "resolve")
_LOOSENING = (
    "--allow-all",
    "--allow-env",
    "--allow-host",
    "--allow-net",
    "--no-sandbox",
    "--policy",
    "--root",
    "--runs-dir",
    "--sandbox-best",
    "--sandbox=best",
    "--trust-project",
    "--yes-all",
    "--yes=all",
    "-y=all",
)
_PATHS = ("--allow-read", "--allow-write")


def check_limits(command: ScenarioCommand) -> Diagnostic | None:
    """Returns why a command needs the word of whoever runs the scenario; None if it does not."""
    if not command.is_rundown:
        return None
    if command.argv[0] not in (*_DRIVING, *_READING):
        return _beyond(command, f"`rundown {command.argv[0]}` drives no run")
    for place, word in enumerate(command.argv):
        flag, _, attached = word.partition("=")
        if word in _LOOSENING or flag in _LOOSENING:
            return _beyond(command, f"`{flag}` loosens what holds its steps")
        if flag in _PATHS:
            value = attached or (command.argv[place + 1] if place + 1 < len(command.argv) else "")
            if any(_leads_out(path) for path in value.split(",")):
                return _beyond(command, f"`{flag} {value}` leads out of its workspace")
    return None


def _leads_out(path: str) -> bool:
    return path.startswith(("/", "~", "{")) or ".." in path.split("/")


def _beyond(command: ScenarioCommand, why: str) -> Diagnostic:
    return Diagnostic(
        code="scenario/beyond-limits",
        message=f"`{command.text}` does more than a scenario may by itself",
        why=why,
        fix="read the runbook, then: rundown scenario run FILE --allow-all",
    )
