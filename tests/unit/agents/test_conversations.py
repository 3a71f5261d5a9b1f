"""Each adapter's side of its protocol: bytes in, happenings out. Messages are those that the programs send."""

import json
from typing import Any

import pytest

from rundown.agents.acp import AcpConversation
from rundown.agents.call import Change, Permit, Replacement, ToolCall, refusal
from rundown.agents.claude import ClaudeConversation
from rundown.agents.codex import CodexConversation
from rundown.agents.happening import Broken, Called, Conversation, Ended, Happening, Noted, Said, Send, Spoken

YES, NO = Permit(allowed=True), refusal("run curl", "deny")


def tell(peer: Conversation, *messages: Any) -> list[Happening]:
    lines = [item if isinstance(item, bytes) else json.dumps(item).encode() for item in messages]
    return [found for line in lines for found in peer.receive(line)]


def calls(found: list[Happening]) -> list[ToolCall]:
    return [item.call for item in found if isinstance(item, Called)]


def sent(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content.splitlines()]


# --- Claude Code -----------------------------------------------------------------------------------------


def can_use(tool: str, given: dict[str, Any], number: str = "toolu_1") -> dict[str, Any]:
    request = {"subtype": "can_use_tool", "tool_name": tool, "input": given, "tool_use_id": number}
    return {"type": "control_request", "request_id": f"req-{number}", "request": request}


def test_claude_is_told_the_task_after_the_callback_is_registered() -> None:
    hello, task = sent(ClaudeConversation("do it").open())
    assert hello["request"]["hooks"]["PreToolUse"][0]["hookCallbackIds"] == ["rundown"]
    assert task["message"] == {"role": "user", "content": "do it"}


@pytest.mark.parametrize(
    ("tool", "given", "expected"),
    [
        (
            "Bash",
            {"command": "ls", "description": "look"},
            {"kind": "exec", "command": "ls", "claim": "look"},
        ),
        ("Read", {"file_path": "/a"}, {"kind": "read", "paths": ("/a",)}),
        ("Grep", {"pattern": "x"}, {"kind": "read", "paths": (".",)}),
        ("WebFetch", {"url": "http://x"}, {"kind": "fetch", "url": "http://x"}),
        (
            "Write",
            {"file_path": "/a", "content": "x"},
            {"kind": "edit", "paths": ("/a",), "changes": (Change(path="/a", whole="x"),)},
        ),
        (
            "Edit",
            {"file_path": "/a", "old_string": "x", "new_string": "y", "replace_all": True},
            {
                "kind": "edit",
                "paths": ("/a",),
                "changes": (
                    Change(path="/a", replacements=(Replacement(old="x", new="y", everywhere=True),)),
                ),
            },
        ),
        ("Anything", {}, {"kind": "other", "name": "claude:Anything"}),
        ("mcp__git_hub__list__all", {}, {"kind": "mcp", "name": "mcp:git_hub/list__all"}),
    ],
)
def test_a_tool_of_claude_is_a_call_in_our_words(tool: str, given: Any, expected: Any) -> None:
    (call,) = calls(tell(ClaudeConversation(""), can_use(tool, given)))
    wanted = {"name": f"claude:{tool}", **expected}
    assert call == ToolCall(id="toolu_1", raw=json.dumps(given), **wanted)


def test_claude_is_answered_with_its_own_input_or_a_reason() -> None:
    peer = ClaudeConversation("")
    (call,) = calls(tell(peer, can_use("Bash", {"command": "ls"})))
    (answer,) = sent(peer.answer(call, YES))
    assert answer["response"] == {
        "subtype": "success",
        "request_id": "req-toolu_1",
        "response": {"behavior": "allow", "updatedInput": {"command": "ls"}},
    }
    (call,) = calls(tell(peer, can_use("Bash", {"command": "ls"}, "toolu_2")))
    assert sent(peer.answer(call, NO))[0]["response"]["response"] == {
        "behavior": "deny",
        "message": NO.reason,
    }


