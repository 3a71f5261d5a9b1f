"""An executable brings its installation, and never a home directory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rundown.policy.toolchain import toolchain_trees
from tests.support.policies import FACTS, HOME


@pytest.mark.parametrize(
    ("executable", "trees"),
    [
        ("/usr/bin/git", ()),
        ("/bin/sh", ()),
        ("~/.pyenv/versions/3.12.1/bin/python3.12", ("~/.pyenv/versions/3.12.1",)),
        ("~/.pyenv/shims/python", ("~/.pyenv",)),
        ("~/.nvm/versions/node/v20.1.0/bin/node", ("~/.nvm/versions/node/v20.1.0",)),
        (
            "~/.local/share/fnm/node-versions/v20/installation/bin/node",
            ("~/.local/share/fnm/node-versions/v20/installation",),
        ),
        ("~/.rustup/toolchains/stable-x86_64/bin/cargo", ("~/.rustup/toolchains/stable-x86_64",)),
        ("~/.cargo/bin/rustup", ("~/.cargo/bin", "~/.rustup")),
        ("~/.cargo/bin/ripgrep", ("~/.cargo/bin/ripgrep",)),
        ("~/.local/bin/uv", ("~/.local/bin/uv",)),
        ("~/.local/share/uv/python/cpython-3.12/bin/python3.12", ("~/.local/share/uv/python/cpython-3.12",)),
        ("~/.local/share/uv/tools/ruff/bin/ruff", ("~/.local/share/uv/tools/ruff",)),
        ("~/.asdf/installs/nodejs/20.1/bin/node", ("~/.asdf/installs/nodejs/20.1",)),
        ("~/.asdf/shims/node", ("~/.asdf",)),
        ("~/.local/share/mise/installs/go/1.22/bin/go", ("~/.local/share/mise/installs/go/1.22",)),
        ("~/.local/pipx/venvs/black/bin/black", ("~/.local/pipx/venvs/black",)),
        ("~/miniconda3/envs/x/bin/python", ("~/miniconda3/envs/x",)),
        ("~/miniconda3/bin/python", ("~/miniconda3",)),
        ("~/.sdkman/candidates/java/21/bin/java", ("~/.sdkman/candidates/java/21",)),
        ("~/sdk/go1.22/bin/go", ("~/sdk/go1.22",)),
        ("~/bin/mine", ("~/bin/mine",)),
        ("/home/linuxbrew/.linuxbrew/Cellar/jq/1.7/bin/jq", ("/home/linuxbrew/.linuxbrew",)),
        ("/nix/store/abc-jq/bin/jq", ()),
        ("/opt/google/chrome/chrome", ("/opt/google",)),
        ("/opt/tool", ("/opt/tool",)),
        ("/srv/x/bin/y", ("/srv/x/bin/y",)),
    ],
)
def test_each_kind_of_installation(executable, trees):
    found = toolchain_trees(executable.replace("~", HOME), FACTS)
    assert found == tuple(tree.replace("~", HOME) for tree in trees)


def test_a_scripts_interpreter_brings_its_own():
    npm = f"{HOME}/.nvm/versions/node/v20/lib/node_modules/npm/bin/npm-cli.js"
    facts = replace(FACTS, interpreters={npm: "/opt/node/bin/node"})
    assert toolchain_trees(npm, facts) == (f"{HOME}/.nvm/versions/node/v20", "/opt/node")


def test_a_virtual_environment_comes_whole():
    facts = replace(FACTS, venvs=(f"{HOME}/envs/web",))
    assert toolchain_trees(f"{HOME}/envs/web/bin/pytest", facts) == (f"{HOME}/envs/web",)


parts = st.lists(
    st.sampled_from(
        [
            ".pyenv",
            "versions",
            "3",
            "bin",
            ".cargo",
            "opt",
            "shims",
            ".asdf",
            "mise",
            "uv",
            "x",
            ".nvm",
            "node",
        ]
    ),
    min_size=1,
    max_size=6,
)


@given(parts, st.sampled_from([HOME, "", "/opt"]))
def test_no_executable_ever_opens_the_home_directory_or_what_holds_it(names, base):
    executable = "/".join((base, *names))
    for tree in toolchain_trees(executable, FACTS):
        assert tree.startswith("/") and not (HOME + "/").startswith(tree + "/")
