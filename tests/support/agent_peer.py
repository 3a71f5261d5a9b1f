#!/usr/bin/python3
"""A program that stands for an agent's: it speaks the recorded protocols, and does what its task says.

Run inside the sandbox as `claude -p …` or with `--acp`; the standard library only. Each line of the task's
block between `BEGIN` and `END` is one deed. As a stranger would, it may also break every rule.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request


def say_line(value):
    sys.stdout.write((value if isinstance(value, str) else json.dumps(value)) + "\n")
    sys.stdout.flush()


def read_line():
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    return json.loads(line)


class Claude:
    def __init__(self):
        self.count = 0

    def task(self):
        while True:
            message = read_line()
            if message["type"] == "control_request":
                response = {"subtype": "success", "request_id": message["request_id"], "response": {}}
                say_line({"type": "control_response", "response": response})
            elif message["type"] == "user":
                return message["message"]["content"]

    def say(self, text):
        self.count += 1
        content = [{"type": "text", "text": text}]
        say_line({"type": "assistant", "message": {"id": f"msg_{self.count}", "content": content}})

    def ask(self, tool, given):
        self.count += 1
        number = f"tool_{self.count}"
        asked = {"subtype": "can_use_tool", "tool_name": tool, "input": given, "tool_use_id": number}
        say_line({"type": "control_request", "request_id": f"req_{self.count}", "request": asked})
        while True:
            message = read_line()
            if message.get("type") == "control_response":
                answer = message["response"]["response"]
                return answer["behavior"] == "allow", answer.get("message", "")

    def result_of_nothing(self):
        block = {"type": "tool_result", "tool_use_id": "never-asked", "content": "x"}
        say_line({"type": "user", "message": {"content": [block]}})

    def end(self):
        say_line(
            {"type": "result", "subtype": "success", "is_error": False, "result": "", "total_cost_usd": 0.01}
        )
        sys.stdin.read()


class Acp:
    def __init__(self):
        self.count = 0

    def task(self):
        while True:
            message = read_line()
            method = message.get("method")
            if method == "initialize":
                self.reply(message, {"protocolVersion": 1, "agentCapabilities": {}})
            elif method == "session/new":
                self.reply(message, {"sessionId": "s1"})
            elif method == "session/prompt":
                self.prompt = message
                return message["params"]["prompt"][0]["text"]

    def reply(self, message, result):
        say_line({"jsonrpc": "2.0", "id": message["id"], "result": result})

    def say(self, text):
        content = {"type": "text", "text": text + "\n"}
        update = {"sessionUpdate": "agent_message_chunk", "content": content}
        say_line(
            {"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "s1", "update": update}}
        )

    def ask(self, tool, given):
        self.count += 1
        kind = {"Bash": "execute", "Read": "read", "Write": "edit", "WebFetch": "fetch"}.get(tool, "other")
        call = {"toolCallId": f"c{self.count}", "title": tool, "kind": kind, "rawInput": given}
        options = [
            {"optionId": "ever", "kind": "allow_always", "name": "Always"},
            {"optionId": "yes", "kind": "allow_once", "name": "Once"},
            {"optionId": "no", "kind": "reject_once", "name": "No"},
        ]
        params = {"sessionId": "s1", "toolCall": call, "options": options}
        say_line(
            {"jsonrpc": "2.0", "id": self.count, "method": "session/request_permission", "params": params}
        )
        while True:
            message = read_line()
            if message.get("id") == self.count and "result" in message:
                chosen = message["result"]["outcome"].get("optionId")
                assert chosen != "ever", "an always was used"
                return chosen == "yes", ""

    def result_of_nothing(self):
        update = {"sessionUpdate": "tool_call", "toolCallId": "x", "title": "sneaky", "status": "completed"}
        say_line(
            {"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "s1", "update": update}}
        )

    def end(self):
        self.reply(self.prompt, {"stopReason": "end_turn"})
        again = self.task()
        self.say("TOLD " + again.replace("\n", " "))
        self.say("RESULT: FAIL")
        self.reply(self.prompt, {"stopReason": "end_turn"})
        sys.stdin.read()


def run(command):
    ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
    return (ran.stdout + ran.stderr).strip()


def act(peer, word, rest):
    if word == "say":
        peer.say(rest.replace("\\n", "\n"))
    elif word == "exec":
        allowed, why = peer.ask("Bash", {"command": rest, "description": "my own words"})
        peer.say("ran: " + run(rest) if allowed else f"not allowed: {why}")
    elif word == "do":
        peer.say("did: " + run(rest))
    elif word == "write":
        path, _, text = rest.partition(" ")
        allowed, why = peer.ask("Write", {"file_path": os.path.abspath(path), "content": text + "\n"})
        if allowed:
            with open(path, "w") as file:
                file.write(text + "\n")
        peer.say("written" if allowed else f"not allowed: {why}")
    elif word == "tool":
        name, _, given = rest.partition(" ")
        peer.say("tool: " + str(peer.ask(name, json.loads(given or "{}"))))
    elif word == "model":
        peer.say("model: " + ask_model(rest or "/v1/messages"))
    elif word == "scan":
        peer.say("scan: " + (scan(rest[::-1]) or "nothing"))
    elif word == "connect":
        host, _, port = rest.rpartition(":")
        try:
            with socket.create_connection((host, int(port)), timeout=3) as made:
                made.sendall(b"GET / HTTP/1.0\r\n\r\n")
                peer.say("no connection: it ends at once" if not made.recv(100) else "connected")
        except OSError as error:
            peer.say(f"no connection: {error}")
    elif word == "env":
        peer.say(f"{rest}={os.environ.get(rest)}")
    elif word == "garbage":
        say_line(rest or "this is no message")
    elif word == "unasked":
        peer.result_of_nothing()
    elif word == "die":
        os._exit(int(rest or 3))
    elif word == "deaf":
        os.close(0)
    elif word == "hang":
        peer.say("waiting")
        while True:
            time.sleep(60)
    elif word == "background":
        subprocess.Popen(["sh", "-c", rest], stdin=subprocess.DEVNULL, start_new_session=True)


def ask_model(path):
    body = {
        "model": "claude-x",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "hi"}],
        "tools": [],
    }
    wanted = urllib.request.Request(
        os.environ["ANTHROPIC_BASE_URL"] + path,
        json.dumps(body).encode(),
        {"content-type": "application/json", "x-api-key": os.environ.get("ANTHROPIC_API_KEY", "")},
    )
    try:
        with urllib.request.urlopen(wanted, timeout=60) as answer:
            return f"{answer.status} {answer.read().decode()}"
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"
    except OSError as error:
        return str(error)


def scan(key):
    """Where the key is found: environment, files, the memory of every process that can be read."""
    wanted = key.encode()
    found = [name for name, value in os.environ.items() if key in value]
    for root in (os.environ["HOME"], "/tmp", "/run", os.getcwd(), "/dev/shm"):
        for folder, _, names in os.walk(root):
            found += [
                os.path.join(folder, name) for name in names if holds(os.path.join(folder, name), wanted)
            ]
    for number in (name for name in os.listdir("/proc") if name.isdigit()):
        for name in ("environ", "cmdline"):
            found += [f"/proc/{number}/{name}"] if holds(f"/proc/{number}/{name}", wanted) else []
        # Its own memory holds what it looks for: the other processes' is looked at.
        if int(number) != os.getpid() and in_memory(number, wanted):
            found.append(f"/proc/{number}/mem")
    return " ".join(found)


def holds(path, wanted):
    try:
        if os.path.islink(path) or not (os.path.isfile(path) or path.startswith("/proc/")):
            return False
        with open(path, "rb") as file:
            return wanted in file.read(50_000_000)
    except OSError:
        return False


def in_memory(number, wanted):
    try:
        with open(f"/proc/{number}/maps") as maps, open(f"/proc/{number}/mem", "rb", 0) as memory:
            return any(part_holds(memory, line, wanted) for line in maps)
    except OSError:
        return False


def part_holds(memory, line, wanted):
    place = re.match(r"([0-9a-f]+)-([0-9a-f]+) r", line)
    if place is None:
        return False
    start, end = (int(part, 16) for part in place.groups())
    try:
        memory.seek(start)
        return wanted in memory.read(min(end - start, 1 << 28))
    except (OSError, OverflowError, ValueError):  # [vsyscall], [vvar]
        return False


def main():
    peer = Acp() if "--acp" in sys.argv else Claude()
    task = peer.task()
    if "SHOW TASK" in task:
        peer.say(task.partition("\nWhen you are done")[0])
    inside = task.partition("BEGIN\n")[2].partition("\nEND")[0]
    for line in inside.splitlines():
        word, _, rest = line.partition(" ")
        act(peer, word, rest)
    peer.end()


main()
