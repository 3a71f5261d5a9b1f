"""What is wrong with a pattern's text, and what kind of pattern it is. Nothing is matched here.

Patterns have no negation and no unknown placeholder; exceptions are `except` lists.
"""

import re
import shlex

import bracex
from msgspec import Struct
from wcmatch import glob

from rundown.model.policy import Outcome
from rundown.model.request import Capability
from rundown.policy.decode import suggest
from rundown.policy.host import NotAHost, normalise_host, split_port

PLACEHOLDERS = ("repo", "gitdir", "tmp", "cache", "home", "config")
PLACEHOLDER = re.compile(r"(?<!\\)\{([A-Za-z_][A-Za-z0-9_]*)\}")
GLOB_FLAGS = glob.GLOBSTAR | glob.DOTGLOB | glob.BRACE | glob.EXTGLOB | glob.FORCEUNIX | glob.CASE
MAX_ALTERNATIVES = 256
MAX_STARS = 12

_MAGIC = re.compile(r"(?<!\\)(?:[*?\[{]|[@+!]\()")
_NESTED = re.compile(r"[*+]\([^()]*[*+]\(")
_TREE = re.compile(r"(?P<base>.*?)(?:/\*\*)?/?")


class Flaw(Struct, frozen=True, kw_only=True):
    """Code (without its room), message and mend of a bad pattern."""

    code: str
    message: str
    fix: str = ""


def find_flaw(capability: Capability, text: str, verdict: Outcome) -> Flaw | None:
    """Returns what is wrong with a pattern in a list of that kind, None if nothing is."""
    if not text.strip():
        return Flaw(code="empty-pattern", message="the pattern is empty", fix="remove it or fill it in")
    if any(ord(char) < 32 or ord(char) == 127 for char in text):
        fix = "remove it; names with one can be reached through `*` or `?`"
        return Flaw(code="bad-pattern", message="the pattern holds a control character", fix=fix)
    if text.startswith("!") or re.search(r"(?<!\\)!\(", text):
        fix = "write the opposite entry, or the exceptions under `except:`"
        return Flaw(code="negation", message=f"`{text}` is a negation, and patterns have none", fix=fix)
    match capability:
        case Capability.RUN:
            return _run_flaw(text)
        case Capability.READ | Capability.WRITE:
            return _path_flaw(text) or (_tree_flaw(capability, text) if verdict is Outcome.ALLOW else None)
        case Capability.ENV:
            return _env_flaw(text)
        case Capability.NET:
            return _net_flaw(text)
        case Capability.HOST | Capability.TOOL:
            return None


def split_words(text: str) -> tuple[str, ...]:
    """Returns the words of a run pattern; quotes and backslashes as in a shell.

    Raises: ValueError for an open quote.
    """
    return tuple(shlex.split(text))


def is_literal(capability: Capability, text: str) -> bool:
    """Whether a pattern names one thing: no glob, brace or class in it (placeholders are no globs)."""
    if capability is Capability.NET:
        return "*" not in text and "/" not in text
    return _MAGIC.search(PLACEHOLDER.sub("", text)) is None


def is_tree(text: str) -> bool:
    """Whether a path pattern is a literal path or `literal/**`."""
    found = _TREE.fullmatch(text)
    return found is not None and is_literal(Capability.READ, found["base"])


def expand_braces(text: str) -> tuple[str, ...]:
    """Returns the alternatives of `{a,b}` in a path pattern, placeholders untouched.

    Raises: bracex.ExpansionLimitException above 256 of them.
    """
    kept = PLACEHOLDER.sub(lambda found: f"\0{found[1]}\1", text)
    return tuple(
        item.replace("\0", "{").replace("\1", "}")
        for item in bracex.expand(kept, keep_escapes=True, limit=MAX_ALTERNATIVES)
    )


def escape_path(path: str) -> str:
    """Returns the pattern that means exactly this path."""
    return re.sub(r"([*?\[\]{}()|\\])", r"\\\1", path)


def unescape_path(pattern: str) -> str:
    """Returns the path that a literal pattern means."""
    return re.sub(r"\\(.)", r"\1", pattern)