@pytest.mark.parametrize(("tool", "answer"), [("Bash", {}), ("WebSearch", "deny"), ("Task", "deny")])
def test_the_second_layer_only_ever_denies(tool: str, answer: Any) -> None:
    asked = {"subtype": "hook_callback", "callback_id": "rundown", "input": {"tool_name": tool}}
    (found,) = tell(ClaudeConversation(""), {"type": "control_request", "request_id": "h", "request": asked})
    assert isinstance(found, Send)
    response = sent(found.content)[0]["response"]["response"]
    assert response == {} if answer == {} else response["hookSpecificOutput"]["permissionDecision"] == answer


def result_of(number: str, **more: Any) -> dict[str, Any]:
    block = {"type": "tool_result", "tool_use_id": number, "content": "x", **more}
    return {"type": "user", "message": {"role": "user", "content": [block]}}


def test_a_result_that_nobody_was_asked_about_breaks_the_protocol() -> None:
    peer = ClaudeConversation("")
    (call,) = calls(tell(peer, can_use("Bash", {"command": "ls"})))
    assert [type(item) for item in tell(peer, result_of("toolu_1"))] == [Broken]
    peer.answer(call, YES)
    assert tell(peer, result_of("toolu_1"), result_of("toolu_9", is_error=True)) == []
    (call,) = calls(tell(peer, can_use("Bash", {"command": "curl x"}, "toolu_2")))
    peer.answer(call, NO)
    assert tell(peer, result_of("toolu_2", is_error=True)) == []
    assert [type(item) for item in tell(peer, result_of("toolu_2"))] == [Broken]


@pytest.mark.parametrize(
    ("message", "failure"),
    [
        ({"subtype": "success", "is_error": False, "total_cost_usd": 0.5}, ""),
        ({"subtype": "error_max_turns", "is_error": True}, "max-turns: it did not finish within its turns"),
        ({"subtype": "success", "is_error": True, "result": "API Error: 401"}, "API Error: 401"),
    ],
)
def test_the_result_of_claude_ends_the_turn(message: Any, failure: str) -> None:
    assert tell(ClaudeConversation(""), {"type": "result", **message})[-1] == Ended(failure=failure)


# --- Agent Client Protocol -------------------------------------------------------------------------------

OPTIONS = [
    {"optionId": "ever", "name": "Always", "kind": "allow_always"},
    {"optionId": "never", "name": "Never", "kind": "reject_always"},
    {"optionId": "yes", "name": "Once", "kind": "allow_once"},
    {"optionId": "no", "name": "No", "kind": "reject_once"},
]


def wants(call: dict[str, Any], number: int = 0, options: Any = OPTIONS) -> dict[str, Any]:
    params = {"sessionId": "s", "toolCall": {"toolCallId": "t", **call}, "options": options}
    return {"jsonrpc": "2.0", "id": number, "method": "session/request_permission", "params": params}


