"""Any policy, any operation, any grant: hypothesis strategies that meet each other often."""

from hypothesis import strategies as st
from msgspec.structs import replace

from rundown.model.policy import Bypass, Grant, Layer, LayerKind, Outcome, Rule, Ruleset
from rundown.model.request import Capability, Operation
from tests.support.policies import FACTS, ROOT, env, host, net, read, run, tool, write

NAMES = ("git", "docker", "rm", "jq", "terraform")
WORDS = ("push", "log", "--force", "-c", "a")
PATTERNS = {
    Capability.RUN: (
        *NAMES,
        "git push",
        "git push --force*",
        "g*",
        "*",
        "git *",
        "/usr/bin/git",
        "git ** --force",
    ),
    Capability.READ: (
        "{repo}/**",
        "**/.env",
        "{repo}/.env",
        "src",
        "**/*secret*",
        "~/**",
        "/etc/**",
        "{repo}/src/a.py",
    ),
    Capability.WRITE: ("{repo}/**", "**/.env", "{repo}/.env", "{repo}/dist/**", "~/**", "/etc/hosts"),
    Capability.ENV: ("PATH", "*", "*_TOKEN", "API_TOKEN", "PATH=", "EDITOR"),
    Capability.NET: ("a.example", "*.example", "*", "a.example:443", "10.0.0.0/8", "10.1.2.3:5432"),
    Capability.HOST: (),
    Capability.TOOL: ("mcp:github/*", "mcp:github/delete_repo", "claude:WebSearch", "*"),
}
LISTED = [item for item in Capability if PATTERNS[item]]

verdicts = st.sampled_from(list(Outcome))
layer_kinds = st.sampled_from([LayerKind.PROJECT, LayerKind.USER, LayerKind.BUILTIN])


@st.composite
def a_rule(draw, verdict=verdicts, kind=layer_kinds):
    capability = draw(st.sampled_from(LISTED))
    exceptions = ()
    chosen = draw(verdict)
    if chosen is Outcome.DENY and draw(st.booleans()):
        exceptions = (draw(st.sampled_from(PATTERNS[capability])),)
    return Rule(
        capability=capability,
        verdict=chosen,
        pattern=draw(st.sampled_from(PATTERNS[capability])),
        exceptions=exceptions,
        layer=draw(kind),
    )


modes = st.dictionaries(
    st.sampled_from(list(Capability)),
    st.sampled_from(["prompted", "execute", "deny", "confined"]),
    max_size=3,
)


@st.composite
def a_layer(draw, kind):
    rules = draw(st.lists(a_rule(kind=st.just(kind)), max_size=6))
    return Layer(kind=kind, source=kind.value, rules=tuple(rules), modes=draw(modes))


@st.composite
def a_ruleset(draw):
    system = draw(st.none() | a_layer(LayerKind.SYSTEM))
    flags = Layer(
        kind=LayerKind.FLAG,
        source="flags",
        rules=tuple(
            draw(
                st.lists(
                    a_rule(st.sampled_from([Outcome.ALLOW, Outcome.DENY]), st.just(LayerKind.FLAG)),
                    max_size=2,
                )
            )
        ),
    )
    kinds = draw(
        st.sampled_from(
            [
                (LayerKind.BUILTIN,),
                (LayerKind.PROJECT, LayerKind.BUILTIN),
                (LayerKind.PROJECT, LayerKind.USER, LayerKind.BUILTIN),
            ]
        )
    )
    layers = tuple(draw(a_layer(kind)) for kind in kinds)
    bypass = Bypass(
        allow_all=draw(st.integers(0, 9)) == 0, yes=draw(st.sampled_from(["no", "no", "executables", "all"]))
    )
    return Ruleset(system=system, flags=flags, layers=layers, bypass=bypass)


@st.composite
def an_operation(draw) -> Operation:
    kind = draw(st.sampled_from(["run", "run", "read", "write", "env", "net", "host", "tool"]))
    if kind == "run":
        words = draw(st.lists(st.sampled_from((*WORDS, "?")), max_size=3))
        name = draw(st.sampled_from((*NAMES, "/usr/bin/git", "./run.sh", "?")))
        changes = (
            {}
            if name == "?"
            else {"kind": draw(st.sampled_from(["literal", "literal", "escape", "opaque", "wrapper"]))}
        )
        return run(" ".join((name, *words)), safe_path=draw(st.booleans()), **changes)
    if kind in ("read", "write"):
        path = draw(
            st.sampled_from(
                (".env", "src/a.py", "dist/x", "my-secret/a", "/etc/hosts", "/home/ada/x", ".git/config")
            )
        )
        real = draw(st.none() | st.sampled_from((f"{ROOT}/.env", "/etc/shadow", f"{ROOT}/dist/y")))
        make = read if kind == "read" else write
        return make(path) if real is None else make(path, resolved=real)
    if kind == "env":
        return env(
            draw(st.sampled_from(("PATH", "API_TOKEN", "EDITOR"))),
            kind=draw(st.sampled_from(["literal", "escape"])),
        )
    if kind == "net":
        return net(
            draw(
                st.sampled_from(
                    ("a.example", "b.a.example:443", "10.1.2.3:5432", "https://a.example/x", "0x7f.1")
                )
            )
        )
    if kind == "tool":
        return tool(draw(st.sampled_from(("mcp:github/list_x", "claude:WebSearch"))))
    return host(draw(st.sampled_from(("pid", "unconfined"))))


@st.composite
def a_grant(draw):
    capability = draw(st.sampled_from(LISTED))
    if draw(st.booleans()):
        return Grant(capability=capability, pattern="*", everything=True)
    pattern = draw(st.sampled_from(PATTERNS[capability]))
    return Grant(
        capability=capability, pattern=pattern, resolved=draw(st.none() | st.just(f"/usr/bin/{pattern}"))
    )


facts = st.booleans().map(lambda no_gap: replace(FACTS, no_gap=no_gap))
