"""Plans: from what was allowed, the host and its files to ordered operations. No kernel here."""

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from rundown.model.policy import Allowed, Envelope, LayerKind, Limits, Outcome, Rule
from rundown.model.request import Capability, ExecutionRequest
from rundown.model.sandbox import (
    Gap,
    HostFacts,
    LandlockRule,
    Mask,
    Refusal,
    SandboxPlan,
    StepNetwork,
    Survey,
    Tree,
)
from rundown.sandbox.plan import digest_plan, plan_sandbox
from rundown.sandbox.recipe import command_of, mounts_left, recipe_of
from rundown.sandbox.settings import LaunchSettings, ViewSettings

HOST = HostFacts(
    kernel="6.18", machine="x86_64", uid=1000, gid=1000, landlock_abi=7, seccomp=True, user_namespaces=True,
    namespaces_as_root=False, proc_mount=True, cgroup="none",
)  # fmt: skip
LANDLOCK = replace(HOST, user_namespaces=False)
REQUEST = ExecutionRequest(
    run_id="r", position="1", attempt=1, kind="sh", text="true", argv=("/bin/sh", "-c", "true"), cwd="/p", env_names=(), operations=(),
)  # fmt: skip
SETTINGS = LaunchSettings(
    view=ViewSettings(root="/p", home="/home/ada"), env=(("A", "1"), ("TMPDIR", "/elsewhere"))
)
PROJECT = Tree(path="/p", kind="dir")
DIST = Tree(path="/p/dist", kind="dir", write=True)
USR = Tree(path="/usr", kind="dir", origin="system")


def _plan(survey=None, host=HOST, settings=SETTINGS, request=REQUEST, **envelope) -> SandboxPlan:
    found = _plan_or_refusal(survey, host, settings, request, **envelope)
    assert isinstance(found, SandboxPlan), found
    return found


def _plan_or_refusal(survey=None, host=HOST, settings=SETTINGS, request=REQUEST, **envelope):
    allowed = Allowed(request=request, rulings=(), envelope=Envelope(**envelope))
    return plan_sandbox(allowed, host, survey or Survey(trees=(USR, PROJECT, DIST)), settings)


def _place(plan, **like) -> int:
    found = [
        n
        for n, mount in enumerate(plan.mounts)
        if all(getattr(mount, key) == value for key, value in like.items())
    ]
    assert len(found) == 1, (like, found)
    return found[0]


def test_a_plan_names_its_request_and_starts_its_argv_in_its_directory():
    plan = _plan()
    assert (plan.request_digest, plan.argv, plan.cwd) == (REQUEST.digest, REQUEST.argv, "/p")


def test_temporary_directories_are_forced_and_home_is_the_persons_path():
    assert dict(_plan().env) == {
        "A": "1",
        "HOME": "/home/ada",
        "TEMP": "/tmp",
        "TMP": "/tmp",
        "TMPDIR": "/tmp",
    }


def test_what_is_opened_comes_before_pins_and_pins_before_masks():
    masks = (
        Mask(path="/p/dist/a/b/.env", kind="file", action="hide"),
        Mask(path="/p/dist/hooks", kind="dir", action="pin"),
        Mask(path="/p/keys", kind="dir", action="hide"),
    )
    plan = _plan(Survey(trees=(USR, PROJECT, DIST), masks=masks))
    order = [
        _place(plan, target="/proc", kind="proc"),
        _place(plan, target="/p", kind="bind", writable=False),
        _place(plan, target="/p/dist", kind="bind", writable=True),
        _place(plan, target="/p/dist/a", kind="pin", writable=True),
        _place(plan, target="/p/dist/a/b", kind="pin", writable=True),
        _place(plan, target="/p/dist/hooks", kind="pin", writable=False),
        _place(plan, target="/p/dist/a/b/.env", kind="mask-file"),
        _place(plan, target="/p/keys", kind="mask-dir"),
    ]
    assert order == sorted(order)


