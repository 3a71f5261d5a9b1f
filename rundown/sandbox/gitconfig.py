"""A person's git configuration without what could sign in for them. Pure text work.

Git breaks on a configuration that is visible but unreadable, and without one it asks who commits: so
steps see a copy. Lines that are not understood are left out. Source: git-config(1), SYNTAX.
"""

import re
from typing import Final

_SECTION: Final = re.compile(r'\s*\[\s*([A-Za-z0-9.-]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\]')
_KEY: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]*)\s*(?:=|$|[#;])")
_LEFT_OUT_SECTIONS: Final = frozenset(
    {"credential", "sendemail", "imap", "github", "gitlab", "hub", "include", "includeif"}
)
_LEFT_OUT_KEYS: Final = frozenset(
    {"extraheader", "cookiefile", "proxy", "sslkey", "sslcert", "askpass", "token", "password"}
)
_USER_INFO: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s\"]*@", re.IGNORECASE)


def without_credentials(text: str) -> str:
    """Returns the configuration without sections and keys that hold or fetch credentials."""
    kept: list[str] = []
    open_section = False
    for line in _logical_lines(text):
        section = _SECTION.match(line)
        if section is not None:
            name = section[1].lower().split(".")[0]
            open_section = name not in _LEFT_OUT_SECTIONS and not _USER_INFO.search(section[0])
            if open_section:
                kept.append(section[0])
            line = line[section.end() :]
        key = _KEY.match(line)
        if open_section and key and key[1].lower() not in _LEFT_OUT_KEYS and not _USER_INFO.search(line):
            kept.append(line)
    return "".join(f"{line}\n" for line in kept)


def _logical_lines(text: str) -> list[str]:
    """Joins lines that end in a backslash with the next, keeping both as they are."""
    lines: list[str] = []
    continued = False
    for line in text.split("\n"):
        if continued:
            lines[-1] += "\n" + line
        else:
            lines.append(line)
        continued = (len(line) - len(line.rstrip("\\"))) % 2 == 1
    return lines
