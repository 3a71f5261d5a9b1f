"""A small internet for tests: several hosts with names and addresses, DNS, TLS with a test authority.

It lies in namespaces of its own, in which rundown is started as a person would start it: what it resolves and
reaches there it resolves and reaches by the real ways.
"""

import datetime
import ipaddress
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec import Struct

from tests.support.kernel import ORDINARY_UID, PATH, require_nothing_lacking

_SERVERS = Path(__file__).with_name("internet_servers.py")
_LESSER = Path(__file__).with_name("lesser_host.py")
RUNDOWN = Path(sys.executable).with_name("rundown")
NAMES = ("api.example.net", "other.example.net", "evil.test")


class Done(Struct, frozen=True, kw_only=True):
    """How a command ended."""

    status: int
    out: str
    err: str


def require_internet() -> None:
    """Skips (fails, where RUNDOWN_KERNEL=require) unless such an internet can be made here."""
    lacking = [name for name in ("unshare", "ip", "setpriv", "curl") if shutil.which(name) is None]
    if not lacking and subprocess.run(["unshare", "-Urnm", "true"], capture_output=True).returncode:
        lacking = ["user namespaces"]
    require_nothing_lacking(lacking)


class Internet:
    """`identity`: root, or an ordinary user in a user namespace."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.folder = Path(tempfile.mkdtemp(prefix="rundown-internet-", dir="/var/tmp")).resolve()
        self.home, self.project = self.folder / "home", self.folder / "project"
        for each in (self.home, self.project, self.folder / "www"):
            each.mkdir()
        (self.project / ".git").mkdir()
        self.authority = self.folder / "authority.pem"
        make_certificates(self.folder)
        words = ["unshare", "--net", "--mount", "--propagation", "private"]
        if identity == "ordinary":
            words = ["unshare", "--user", "--map-current-user", "--keep-caps", *words[1:]]
            if os.geteuid() == 0:
                subprocess.run(["chown", "-R", f"{ORDINARY_UID}:{ORDINARY_UID}", self.folder], check=True)
                user = [f"--reuid={ORDINARY_UID}", f"--regid={ORDINARY_UID}", "--clear-groups"]
                words = ["setpriv", *user, *words]
        self._process = subprocess.Popen(
            [*words, sys.executable, str(_SERVERS), str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", "the servers did not start"

    def run(self, *argv: str, env: dict[str, str] | None = None, patience_s: int = 60) -> Done:
        """Runs a command among the hosts, unconfined."""
        variables = {"PATH": PATH, "HOME": str(self.home), "LANG": "C.UTF-8", **(env or {})}
        message = {"argv": argv, "env": variables, "cwd": str(self.project), "patience_s": patience_s}
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        return Done(**json.loads(self._process.stdout.readline()))

    def step(
        self, *argv: str, allow: str = "", flags: tuple[str, ...] = (), env: dict[str, str] | None = None
    ) -> Done:
        """Runs a command as `rundown exec` runs it there. `allow`: what --allow-net says."""
        net = ("--allow-net", allow) if allow else ()
        return self.run(str(RUNDOWN), "exec", "--non-interactive", *net, *flags, "--", *argv, env=env)

    def proxied_step(
        self, *argv: str, allow: str = "", flags: tuple[str, ...] = (), env: dict[str, str] | None = None
    ) -> Done:
        """The same on a host without namespaces, where a step has Landlock and rundown's proxy."""
        net = ("--allow-net", allow) if allow else ()
        words = (str(RUNDOWN), "exec", "--non-interactive", *net, *flags, "--", *argv)
        return self.run(*self.without_namespaces, *words, env=env)

    @property
    def without_namespaces(self) -> tuple[str, ...]:
        """Words that start a program with no namespaces to be had, and no capability."""
        helpless = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all")
        return (sys.executable, str(_LESSER), "no-userns", "--", *helpless)

    def write(self, name: str, text: str) -> Path:
        """Makes a file of the identity's in the project."""
        path = self.project / name
        path.write_text(text)
        if self.identity == "ordinary" and os.geteuid() == 0:
            os.chown(path, ORDINARY_UID, ORDINARY_UID)
        return path

    def publish(self, name: str, content: bytes) -> None:
        """Lets the web servers serve this under the name."""
        path = self.folder / "www" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def publish_repository(self) -> str:
        """Lets the web servers serve a git repository with one commit, `first`; returns its name."""
        made, bare = self.folder / "made", self.folder / "www" / "repo.git"
        if not bare.exists():
            who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
            for words in (
                (*who, "init", "-q", str(made)),
                (*who, "-C", str(made), "commit", "-q", "--allow-empty", "-m", "first"),
                ("clone", "-q", "--bare", str(made), str(bare)),
                ("-C", str(bare), "update-server-info"),
            ):
                subprocess.run(["git", *words], check=True)
            subprocess.run(["chmod", "-R", "a+rX", str(bare)], check=True)
        return bare.name

    def asked(self) -> set[str]:
        """Returns each name that the internet's DNS was asked for."""
        return set((self.folder / "asked.log").read_text().split())

    def close(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def make_certificates(folder: Path) -> None:
    """Makes `authority.pem`, and `cert.pem` with `key.pem` for every name."""
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    end = start + datetime.timedelta(days=36500)

    def build(subject: str, key: ec.EllipticCurvePrivateKey, issuer: str) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
        )

    root, own = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = build("test authority", root, "test authority").add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in NAMES]
    names.append(x509.IPAddress(ipaddress.ip_address("93.184.216.34")))
    leaf = build("api.example.net", own, "test authority").add_extension(
        x509.SubjectAlternativeName(names), critical=False
    )
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(authority.sign(root, hashes.SHA256()).public_bytes(pem))
    (folder / "cert.pem").write_bytes(leaf.sign(root, hashes.SHA256()).public_bytes(pem))
    (folder / "key.pem").write_bytes(
        own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