def test_the_kernels_switches_are_read_only_and_its_secrets_masked_where_they_exist():
    plan = _plan(Survey(trees=(USR,), proc_names=("sys", "kcore", "scsi", "cpuinfo")))
    hardened = [(mount.kind, mount.target) for mount in plan.mounts if mount.target.startswith("/proc/")]
    assert hardened == [("pin", "/proc/sys"), ("mask-file", "/proc/kcore"), ("mask-dir", "/proc/scsi")]
    assert not any(mount.optional for mount in plan.mounts if mount.target.startswith("/proc/"))


def test_a_tree_around_our_own_places_comes_first_and_the_project_is_bound_back():
    view = ViewSettings(root="/var/tmp/p", home="/home/ada")
    settings = replace(SETTINGS, view=view, cwd="/var/tmp/p")
    plan = _plan(Survey(trees=(USR, Tree(path="/var", kind="dir"))), settings=settings)
    order = [
        _place(plan, target="/var"),
        _place(plan, target="/var/tmp"),
        _place(plan, target="/var/tmp/p", kind="bind"),
    ]
    assert (order, plan.base_mounts, plan.base_rules) == (sorted(order), 0, 0)


def test_a_home_that_policy_opens_is_not_replaced_by_a_private_one():
    opened = _plan(Survey(trees=(USR, Tree(path="/home", kind="dir"))))
    assert [mount.source for mount in opened.mounts if mount.target == "/home/ada"] == []
    assert [mount.source for mount in _plan().mounts if mount.target == "/home/ada"] == ["run:home"]


@pytest.mark.parametrize("home", ["", "/"])
def test_who_has_no_home_gets_tmp(home):
    plan = _plan(settings=replace(SETTINGS, view=ViewSettings(root="/p", home=home)))
    assert dict(plan.env)["HOME"] == "/tmp"


def test_rules_grant_what_trees_say():
    rules = {rule.path: rule for rule in _plan().landlock}
    assert rules["/p"] == LandlockRule(path="/p", execute=True)
    assert rules["/p/dist"] == LandlockRule(path="/p/dist", write=True, execute=True)
    assert rules["/"] == LandlockRule(path="/", list_only=True)


def test_what_steps_of_a_run_share_is_done_once_and_the_rest_is_the_steps_own():
    plan = _plan()
    recipe = recipe_of(plan)
    rest = mounts_left(plan, recipe)
    assert len(recipe.base) + len(recipe.fresh) + len(rest) == len(plan.mounts)
    assert [mount["target"] for mount in rest if mount["kind"] == "bind"] == ["/p", "/p/dist"]
    assert all(
        not mount.target.startswith("/p") or mount.target.startswith("/proc")
        for mount in (*recipe.base, *recipe.fresh)
    )
    assert [rule["path"] for rule in command_of(plan, recipe)["landlock"]] == ["/run", "/p", "/p/dist"]


def test_a_recipe_serves_the_plans_that_want_the_same_and_a_bare_one_serves_all_of_its_kind():
    recipe = recipe_of(_plan())
    bare = replace(recipe, base=(), fresh=(), landlock=())
    other = recipe_of(_plan(settings=replace(SETTINGS, view=ViewSettings(root="/p", home="/home/bob"))))
    assert [recipe.serves(recipe), bare.serves(recipe), other.serves(recipe), recipe.serves(bare)] == [
        True,
        True,
        False,
        False,
    ]
    assert not replace(bare, only_programs=True).serves(recipe)


def test_enforce_run_tree_grants_execution_to_programs_only_and_mounts_noexec():
    survey = Survey(trees=(USR, PROJECT, DIST), programs=("/usr/bin/git",))
    plan = _plan(survey, enforce_run="tree", run_trees=("/opt/tool",))
    executable = {rule.path for rule in plan.landlock if rule.execute}
    assert {"/bin/sh", "/usr/bin/git", "/opt/tool"} <= executable
    assert executable & {"/usr", "/p", "/p/dist", "/tmp", "/dev"} == set()
    writable = [
        mount for mount in plan.mounts if mount.kind == "bind" and mount.writable and not mount.devices
    ]
    assert (
        len(writable) >= 4,
        [mount.executable for mount in writable if mount.executable],
        plan.only_programs,
    ) == (True, [], True)


