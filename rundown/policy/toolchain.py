"""Which trees an allowed executable brings: its own installation, never a home directory.

Pure text work on real paths. Anything that no row of the table knows brings its own file and no more.
Source: the documentation of pyenv, nvm, fnm, rustup, uv, asdf, mise, pipx, conda, SDKMAN!, Homebrew, Nix;
hier(7) for /opt.
"""

import re

from rundown.policy.facts import PolicyFacts
from rundown.policy.paths import covers
from rundown.policy.system import SYSTEM_TREES

# An installation is the first match; `shims` only forward, and need the whole tree of their tool.
_INSTALLATIONS = (
    r".*/\.pyenv/versions/[^/]+",
    r".*/\.nvm/versions/node/[^/]+",
    r".*/fnm/node-versions/[^/]+/installation",
    r".*/\.rustup/toolchains/[^/]+",
    r".*/uv/python/[^/]+",
    r".*/uv/tools/[^/]+",
    r".*/\.asdf/installs/[^/]+/[^/]+",
    r".*/mise/installs/[^/]+/[^/]+",
    r".*/pipx/venvs/[^/]+",
    r".*/(?:mini|ana)conda3?/envs/[^/]+",
    r".*/(?:miniforge3|mambaforge|micromamba)/envs/[^/]+",
    r".*/(?:miniconda3?|anaconda3?|miniforge3|mambaforge)(?=/)",
    r".*/\.sdkman/candidates/[^/]+/[^/]+",
    r".*/\.volta/tools/image/[^/]+/[^/]+",
    r".*/sdk/go[0-9][^/]*",
    r".*/\.bun(?=/bin/)",
    r".*/\.deno(?=/bin/)",
    r"/home/linuxbrew/\.linuxbrew",
    r"/opt/homebrew",
    r"/nix/store",
    r"/snap",
    r"/opt/[^/]+(?=/)",
)
_FORWARDERS = (
    (r"(.*/\.pyenv)/(?:shims|libexec|bin)/.*", (r"\1",)),
    (r"(.*/\.asdf)/shims/.*", (r"\1",)),
    (r"(.*/mise)/shims/.*", (r"\1",)),
    (r"(.*)/\.cargo/bin/(?:rustup|cargo|rustc|rustdoc|rustfmt|clippy-driver|cargo-clippy|cargo-fmt|rust-.*)",
     (r"\1/.cargo/bin", r"\1/.rustup")),
    (r"(.*/\.volta)/bin/.*", (r"\1",)),
)  # fmt: skip


def toolchain_trees(executable: str, facts: PolicyFacts) -> tuple[str, ...]:
    """Returns the trees that a real path brings, read and execute; its `#!` interpreter's included."""
    found = list(_trees(executable, facts))
    interpreter = facts.interpreters.get(executable)
    if interpreter:
        found += _trees(interpreter, facts)
    return tuple(dict.fromkeys(found))


def _trees(executable: str, facts: PolicyFacts) -> tuple[str, ...]:
    if any(covers(tree, executable) for tree in SYSTEM_TREES):
        return ()
    environment = next((place for place in facts.venvs if covers(place, executable)), None)
    if environment is not None:
        return (environment,)
    for pattern, results in _FORWARDERS:
        if found := re.fullmatch(pattern, executable):
            return tuple(found.expand(item) for item in results)
    for pattern in _INSTALLATIONS:
        if (found := re.match(pattern, executable)) and covers(found[0], executable):
            return (found[0],) if not covers(found[0], facts.home) else (executable,)
    return (executable,)