def path_below(text: str, verdict: Outcome) -> str:
    """Returns a path pattern that stands on its own: absolute, by placeholder, or beginning with `**/`.

    `~` is `{home}`. A relative pattern means below `{repo}`; a bare name in a deny or ask means any depth.
    """
    if text == "~" or text.startswith("~/"):
        return "{home}" + text[1:]
    if text.startswith(("/", "{", "**/")) and not text.startswith("{{"):
        return text if text.startswith(("/", "**/")) or _starts_with_place(text) else "{repo}/" + text
    text = text.removeprefix("./")
    if verdict is not Outcome.ALLOW and "/" not in text.rstrip("/"):
        return "**/" + text
    return "{repo}/" + text if text not in ("", ".") else "{repo}"


def _starts_with_place(text: str) -> bool:
    name, closed, _ = text[1:].partition("}")
    return bool(closed) and name.isidentifier()


def literal_argv(words: tuple[str, ...]) -> str:
    """Returns the run pattern that matches exactly these words (and whatever follows them)."""
    first = escape_path(words[0]) if "/" in words[0] else _escape_word(words[0])
    return " ".join(shlex.quote(word) for word in (first, *(_escape_word(word) for word in words[1:])))


def _escape_word(word: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", word)


def _run_flaw(text: str) -> Flaw | None:
    try:
        words = split_words(text)
    except ValueError:
        return Flaw(code="bad-pattern", message=f"`{text}` has an open quote", fix="close it")
    if not words or not words[0]:
        fix = "name one, or write * for every one"
        return Flaw(code="empty-pattern", message="the pattern names no executable", fix=fix)
    return _path_flaw(words[0]) if "/" in words[0] else None


def _path_flaw(text: str) -> Flaw | None:
    for found in PLACEHOLDER.finditer(text):
        if found[1] not in PLACEHOLDERS:
            message = f"unknown placeholder {{{found[1]}}} in `{text}`"
            return Flaw(code="unknown-placeholder", message=message, fix=suggest(found[1], PLACEHOLDERS))
        if found.start() > 0:
            message = f"{{{found[1]}}} stands inside `{text}`"
            return Flaw(code="bad-pattern", message=message, fix="a placeholder begins a path")
    if _NESTED.search(text) or any(part.count("*") > MAX_STARS for part in text.split("/")):
        return Flaw(code="bad-pattern", message=f"`{text}` repeats repetitions", fix="write it plainer")
    if ".." in text.split("/"):
        return Flaw(code="bad-pattern", message=f"`{text}` climbs with `..`", fix="write the path itself")
    try:
        expand_braces(text)
        for pattern in glob.translate(PLACEHOLDER.sub("/x", text), flags=GLOB_FLAGS, limit=256)[0]:
            re.compile(pattern)
    except Exception as error:  # bracex, wcmatch and re have no common class for "too much" and "not valid"
        fix = "escape letters that mean something in globs with a backslash"
        return Flaw(code="bad-pattern", message=f"`{text}` is no valid pattern ({error})", fix=fix)
    return None


def _tree_flaw(capability: Capability, text: str) -> Flaw | None:
    if capability is Capability.READ or all(is_tree(item) for item in expand_braces(text)):
        return None
    return Flaw(
        code="write-glob-not-tree",
        message=f"`{text}` cannot be opened for writing: it is neither a path nor `path/**`",
        fix="name the directory and write `directory/**`",
    )


def _env_flaw(text: str) -> Flaw | None:
    if re.fullmatch(r"[A-Za-z0-9_*?\[\]-]+=?", text):
        return None
    message = f"`{text}` is no variable's name"
    return Flaw(code="bad-pattern", message=message, fix="letters, digits, _, and the globs * ? [..]")


def _net_flaw(text: str) -> Flaw | None:
    if "://" in text:
        message = f"`{text}` is a URL"
        return Flaw(code="bad-host", message=message, fix="name the host alone, with :PORT if it needs one")
    host, port = split_port(text)
    found: str | NotAHost = port if isinstance(port, NotAHost) else _net_host_flaw(host)
    if isinstance(found, NotAHost):
        message = f"`{text}` names no host: {found.reason}"
        return Flaw(
            code="bad-host", message=message, fix="write host, *.host, host:port, an IP address or a CIDR"
        )
    return None


def _net_host_flaw(host: str) -> str | NotAHost:
    import ipaddress

    if host == "*":
        return host
    if "/" in host:
        try:
            return str(ipaddress.ip_network(host.strip("[]")))
        except ValueError as error:
            return NotAHost(str(error))
    return normalise_host(host.removeprefix("*."))
