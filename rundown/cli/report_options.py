"""The options of a run that reports to somebody else than a person: files, time, how much is said."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from rundown.cli.gathering import gather_options
from rundown.syntax.duration import parse_duration


class Reports(Struct, frozen=True, kw_only=True):
    """What was asked for. `junit`, `suggest`: files to write; `timeout_ns`: for the whole run."""

    junit: Path | None = None
    suggest: Path | None = None
    timeout_ns: int | None = None
    quiet: bool = False
    as_json: bool = False
    raw: bool = False
    plain: bool = False


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--json`, `--quiet`, `--plain`, `--junit` and so on; the command takes one `reports: Reports`."""

    def gather(words: dict[str, Any]) -> Reports:
        names = ("junit", "suggest", "timeout_ns", "quiet", "as_json", "raw", "plain")
        return Reports(**{name: words.pop(name) for name in names})

    return gather_options(command, _options(), "reports", gather)


def _options() -> list[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    path = click.Path(path_type=Path, dir_okay=False)
    return [
        click.option("--json", "as_json", is_flag=True, help="Print events as JSON lines."),
        click.option("-q", "--quiet", is_flag=True, help="Print nothing but what goes wrong."),
        click.option(
            "--raw-output", "raw", is_flag=True, help="Pass escape sequences of steps on to the terminal."
        ),
        click.option("--plain", is_flag=True, help="Plain lines: no colour, no signs, nothing that moves."),
        click.option("--junit", type=path, metavar="FILE", help="Write a JUnit report, however it ends."),
        click.option(
            "--suggest-policy",
            "suggest",
            type=path,
            metavar="FILE",
            help="Write the smallest policy under which it needs neither --yes nor --allow flags.",
        ),
        click.option(
            "--timeout",
            "timeout_ns",
            type=DurationParameter(),
            metavar="TIME",
            help="End the whole run after 90s, 10m, 1h30m.",
        ),
    ]


class DurationParameter(click.ParamType):  # type: ignore[type-arg]
    """A time as people write it, in nanoseconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        found = parse_duration(value)
        if found is None:
            self.fail(f"`{value}` is no time: write 90s, 10m or 1h30m", param, ctx)
        return found