def update(**told: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": "session/update", "params": {"sessionId": "s", "update": told}}


def test_an_acp_agent_gets_a_session_where_it_works_and_the_task() -> None:
    peer = AcpConversation("acp", "do it", "/work")
    (hello,) = sent(peer.open())
    offered = hello["params"]["clientCapabilities"]
    assert (offered["fs"], offered["terminal"]) == ({"readTextFile": False, "writeTextFile": False}, False)
    (first,) = tell(peer, {"id": "initialize", "result": {"protocolVersion": 1}})
    (second,) = tell(peer, {"id": "session", "result": {"sessionId": "s9"}})
    assert isinstance(first, Send) and isinstance(second, Send)
    assert sent(first.content)[0]["params"] == {"cwd": "/work", "mcpServers": []}
    assert sent(second.content)[0]["params"] == {
        "sessionId": "s9",
        "prompt": [{"type": "text", "text": "do it"}],
    }


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ({"kind": "execute", "title": "x", "rawInput": {"command": "ls -l"}}, ("exec", "ls -l", ())),
        ({"kind": "execute", "title": "echo hi"}, ("exec", "echo hi", ())),
        ({"kind": "execute", "rawInput": {"command": ["ls", "a b"]}}, ("exec", "ls 'a b'", ())),
        ({"kind": "read", "locations": [{"path": "/a"}, {"path": "/b"}]}, ("read", "", ("/a", "/b"))),
        ({"kind": "search", "rawInput": {"pattern": "x"}}, ("read", "", (".",))),
        ({"kind": "search", "title": "websearch", "rawInput": {"query": "x"}}, ("other", "", ())),
        (
            {"kind": "edit", "content": [{"type": "diff", "path": "/a", "newText": "x"}]},
            ("edit", "", ("/a",)),
        ),
        ({"kind": "delete", "rawInput": {"filePath": "/a"}}, ("edit", "", ("/a",))),
        ({"kind": "edit", "title": "something"}, ("other", "", ())),
        ({"kind": "read", "title": "a.txt"}, ("other", "", ())),
        ({"kind": "fetch", "title": "http://x"}, ("other", "", ())),
        ({"title": "unheard of"}, ("other", "", ())),
    ],
)
def test_a_call_of_an_acp_agent_is_read_where_agents_say_it(call: Any, expected: Any) -> None:
    (found,) = calls(tell(AcpConversation("acp", "", "/"), wants(call)))
    assert (found.kind, found.command, found.paths) == expected


def test_what_was_told_of_a_call_before_belongs_to_it() -> None:
    """opencode asks for a read without saying of what: that stood in the update before."""
    before = update(
        sessionUpdate="tool_call_update", toolCallId="t", kind="read", rawInput={"filePath": "/etc/shadow"}
    )
    after = wants({"kind": "read", "title": "read", "rawInput": {}, "locations": []})
    (found,) = calls(tell(AcpConversation("opencode", "", "/"), before, after))
    assert (found.kind, found.paths) == ("read", ("/etc/shadow",))


@pytest.mark.parametrize(
    ("permit", "options", "outcome"),
    [
        (YES, OPTIONS, {"outcome": "selected", "optionId": "yes"}),
        (NO, OPTIONS, {"outcome": "selected", "optionId": "no"}),
        (YES, OPTIONS[:2], {"outcome": "cancelled"}),
        (NO, OPTIONS[:2], {"outcome": "cancelled"}),
    ],
)
def test_an_always_of_the_agent_is_never_used(permit: Permit, options: Any, outcome: Any) -> None:
    peer = AcpConversation("acp", "", "/")
    (call,) = calls(tell(peer, wants({"kind": "execute", "title": "ls"}, 7, options)))
    assert sent(peer.answer(call, permit)) == [{"jsonrpc": "2.0", "id": 7, "result": {"outcome": outcome}}]


@pytest.mark.parametrize("method", ["fs/read_text_file", "fs/write_text_file", "terminal/create", "made/up"])
def test_what_was_not_offered_is_refused(method: str) -> None:
    (found,) = tell(
        AcpConversation("acp", "", "/"), {"jsonrpc": "2.0", "id": 3, "method": method, "params": {}}
    )
    assert isinstance(found, Send) and sent(found.content)[0]["error"]["code"] == -32601


def test_a_permission_request_that_is_none_is_cancelled_and_breaks_the_protocol() -> None:
    found = tell(AcpConversation("acp", "", "/"), wants({"kind": "read"}, options="all"))
    assert [type(item) for item in found] == [Send, Broken]


