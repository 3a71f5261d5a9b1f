"""Well-known tokens, found by their form, whoever they belong to.

Only forms with a prefix of their own, so that ordinary text is left alone. Each is limited in length.
"""

import re

from msgspec import Struct

from rundown.redact.matcher import Shape
from rundown.redact.tracks import Sight

_WORD = rb"[A-Za-z0-9]"
_URL_WORD = rb"[A-Za-z0-9_-]"
_LONGEST = 4096
_WORD_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")


class Part(Struct, frozen=True, kw_only=True):
    """A run of bytes of one class, or a literal."""

    literal: bytes = b""
    run: re.Pattern[bytes] | None = None
    least: int = 0
    most: int = 0


class Token(Struct, frozen=True, kw_only=True):
    """A form made of parts, each of which ends where the next begins, without a choice."""

    name: str
    parts: tuple[Part, ...]

    @property
    def prefix(self) -> bytes:
        """The literal that it begins with."""
        return self.parts[0].literal

    def look(self, content: bytes, at: int, before: int | None) -> Sight:
        """Returns what stands at `at`. In the middle of a word nothing does."""
        if before is not None and before in _WORD_BYTES:
            return Sight()
        for part in self.parts:
            if part.run is None:
                if not content.startswith(part.literal, at):
                    return Sight(open=part.literal.startswith(content[at:]))
                at += len(part.literal)
                continue
            found = part.run.match(content, at)
            size = found.end() - at if found else 0
            at += size
            if size < part.least:
                return Sight(open=at == len(content))
        return Sight(name=self.name, end=at, open=at == len(content) and size < part.most)


class PrivateKey(Struct, frozen=True, kw_only=True):
    """A PEM block with a private key: the marker, then lines that look like base64, then the end marker.

    Line ends may be real or spelled `\\n`, lines may have prefixes. A block that is cut short ends where its
    lines stop to look like base64. Source: RFC 7468.
    """

    name: str = "private-key"

    @property
    def prefix(self) -> bytes:
        """The marker's beginning."""
        return b"-----BEGIN "

    def look(self, content: bytes, at: int, before: int | None) -> Sight:
        """Returns the block at `at`, as far as it goes."""
        begin = _BEGIN.match(content, at)
        if begin is None:
            marker = self.prefix.startswith(content[at:])
            return Sight(open=marker or _BEGIN_SO_FAR.fullmatch(content, at) is not None)
        body = _BODY.match(content, begin.end())
        end = body.end() if body else begin.end()
        closed = _END.match(content, end)
        if closed is not None:
            return Sight(name=self.name, end=closed.end())
        return Sight(name=self.name, end=end, open=_END_SO_FAR.fullmatch(content, end) is not None)


_SPACE = rb"(?:[ \t\r\n+>|\",-]|\\[nr])"
_GAP = _SPACE + rb"{1,24}?"
_RUN = rb"[A-Za-z0-9+/]{%d,1024}={0,2}"
_BEGIN = re.compile(rb"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----")
_BEGIN_SO_FAR = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,64}-{0,4}")
_BODY = re.compile(rb"(?:" + _GAP + _RUN % 16 + rb"){0,500}")
_END = re.compile(rb"(?:" + _GAP + _RUN % 1 + rb")?" + _GAP + rb"-----END [A-Z0-9 ]{1,64}-----")
_END_SO_FAR = re.compile(
    _SPACE + rb"{0,24}\\?" + _RUN % 0 + _SPACE + rb"{0,24}\\?(?:E(?:N(?:D(?: [A-Z0-9 ]{0,64}-{0,4})?)?)?)?"
)


def _token(name: str, literal: str, *runs: tuple[bytes, int] | str) -> Token:
    parts = [Part(literal=literal.encode())]
    for run in runs:
        if isinstance(run, str):
            parts.append(Part(literal=run.encode()))
        else:
            characters, least = run
            pattern = re.compile(characters + b"{0,%d}" % _LONGEST)
            parts.append(Part(run=pattern, least=least, most=_LONGEST))
    return Token(name=name, parts=tuple(parts))


def well_known_shapes() -> tuple[Shape, ...]:
    """Returns the forms that are looked for. Source: the issuers' documentation of their token formats."""
    return (
        *(_token("github-token", f"gh{kind}_", (_WORD, 36)) for kind in "pousr"),
        _token("github-token", "github_pat_", (rb"[A-Za-z0-9_]", 50)),
        _token("gitlab-token", "glpat-", (rb"[A-Za-z0-9_.-]", 20)),
        *(_token("aws-access-key", prefix, (rb"[A-Z0-9]", 16)) for prefix in ("AKIA", "ASIA")),
        *(_token("slack-token", f"xox{kind}-", (rb"[A-Za-z0-9-]", 20)) for kind in "abeoprs"),
        _token("slack-token", "xapp-", (rb"[A-Za-z0-9-]", 20)),
        _token("anthropic-key", "sk-ant-", (_URL_WORD, 30)),
        _token("openai-key", "sk-proj-", (_URL_WORD, 30)),
        _token("openai-key", "sk-svcacct-", (_URL_WORD, 30)),
        _token("openrouter-key", "sk-or-v1-", (_WORD, 40)),
        _token("api-key", "sk-", (_WORD, 32)),
        *(_token("stripe-key", f"{kind}_live_", (_WORD, 20)) for kind in ("sk", "rk")),
        _token("google-key", "AIza", (_URL_WORD, 35)),
        _token("google-token", "ya29.", (_URL_WORD, 30)),
        _token("npm-token", "npm_", (_WORD, 36)),
        _token("pypi-token", "pypi-AgE", (_URL_WORD, 50)),
        _token("hugging-face-token", "hf_", (_WORD, 30)),
        _token("docker-token", "dckr_pat_", (_URL_WORD, 20)),
        _token("digitalocean-token", "dop_v1_", (rb"[a-f0-9]", 64)),
        _token("sendgrid-key", "SG.", (_URL_WORD, 16), ".", (_URL_WORD, 32)),
        _token("vault-token", "hvs.", (_URL_WORD, 24)),
        _token("jwt", "eyJ", (_URL_WORD, 10), ".eyJ", (_URL_WORD, 10), ".", (_URL_WORD, 10)),
        PrivateKey(),
    )