@pytest.mark.parametrize("lack", [{"landlock_abi": 0}, {"seccomp": False}])
def test_enforce_run_tree_is_refused_where_it_cannot_be_enforced(lack):
    found = _plan_or_refusal(host=replace(HOST, **lack), enforce_run="tree")
    assert isinstance(found, Refusal)
    assert (found.code, "enforce_run: tree" in found.message) == ("sandbox/deny-unenforced", True)


def test_a_host_word_changes_namespaces_and_is_a_gap():
    plan = _plan_host("pid")
    assert ("pid" in plan.namespaces, [gap.code for gap in plan.gaps]) == (False, ["sandbox/host-pid"])
    assert plan.mounts[_place(plan, target="/proc", kind="bind")].source == "/proc"


def _plan_host(*words) -> SandboxPlan:
    allowed = Allowed(request=REQUEST, rulings=(), envelope=Envelope(host=words))
    found = plan_sandbox(allowed, HOST, Survey(trees=(USR, PROJECT)), SETTINGS)
    assert isinstance(found, SandboxPlan)
    return found


def test_a_step_in_the_hosts_network_sees_the_hosts_resolver():
    plan = _plan_host("net")
    assert ("net" in plan.namespaces, plan.mounts[_place(plan, target="/etc/resolv.conf")].kind) == (
        False,
        "bind",
    )


def test_an_unconfined_step_has_no_walls_and_says_so():
    plan = _plan_host("unconfined")
    assert (plan.tier, plan.namespaces, plan.mounts, plan.landlock, plan.landlock_abi, plan.seccomp, plan.layers) == (
        "none", (), (), (), 0, False, (),
    )  # fmt: skip
    assert [gap.code for gap in plan.gaps] == ["sandbox/unconfined"]
    assert dict(plan.env) == dict(SETTINGS.env)


def test_the_strict_sandbox_refuses_any_gap_but_those_of_the_steps_own_wish():
    strict = replace(SETTINGS, wish="strict")
    problem = Gap(code="sandbox/old-landlock", message="m", remedy="r")
    refused = _plan_or_refusal(host=replace(HOST, problems=(problem,)), settings=strict)
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.missing) == ("sandbox/gaps", (problem,))
    assert isinstance(_plan_or_refusal(settings=strict), SandboxPlan)


def test_limits_come_from_policy_and_a_time_out_from_the_step_first():
    limits = Limits(
        timeout_ns=1, memory_bytes=2, pids=3, cpu=0.5, file_size_bytes=4, open_files=5, output_bytes=6
    )
    plan = _plan(limits=limits)
    got = (
        plan.timeout_ns,
        plan.memory_bytes,
        plan.pids,
        plan.cpu,
        plan.file_size_bytes,
        plan.open_files,
        plan.output_bytes,
    )
    assert got == (1, 2, 3, 0.5, 4, 5, 6)
    assert _plan(limits=limits, request=replace(REQUEST, timeout_ns=9)).timeout_ns == 9


def test_only_root_in_a_project_of_somebody_else_keeps_capabilities():
    foreign = Survey(trees=(USR, PROJECT), foreign_owner=True)
    assert _plan(foreign).keep_capabilities == ()
    assert _plan(foreign, host=replace(HOST, uid=0)).keep_capabilities == ("CHOWN", "DAC_OVERRIDE", "FOWNER")
    assert _plan(host=replace(HOST, uid=0)).keep_capabilities == ()
    assert _plan(foreign, host=replace(LANDLOCK, uid=0)).keep_capabilities == ()


