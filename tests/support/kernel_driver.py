"""Runs steps for kernel tests as whoever started it: one JSON request a line in, one JSON answer a line out.

A process of its own, so that the same tests run as root and as an ordinary user. `confined` goes the
whole way (survey, plan, launch) with one launcher for all requests; `outside` runs the same argv as a
plain child process.
"""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[2]))

from rundown.model.policy import Allowed, Envelope
from rundown.model.request import ExecutionRequest
from rundown.model.sandbox import HostFacts, Mount, Refusal, SandboxPlan
from rundown.sandbox.launcher import Launcher
from rundown.sandbox.plan import plan_sandbox
from rundown.sandbox.probe import probe_host
from rundown.sandbox.settings import LaunchSettings, ViewSettings
from rundown.sandbox.survey import survey
from rundown.sandbox.walk import WalkMemory

GRACE_NS = 300_000_000


def main() -> None:
    """Serves until standard input ends. The first line is the launcher's: facts to change, tmp_bytes."""
    first = json.loads(sys.stdin.readline())
    host = msgspec.structs.replace(probe_host(), **first["facts"])
    host = msgspec.convert(msgspec.to_builtins(host), HostFacts)
    print(json.dumps(msgspec.to_builtins(host)), flush=True)
    memory = WalkMemory()
    with Launcher(host, tmp_bytes=first["tmp_bytes"], grace_ns=GRACE_NS) as launcher:
        for line in sys.stdin:
            request = json.loads(line)
            answer = _confined(request, host, launcher, memory) if request["confined"] else _outside(request)
            print(json.dumps(answer), flush=True)


def _outside(request: dict) -> dict:
    ended = subprocess.run(
        request["argv"],
        cwd=request["cwd"],
        env=request["env"],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    status = ended.returncode
    return {
        "kind": "result",
        "ending": "exited" if status >= 0 else "signalled",
        "status": status if status >= 0 else None,
        "signal": -status if status < 0 else None,
        "stdout": _text(ended.stdout),
        "stderr": _text(ended.stderr),
    }


def _confined(request: dict, host: HostFacts, launcher: Launcher, memory: WalkMemory) -> dict:
    envelope = msgspec.convert(request["envelope"], Envelope)
    view = ViewSettings(root=request["root"], home=request["home"])
    asked = ExecutionRequest(
        run_id="run",
        position="1",
        attempt=1,
        kind="argv",
        text="",
        argv=tuple(request["argv"]),
        cwd=request["cwd"],
        env_names=(),
        operations=(),
        interactive=request["interactive"],
    )
    settings = LaunchSettings(
        view=view,
        env=tuple(sorted(request["env"].items())),
        wish=request["wish"],
        pty=request["pty"],
        host_tmp=launcher.host_tmp,
    )
    plan = plan_sandbox(
        Allowed(request=asked, rulings=(), envelope=envelope), host, survey(envelope, view, memory), settings
    )
    if isinstance(plan, Refusal):
        return {"kind": "refusal", **msgspec.to_builtins(plan)}
    plan = weaken(plan, frozenset(request["without"]))
    if request["swap"]:  # between survey and launch somebody puts a symlink there
        place, target = map(Path, request["swap"])
        place.rename(place.with_name(place.name + ".away"))
        place.symlink_to(target)
    output = {"stdout": b"", "stderr": b""}
    interrupted: list[threading.Thread] = []

    def sink(stream: str, chunk: bytes) -> None:
        output[stream] += chunk
        wanted = request["interrupt_on"]
        if wanted and wanted.encode() in output["stdout"] and not interrupted:
            interrupted.append(threading.Thread(target=launcher.interrupt))
            interrupted[0].start()
        if request["touch_on"] and request["touch_on"].encode() in output["stdout"]:
            Path(request["touch"]).touch()

    begun = time.monotonic()
    size = tuple(request["size"]) if request["size"] else None
    result = launcher.launch(plan, sink, size=size)
    for thread in interrupted:
        thread.join()
    kind = "result" if hasattr(result, "ending") else "failure"
    return {
        "kind": kind,
        **msgspec.to_builtins(result),
        "seconds": time.monotonic() - begun,
        "gaps": [gap.code for gap in plan.gaps],
        "stdout": _text(output["stdout"]),
        "stderr": _text(output["stderr"]),
    }


def weaken(plan: SandboxPlan, without: frozenset[str]) -> SandboxPlan:
    """Returns the plan without some defences: `view landlock seccomp pid net privileges`.

    `privileges` also takes away what the command puts around itself: Landlock, seccomp, no_new_privs.
    """
    if "view" in without:
        mounts = [mount for mount in plan.mounts if mount.kind in ("proc", "devpts")]
        names = [name for name in sorted(os.listdir("/")) if name != "proc"]
        links = [
            Mount(kind="symlink", source=os.readlink(f"/{name}"), target=f"/{name}")
            for name in names
            if os.path.islink(f"/{name}")
        ]
        binds = [
            Mount(
                kind="bind", source=f"/{name}", target=f"/{name}", writable=True, devices=True, optional=True
            )
            for name in names
            if os.path.isdir(f"/{name}") and not os.path.islink(f"/{name}")
        ]
        plan = msgspec.structs.replace(
            plan, mounts=(*binds, *links, *mounts), base_mounts=0, fresh_mounts=0, base_rules=0
        )
    if "landlock" in without:
        plan = msgspec.structs.replace(plan, landlock=(), landlock_abi=0, base_rules=0)
    if "seccomp" in without:
        plan = msgspec.structs.replace(plan, seccomp=False)
    if "privileges" in without:
        plan = msgspec.structs.replace(plan, tier="none")
    for space in without & {"pid", "net"}:
        mounts = plan.mounts
        if space == "pid":
            shared = Mount(kind="bind", source="/proc", target="/proc", writable=True)
            mounts = tuple(shared if mount.kind == "proc" else mount for mount in mounts)
        kept = tuple(name for name in plan.namespaces if name != space)
        plan = msgspec.structs.replace(plan, mounts=mounts, namespaces=kept)
    return plan


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


if __name__ == "__main__":
    os.umask(0o022)
    main()
