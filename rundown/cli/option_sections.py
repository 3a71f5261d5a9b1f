"""The help of a command that has many options, in sections, so that a tired person finds the right one.

Says nothing that the options do not say themselves, and leaves none out.
"""

from collections.abc import Iterator
from typing import Final

import click

_ALLOW, _DENY = "allow_", "deny_"
_SECTIONS: Final = (
    ("Values", ("texts", "json_texts", "files", "hidden")),
    ("Which part", ("begin", "only", "until", "step", "index", "cwd")),
    (
        "What is said and written",
        ("as_json", "quiet", "raw", "plain", "junit", "suggest", "runs_dir", "keep_tmp"),
    ),
    ("What is asked", ("yes", "non_interactive", "interactive", "no_preflight", "trust_project")),
    ("What is permitted (LIST: commas between; may be repeated)", ("policy_file", "allow_all", "deny_all")),
    ("Confinement", ("sandbox", "sandbox_strict", "no_sandbox")),
)
_PERMITTED: Final = _SECTIONS[4][0]

Rows = list[tuple[str, str]]


class SectionedCommand(click.Command):
    """Its own options first, then those that it shares with other commands, by what they are about."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shared = {name for _, names in _SECTIONS for name in names}
        params = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        own = [param for param in params if param.name not in shared and not _list_of(param)]
        _write(formatter, "Options", list(_rows(ctx, own)))
        for title, names in _SECTIONS:
            rows = list(_rows(ctx, [param for name in names for param in params if param.name == name]))
            if title == _PERMITTED:
                rows[1:1] = _lists(ctx, params)
            _write(formatter, title, rows)


def _write(formatter: click.HelpFormatter, title: str, rows: Rows) -> None:
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)


def _rows(ctx: click.Context, params: list[click.Option]) -> Iterator[tuple[str, str]]:
    for param in params:
        record = param.get_help_record(ctx)
        if record is not None:
            yield record


def _list_of(param: click.Option) -> str:
    """What `--allow-NAME LIST` or `--deny-NAME LIST` is about; "" for another option."""
    name = param.name or ""
    return name.partition("_")[2] if param.multiple and name.startswith((_ALLOW, _DENY)) else ""


def _lists(ctx: click.Context, params: list[click.Option]) -> Rows:
    """One row for allow and deny of a kind: what they are about is said once."""
    rows: dict[str, tuple[str, str]] = {}
    for param in params:
        record = param.get_help_record(ctx)
        if (name := _list_of(param)) and record is not None:
            flag, text = record
            before = rows.get(name)
            about = text.partition(" ")[2]
            about = about[:1].upper() + about[1:]
            rows[name] = (flag, about) if before is None else (f"{before[0].split()[0]}, {flag}", about)
    return list(rows.values())