def test_without_a_view_siblings_are_granted_around_what_is_hidden():
    survey = Survey(
        trees=(USR, PROJECT),
        masks=(
            Mask(path="/p/a/.env", kind="file", action="hide"),
            Mask(path="/p/k", kind="dir", action="hide"),
        ),
        listings=(("/p", ("a", "b", "k")), ("/p/a", (".env", "x"))),
    )
    plan = _plan(survey, host=LANDLOCK, settings=replace(SETTINGS, host_tmp="/var/run-tmp"))
    rules = {rule.path: rule for rule in plan.landlock if rule.path.startswith("/p/") or rule.path == "/p"}
    assert rules == {
        "/p/a": LandlockRule(path="/p/a", list_only=True),
        "/p/a/x": LandlockRule(path="/p/a/x", execute=True),
        "/p/b": LandlockRule(path="/p/b", execute=True),
    }
    assert (dict(plan.env)["HOME"], dict(plan.env)["TMPDIR"]) == ("/var/run-tmp/home", "/var/run-tmp")


def test_without_a_view_a_project_can_be_listed_although_the_records_of_runs_are_hidden():
    survey = Survey(
        trees=(USR, PROJECT),
        masks=(Mask(path="/p/.rundown/runs", kind="dir", action="hide"),),
        listings=(("/p", (".rundown", "a")), ("/p/.rundown", ("runs", "work"))),
    )
    rules = {rule for rule in _plan(survey, host=LANDLOCK).landlock if (rule.path + "/").startswith("/p/")}
    assert rules == {
        LandlockRule(path="/p", list_only=True),
        LandlockRule(path="/p/.rundown", list_only=True),
        LandlockRule(path="/p/.rundown/work", execute=True),
        LandlockRule(path="/p/a", execute=True),
    }


def test_without_a_view_nothing_is_created_beside_what_may_not_be_written():
    survey = Survey(
        trees=(PROJECT, Tree(path="/p/.git", kind="dir", write=True)),
        masks=(
            Mask(path="/p/.git/hooks", kind="dir", action="pin"),
            Mask(path="/p/.git/modules/key", kind="file", action="hide"),
        ),
        listings=(
            ("/p", (".git", "a")),
            ("/p/.git", ("HEAD", "hooks", "modules", "objects")),
            ("/p/.git/modules", ("key", "sub")),
        ),
    )
    plan = _plan(survey, host=LANDLOCK)
    assert {rule for rule in plan.landlock if rule.path.startswith("/p/.git")} == {
        LandlockRule(path="/p/.git", list_only=True),
        LandlockRule(path="/p/.git/HEAD", write=True, execute=True),
        LandlockRule(path="/p/.git/HEAD", execute=True),
        LandlockRule(path="/p/.git/hooks", execute=True),
        LandlockRule(path="/p/.git/modules", list_only=True),
        LandlockRule(path="/p/.git/modules/sub", write=True, execute=True),
        LandlockRule(path="/p/.git/modules/sub", execute=True),
        LandlockRule(path="/p/.git/objects", write=True, execute=True),
        LandlockRule(path="/p/.git/objects", execute=True),
    }
    (gap,) = [gap for gap in plan.gaps if gap.code == "sandbox/narrowed-tree"]
    assert ("/p/.git, /p/.git/modules, so git cannot commit" in gap.message, gap.remedy != "") == (True, True)


def test_a_digest_holds_names_of_variables_but_no_values():
    one = replace(SETTINGS, env=(("A", "secret"),))
    assert digest_plan(_plan(settings=one)) == digest_plan(
        _plan(settings=replace(one, env=(("A", "other"),)))
    )
    assert digest_plan(_plan(settings=one)) != digest_plan(
        _plan(settings=replace(one, env=(("B", "secret"),)))
    )


def test_a_digest_can_be_taken_of_names_that_are_not_text():
    odd = Survey(trees=(PROJECT,), masks=(Mask(path="/p/\udcff", kind="file", action="hide"),))
    other = Survey(trees=(PROJECT,), masks=(Mask(path="/p/\udcfe", kind="file", action="hide"),))
    assert digest_plan(_plan(odd)) != digest_plan(_plan(other))