def test_reasons_are_told_when_the_agent_stops_without_a_verdict() -> None:
    peer = AcpConversation("acp", "", "/")
    (call,) = calls(tell(peer, wants({"kind": "execute", "title": "curl x"})))
    peer.answer(call, NO)
    found = tell(peer, {"id": "prompt", "result": {"stopReason": "end_turn"}})
    told = next(item for item in found if isinstance(item, Send))
    assert sent(told.content)[0]["params"]["prompt"][0]["text"] == NO.reason
    chunk = update(sessionUpdate="agent_message_chunk", content={"type": "text", "text": "RESULT: FAIL\n"})
    assert tell(peer, chunk, {"id": "prompt", "result": {"stopReason": "end_turn"}})[-1] == Ended()


DONE = update(sessionUpdate="tool_call", toolCallId="t", kind="execute", title="ls", status="completed")


@pytest.mark.parametrize(
    ("strict", "permit", "expected"),
    [
        (False, None, [Noted(text="did without asking: run ls")]),
        (True, None, [Broken(reason="it did without asking: run ls")]),
        (True, YES, []),
        (False, NO, [Broken(reason="it did what was refused: run ls")]),
    ],
)
def test_what_an_acp_agent_did_without_leave_is_told_or_ends_it(
    strict: bool, permit: Permit | None, expected: list[Happening]
) -> None:
    peer = AcpConversation("gemini", "", "/", strict=strict)
    if permit is not None:
        (call,) = calls(tell(peer, wants({"kind": "execute", "title": "ls"})))
        peer.answer(call, permit)
    assert tell(peer, DONE, DONE) == expected


def test_a_tool_that_opencode_has_not_is_no_deed() -> None:
    invalid = {**DONE["params"]["update"], "title": "Invalid Tool", "kind": "other"}
    assert tell(AcpConversation("opencode", "", "/", strict=True), update(**invalid)) == []


@pytest.mark.parametrize(
    "between",
    [
        [{"text": "done", "messageId": "m1"}, {"text": "RESULT: PASS", "messageId": "m2"}],
        [{"text": "done"}, None, {"text": "RESULT: PASS"}],
        [{"text": "done"}, {"text": "RESULT: PASS"}],
        [{"text": "done\nRES", "messageId": "m1"}, None, {"text": "ULT: PASS", "messageId": "m1"}],
    ],
)
def test_a_message_that_comes_in_pieces_ends_where_another_begins(between: Any) -> None:
    peer = AcpConversation("acp", "", "/")
    said = ""
    for piece in between:
        more = {"content": {"type": "text", "text": piece.pop("text")}, **piece} if piece else {}
        kind = "agent_message_chunk" if piece is not None else "tool_call"
        told = update(sessionUpdate=kind, **({"toolCallId": "x"} if piece is None else more))
        for found in tell(peer, told):
            said += found.text if isinstance(found, Said) else "\n" * isinstance(found, Spoken)
    assert said == "done\nRESULT: PASS"


# --- Codex -----------------------------------------------------------------------------------------------


def test_codex_gets_an_untrusted_thread_and_the_task() -> None:
    peer = CodexConversation("do it", "/work")
    (first,) = tell(peer, {"id": "initialize", "result": {}})
    (second,) = tell(peer, {"id": "thread", "result": {"thread": {"id": "t1"}}})
    assert isinstance(first, Send) and isinstance(second, Send)
    assert sent(first.content)[1]["params"]["approvalPolicy"] == "untrusted"
    assert sent(second.content)[0]["params"]["input"][0]["text"] == "do it"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("/bin/bash -lc 'echo hi > x'", "echo hi > x"),
        ("bash -c 'a; b'", "a; b"),
        ("python3 -c 'x'", "python3 -c 'x'"),
        ("bash -lc 'a' b", "bash -lc 'a' b"),
        ("echo 'open", "echo 'open"),
    ],
)
def test_a_command_of_codex_is_what_its_shell_will_run(command: str, expected: str) -> None:
    asked = {"id": 0, "method": "item/commandExecution/requestApproval"}
    params = {"itemId": "i", "command": command, "cwd": "/work"}
    (call,) = calls(tell(CodexConversation("", "/"), {**asked, "params": params}))
    assert (call.kind, call.command, call.cwd) == ("exec", expected, "/work")


