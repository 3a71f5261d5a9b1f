"""Hosts that literal words name: URLs anywhere, host operands of the programs that connect.

Source: RFC 3986 (authority); ssh(1), scp(1), git-clone(1) (`user@host:path`); curl(1), wget(1), ping(8), nc(1).
"""

import re
from collections.abc import Sequence

from rundown.model.request import Capability
from rundown.shell.ledger import Ledger
from rundown.shell.tree import Word

_URL = re.compile(
    r"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]{0,20})://(?:[^/?#\s@'\"]*@)?(\[[0-9A-Fa-f:.]+\]|[^/?#:\s'\"\[\]@\\]+)(?::([0-9]+))?"
)
_LOCATION = re.compile(r"(?:[A-Za-z0-9._-]+@)?([A-Za-z0-9][A-Za-z0-9.-]*):(?!//|[0-9]*$).*")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+@)?([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::([0-9]+))?(?:/.*)?")
_PORTS = {
    "http": "80",
    "https": "443",
    "ws": "80",
    "wss": "443",
    "ftp": "21",
    "ftps": "990",
    "ssh": "22",
    "git": "9418",
    "rsync": "873",
    "git+ssh": "22",
    "ssh+git": "22",
    "git+https": "443",
    "sftp": "22",
    "ldap": "389",
    "ldaps": "636",
    "postgres": "5432",
    "postgresql": "5432",
    "mysql": "3306",
    "redis": "6379",
    "mongodb": "27017",
    "amqp": "5672",
    "rtsp": "554",
    "telnet": "23",
    "gopher": "70",
    "dict": "2628",
    "imap": "143",
    "imaps": "993",
    "pop3": "110",
    "pop3s": "995",
    "smtp": "25",
    "smtps": "465",
    "svn": "3690",
    "svn+ssh": "22",
    "docker": "443",
    "oci": "443",
}
_LOCAL = frozenset(["file", "data", "unix", "fd", "jar", "about"])
_LOCATIONS = frozenset(["scp", "rsync", "git", "sftp"])
_OPERANDS = {
    "curl": None,
    "wget": None,
    "ping": None,
    "ping6": None,
    "traceroute": None,
    "host": None,
    "dig": None,
    "nslookup": None,
    "telnet": None,
    "ftp": "21",
    "ssh": "22",
    "sftp": "22",
    "mosh": "22",
    "nc": None,
    "ncat": None,
    "netcat": None,
    "nmap": None,
    "ssh-copy-id": "22",
    "ssh-keyscan": "22",
    "whois": "43",
    "mtr": None,
    "http": None,
    "https": "443",
    "httpie": None,
    "aria2c": None,
}
_TAKES_VALUE = {
    "curl": frozenset(
        [
            "-A",
            "-b",
            "-C",
            "-c",
            "-D",
            "-d",
            "-E",
            "-e",
            "-F",
            "-H",
            "-h",
            "-K",
            "-m",
            "-o",
            "-P",
            "-Q",
            "-r",
            "-T",
            "-t",
            "-u",
            "-U",
            "-w",
            "-X",
            "-x",
            "-Y",
            "-y",
            "-z",
            "--data",
            "--data-raw",
            "--data-binary",
            "--header",
            "--output",
            "--request",
            "--user",
            "--user-agent",
            "--max-time",
            "--retry",
            "--connect-timeout",
            "--cacert",
            "--cert",
            "--key",
            "--form",
            "--url-query",
            "--json",
            "--data-urlencode",
            "--write-out",
            "--referer",
            "--resolve",
            "--cookie",
            "--limit-rate",
            "--retry-delay",
        ]
    ),
    "wget": frozenset(
        [
            "-O",
            "-o",
            "-a",
            "-P",
            "-U",
            "-t",
            "-T",
            "-w",
            "-Q",
            "-A",
            "-R",
            "-D",
            "-I",
            "-X",
            "-l",
            "-B",
            "-i",
            "-e",
            "--header",
            "--output-document",
            "--user",
            "--password",
            "--timeout",
            "--tries",
            "--post-data",
            "--directory-prefix",
        ]
    ),
    "ssh": frozenset(
        [
            "-B",
            "-b",
            "-c",
            "-D",
            "-E",
            "-e",
            "-F",
            "-I",
            "-i",
            "-J",
            "-L",
            "-l",
            "-m",
            "-O",
            "-o",
            "-p",
            "-Q",
            "-R",
            "-S",
            "-W",
            "-w",
        ]
    ),
    "sftp": frozenset(["-B", "-b", "-c", "-D", "-F", "-i", "-J", "-l", "-o", "-P", "-R", "-S", "-s"]),
    "ping": frozenset(["-c", "-i", "-I", "-l", "-M", "-m", "-p", "-Q", "-s", "-S", "-t", "-T", "-w", "-W"]),
    "dig": frozenset(["-b", "-c", "-f", "-k", "-p", "-q", "-t", "-x", "-y"]),
    "nc": frozenset(
        [
            "-c",
            "-e",
            "-G",
            "-g",
            "-I",
            "-i",
            "-M",
            "-m",
            "-O",
            "-o",
            "-P",
            "-p",
            "-q",
            "-s",
            "-T",
            "-V",
            "-W",
            "-w",
            "-X",
            "-x",
        ]
    ),
}
_FIRST_ONLY = frozenset(
    [
        "ssh",
        "sftp",
        "mosh",
        "nc",
        "ncat",
        "netcat",
        "telnet",
        "ftp",
        "nslookup",
        "host",
        "whois",
        "ssh-copy-id",
    ]
)


def reached(ledger: Ledger, name: str, words: Sequence[Word]) -> None:
    """Notes every host that literal words of a command name."""
    for word in words[1:]:
        text = word.value if word.value is not None else word.prefix
        if "://" in text:
            _urls(ledger, word, text)
        elif word.value is not None and name in _LOCATIONS:
            match = _LOCATION.fullmatch(text)
            if match is not None and not text.startswith(("-", "/", ".")) and (name != "git" or "@" in text):
                ledger.touch(Capability.NET, f"{match.group(1)}:22", word, f"operand of {name}")
    if name in _OPERANDS:
        _host_operands(ledger, name, words)


def _urls(ledger: Ledger, word: Word, text: str) -> None:
    for match in _URL.finditer(text):
        scheme, host, port = match.group(1).lower(), match.group(2), match.group(3)
        if scheme in _LOCAL or (word.value is None and match.end(2) == len(text)):
            continue
        port = port or _PORTS.get(scheme, "")
        ledger.touch(Capability.NET, f"{host}:{port}" if port else host, word, "URL")


def _host_operands(ledger: Ledger, name: str, words: Sequence[Word]) -> None:
    takes = _TAKES_VALUE.get(name, frozenset())
    skip = False
    for word in words[1:]:
        text = word.value
        if skip or text is None:
            skip = False
            if text is None and not word.prefix.startswith("-") and name in _FIRST_ONLY:
                return
            continue
        if text.startswith(("-", "+", "@")):
            skip = text in takes
            continue
        match = _HOST.fullmatch(text)
        if (
            match is not None
            and "://" not in text
            and (name in _FIRST_ONLY or "." in text or text.startswith("localhost"))
        ):
            port = match.group(2) or _OPERANDS[name] or ""
            ledger.touch(
                Capability.NET,
                f"{match.group(1)}:{port}" if port else match.group(1),
                word,
                f"operand of {name}",
            )
        if name in _FIRST_ONLY:
            return