@dataclass
class _Layer:
    host: HostFacts
    layers: tuple[str, ...]


@pytest.mark.parametrize(
    "case",
    [
        _Layer(
            HOST,
            (
                "kernel 6.18",
                "user namespace",
                "mount view",
                "pid, net, ipc, uts namespaces",
                "landlock abi 7",
                "seccomp",
            ),
        ),
        _Layer(replace(LANDLOCK, seccomp=False), ("kernel 6.18", "landlock abi 7")),
        _Layer(
            replace(
                HOST,
                uid=0,
                user_namespaces=False,
                namespaces_as_root=True,
                landlock_abi=0,
                cgroup="v2",
                cgroup_controllers=("pids",),
            ),
            ("kernel 6.18", "mount view", "pid, net, ipc, uts namespaces", "seccomp", "cgroup v2 (pids)"),
        ),
    ],
)
def test_the_layers_in_force_are_listed_with_versions(case):
    assert _plan(host=case.host, settings=replace(SETTINGS, wish="best")).layers == case.layers


def test_landlock_alone_without_seccomp_would_leave_connections_open_and_is_refused():
    refused = _plan_or_refusal(host=replace(HOST, user_namespaces=False, seccomp=False))
    assert isinstance(refused, Refusal)
    assert (refused.code, "connections" in refused.message) == ("sandbox/deny-unenforced", True)


ON_A_PORT = replace(SETTINGS, network=StepNetwork(ports=(443,), host_ports=(40000,)))


@pytest.mark.parametrize(
    ("host", "words", "expected"),
    [
        (LANDLOCK, (), (True, (40000,), "outgoing")),
        (replace(LANDLOCK, landlock_abi=4), (), (True, (40000,), "outgoing")),
        (replace(LANDLOCK, landlock_abi=3), (), (True, (), "none")),
        (LANDLOCK, ("net",), (False, (), "all")),
        (HOST, (), (False, (), "all")),
    ],
)
def test_without_namespaces_a_step_connects_to_rundowns_port_and_to_nothing_else(host, words, expected):
    allowed = Allowed(request=REQUEST, rulings=(), envelope=Envelope(host=words))
    plan = plan_sandbox(allowed, host, Survey(trees=(USR, PROJECT)), ON_A_PORT)
    assert isinstance(plan, SandboxPlan)
    assert (plan.deny_connect, plan.connect_ports, plan.sockets) == expected


@pytest.mark.parametrize(
    ("host", "settings", "gaps"),
    [
        (LANDLOCK, ON_A_PORT, {"sandbox/net-by-port", "sandbox/net-by-proxy"}),
        (LANDLOCK, SETTINGS, {"sandbox/no-sockets"}),
        (replace(LANDLOCK, landlock_abi=3), ON_A_PORT, {"sandbox/no-sockets", "sandbox/no-tcp-rules"}),
        (HOST, ON_A_PORT, set()),
    ],
)
def test_what_a_step_reaches_without_namespaces_is_named(host, settings, gaps):
    rule = Rule(
        capability=Capability.NET, verdict=Outcome.ALLOW, pattern="a.example", layer=LayerKind.PROJECT
    )
    plan = _plan(host=host, settings=settings, net=(rule,))
    assert {
        gap.code for gap in plan.gaps if "net" in gap.code or "tcp" in gap.code or "sock" in gap.code
    } == gaps


def test_a_step_without_namespaces_is_warm_whatever_its_port():
    first, second = (
        recipe_of(_plan(host=LANDLOCK, settings=replace(ON_A_PORT, network=StepNetwork(host_ports=(port,)))))
        for port in (40000, 40001)
    )
    assert first == second
    assert not first.serves(recipe_of(_plan(host=LANDLOCK)))


def test_git_without_a_view_reads_no_system_file_that_it_may_not_read():
    assert dict(_plan(host=LANDLOCK).env)["GIT_CONFIG_NOSYSTEM"] == "1"
    assert "GIT_CONFIG_NOSYSTEM" not in dict(_plan().env)