def test_a_patch_of_codex_is_the_edit_that_was_told_before() -> None:
    peer = CodexConversation("", "/")
    change = {"path": "/work/a", "kind": {"type": "update", "move_path": "/work/b"}, "diff": "@@\n-x\n+y"}
    item = {"type": "fileChange", "id": "i", "changes": [change]}
    asked = {"id": 4, "method": "item/fileChange/requestApproval", "params": {"itemId": "i"}}
    (call,) = calls(tell(peer, {"method": "item/started", "params": {"item": item}}, asked))
    assert (call.kind, call.paths) == ("edit", ("/work/a", "/work/b"))
    assert sent(peer.answer(call, NO)) == [{"jsonrpc": "2.0", "id": 4, "result": {"decision": "decline"}}]
    (call,) = calls(tell(CodexConversation("", "/"), asked))
    assert call.kind == "other"


def test_what_codex_did_unasked_breaks_the_protocol_where_all_must_be_asked() -> None:
    item = {"type": "commandExecution", "id": "i", "command": "ls", "status": "completed"}
    done = {"method": "item/completed", "params": {"item": item}}
    assert tell(CodexConversation("", "/"), done) == [Noted(text="did without asking: commandExecution ls")]
    (found,) = tell(CodexConversation("", "/", strict=True), done)
    assert found == Broken(reason="it did without asking: commandExecution ls")
    asked = {"id": 0, "method": "item/commandExecution/requestApproval"}
    peer = CodexConversation("", "/", strict=True)
    (call,) = calls(tell(peer, {**asked, "params": {"itemId": "i", "command": "ls"}}))
    peer.answer(call, YES)
    assert tell(peer, done) == []


def test_what_codex_types_into_a_running_program_is_not_decided_as_that_program() -> None:
    asked = {"id": 0, "method": "item/commandExecution/requestApproval"}
    params = {"itemId": "i", "command": "bash", "kind": "writeStdin"}
    (call,) = calls(tell(CodexConversation("", "/"), {**asked, "params": params}))
    assert (call.kind, call.name, call.command) == ("other", "codex:writeStdin", "")


@pytest.mark.parametrize(
    ("turn", "failure"),
    [({"status": "completed"}, ""), ({"status": "failed", "error": {"message": "no key"}}, "no key")],
)
def test_a_turn_of_codex_ends(turn: Any, failure: str) -> None:
    found = tell(CodexConversation("", "/"), {"method": "turn/completed", "params": {"turn": turn}})
    assert found == [Ended(failure=failure)]


# --- all -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "peer", [ClaudeConversation("t"), AcpConversation("acp", "t", "/"), CodexConversation("t", "/")]
)
@pytest.mark.parametrize("line", [b"no json", b"[]", b"7", b"{}", b"[" * 100_000, b'{"id": 1}', b"\xff\xfe"])
def test_a_line_that_is_no_message_breaks_the_protocol(peer: Conversation, line: bytes) -> None:
    assert [type(item) for item in tell(peer, line)] == [Broken]


def test_text_is_said_as_it_comes() -> None:
    text = {"type": "assistant", "message": {"id": "m", "content": [{"type": "text", "text": "hi"}]}}
    item = {"type": "agentMessage", "id": "i", "text": "hi"}
    chunk = update(sessionUpdate="agent_message_chunk", content={"type": "text", "text": "hi"})
    assert [
        [found for found in tell(peer, message) if isinstance(found, Said)]
        for peer, message in (
            (ClaudeConversation(""), text),
            (AcpConversation("acp", "", "/"), chunk),
            (CodexConversation("", "/"), {"method": "item/completed", "params": {"item": item}}),
        )
    ] == [[Said(text="hi")], [Said(text="hi", whole=False)], [Said(text="hi")]]
