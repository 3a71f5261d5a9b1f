"""What runs left behind, read from their logs: an outsider's view, without rundown's own code."""

import json
from pathlib import Path
from typing import Any


def logs(project: Path) -> list[list[dict[str, Any]]]:
    """Returns the bodies of each run's events, oldest run first."""
    files = sorted(project.glob(".rundown/runs/*/events.jsonl"))
    whole = [file.read_text().rpartition("\n")[0].splitlines() for file in files]
    return [[json.loads(line)["body"] for line in lines] for lines in whole]


def log_of(project: Path, runbook: str) -> list[dict[str, Any]]:
    """Returns the bodies of the newest run of a runbook, named as its run names it."""
    found = [log for log in logs(project) if log and log[0]["runbook_file"] == runbook]
    return found[-1] if found else [{"type": "none"}]


def kinds(project: Path, runbook: str, *types: str) -> list[dict[str, Any]]:
    """Returns the bodies of these types in the newest run of a runbook."""
    return [body for body in log_of(project, runbook) if body["type"] in types]


def standings(project: Path) -> list[str]:
    """Returns a line for each run, oldest first: file, how it stands, where."""
    return [f"{log[0]['runbook_file']} {standing(log)}" for log in logs(project)]


def standing(log: list[dict[str, Any]]) -> str:
    """Returns `completed`, `stopped: message`, `waiting at 2.1`, `denied at 2`, or the last event's type."""
    last = log[-1]
    match last["type"]:
        case "RunFinished":
            message = last.get("message", "")
            return f"{last['status']}: {message}" if message else str(last["status"])
        case "RunPaused":
            return f"{last['reason']} at {last['position']}"
        case other:
            return str(other)


def reports(project: Path, runbook: str) -> list[str]:
    """Returns `position result` of every unit that ended in the newest run of a runbook, in order."""
    return [
        ".".join(str(body[part]) for part in ("step", "iteration", "substep") if body.get(part) is not None)
        + f" {body['result']}"
        for body in kinds(project, runbook, "StepFinished")
    ]


def run_ids(project: Path) -> list[str]:
    """Returns the ids of the project's runs, oldest first."""
    return sorted(path.parent.name for path in project.glob(".rundown/runs/*/events.jsonl"))
