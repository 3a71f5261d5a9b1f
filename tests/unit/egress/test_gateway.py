"""The gateway against a real server on the loopback: what goes in, what comes out, what never does."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from rundown.egress.gateway import Gateway, GatewayLimits
from rundown.egress.outer_proxy import read_outer_proxies
from rundown.egress.upstream import BadUpstreamError, Upstream, Withheld, parse_base
from rundown.egress.usage import Usage, UsageReader
from tests.support.models import Reply, ScriptedModel
from tests.support.patience import PATIENCE_SECONDS

KEY = "sk-ant-the-real-key-0123456789"
MESSAGE = {"model": "claude-x", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}], "tools": []}


def upstream(model: ScriptedModel, api: str = "anthropic", credential: tuple[str, str] = ("x-api-key", KEY)):
    host, port, tls, base = parse_base(model.url)
    return Upstream(api=api, host=host, port=port, tls=tls, base=base, credential=credential)


@contextmanager
def opened(
    model: ScriptedModel, **limits: float
) -> Iterator[tuple[Gateway, http.client.HTTPConnection, list[str]]]:
    told: list[str] = []
    with model, Gateway(upstream(model), GatewayLimits(**limits), told.append) as gateway:
        client = http.client.HTTPConnection("127.0.0.1", gateway.serve_loopback(), timeout=PATIENCE_SECONDS)
        yield gateway, client, told
        client.close()


def post(
    client: http.client.HTTPConnection, path: str = "/v1/messages", body: object = MESSAGE, **headers: str
):
    client.request("POST", path, json.dumps(body), {"content-type": "application/json", **headers})
    answer = client.getresponse()
    return answer.status, answer.read()


def test_every_credential_of_the_client_is_replaced_by_the_real_one() -> None:
    model = ScriptedModel()
    with opened(model) as (_, client, _told):
        status, _ = post(
            client,
            "/v1/messages?beta=true&key=mine&Access_Token=mine",
            authorization="Bearer mine",
            cookie="mine",
            **{"x-api-key": "mine", "x-goog-api-key": "mine", "anthropic-version": "2023-06-01"},
            **{"x-http-method-override": "mine", "x-original-url": "/mine", "upgrade": "mine"},
        )
    seen = model.seen[0]
    assert (status, seen.path, seen.headers["x-api-key"]) == (200, "/v1/messages?beta=true", KEY)
    assert seen.headers["anthropic-version"] == "2023-06-01"
    assert not [value for value in seen.headers.values() if "mine" in value]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/files"),
        ("GET", "/v1/files/x/content"),
        ("POST", "/v1/messages/batches"),
        ("DELETE", "/v1/messages"),
        ("GET", "/v1/messages"),
        ("POST", "/v1/../v1/files"),
        ("GET", "/v1/models/../files"),
        ("POST", "//evil.example/v1/messages"),
        ("POST", "http://evil.example/v1/messages"),
        ("POST", "/v1/messages/%2e%2e/files"),
        ("POST", "/v1/messages/"),
        ("POST", "/v1//messages"),
        ("POST", "/v1/messages;x=/files"),
        ("POST", "/v1/messages%3fx"),
        ("PUT", "/v1/messages"),
        ("CONNECT", "evil.example:443"),
        ("OPTIONS", "*"),
        ("GET", "/"),
    ],
)
def test_what_is_not_the_models_own_path_goes_nowhere(method: str, path: str) -> None:
    model = ScriptedModel()
    with opened(model) as (gateway, client, _):
        client.putrequest(method, path, skip_host=False)
        client.endheaders()
        status = client.getresponse().status
        assert (status, model.seen, len(gateway.refusals)) == (403, [], 1)


def test_what_would_let_the_models_server_reach_further_goes_nowhere() -> None:
    model = ScriptedModel()
    with opened(model) as (gateway, client, _):
        status, body = post(client, body={**MESSAGE, "mcp_servers": [{"url": "https://evil.example"}]})
        assert (status, model.seen) == (403, [])
        assert b"refused by rundown" in body and gateway.refusals


def test_the_agents_own_tools_pass() -> None:
    tools = [{"name": "Bash", "input_schema": {}}, {"type": "bash_20250124", "name": "bash"}]
    model = ScriptedModel([Reply(text="done")])
    with opened(model) as (_, client, _told):
        status, body = post(client, body={**MESSAGE, "tools": tools})
        assert status == 200 and b"done" in body


def test_events_arrive_while_the_answer_is_still_being_made() -> None:
    """The server holds back its end until the client has read the beginning."""
    go_on = threading.Event()
    held = _HeldServer(go_on)
    told: list[str] = []
    place = Upstream(
        api="anthropic", host="127.0.0.1", port=held.port, tls=False, credential=("x-api-key", KEY)
    )
    with held, Gateway(place, GatewayLimits(), told.append) as gateway:
        client = http.client.HTTPConnection("127.0.0.1", gateway.serve_loopback(), timeout=PATIENCE_SECONDS)
        client.request("POST", "/v1/messages", json.dumps({**MESSAGE, "stream": True}))
        answer = client.getresponse()
        assert answer.readline() == b"data: first\n"
        go_on.set()
        assert b"data: last" in answer.read()


def test_one_connection_carries_many_requests_and_large_bodies() -> None:
    model = ScriptedModel()
    large = {**MESSAGE, "messages": [{"role": "user", "content": "x" * 3_000_000}]}
    with opened(model) as (gateway, client, _):
        statuses = [post(client, body=body)[0] for body in (MESSAGE, large, MESSAGE)]
        ports = {client.sock.getsockname()[1]}
        assert (statuses, len(ports), gateway.usage.requests) == ([200, 200, 200], 1, 3)
        assert len(model.seen[1].body) > 3_000_000


def test_what_is_spent_is_counted_streamed_or_not() -> None:
    model = ScriptedModel()
    with opened(model) as (gateway, client, _):
        post(client)
        post(client, body={**MESSAGE, "stream": True})
        assert gateway.usage == Usage(requests=2, input_tokens=200, output_tokens=20, models=("claude-x",))


def test_a_budget_that_is_spent_ends_the_forwarding_and_says_so_once() -> None:
    model = ScriptedModel()
    with opened(model, budget_usd=0.0000001) as (_, client, told):
        assert [post(client)[0] for _ in range(3)] == [200, 403, 403]
        assert len(model.seen) == 1 and len(told) == 1 and told[0].startswith("budget-usd: ")


def test_turns_are_limited() -> None:
    model = ScriptedModel()
    with opened(model, turns=2) as (_, client, told):
        assert [post(client)[0] for _ in range(4)] == [200, 200, 200, 403]
        assert told == ["max-turns: the model answered 2 times"]


def test_counting_tokens_costs_nothing() -> None:
    model = ScriptedModel()
    with opened(model) as (gateway, client, _):
        post(client, "/v1/messages/count_tokens")
        assert gateway.usage == Usage()


def test_the_key_never_comes_back_even_if_the_server_echoes_it() -> None:
    model = ScriptedModel(idle=f"your key is {KEY}, really")
    with opened(model) as (_, client, _told):
        for stream in (False, True):
            _, body = post(client, body={**MESSAGE, "stream": stream})
            assert KEY.encode() not in body and b"your key is [REDACTED]" in body


@pytest.mark.parametrize("size", range(1, len(KEY) + 2))
def test_a_secret_is_withheld_however_the_stream_is_cut(size: int) -> None:
    text = f"a{KEY[:5]}b{KEY}c{KEY}".encode()
    clean = Withheld([KEY.encode()])
    out = b"".join(clean.feed(text[at : at + size]) for at in range(0, len(text), size)) + clean.finish()
    assert out == f"a{KEY[:5]}b[REDACTED]c[REDACTED]".encode()


def test_a_gateway_is_gone_at_its_end() -> None:
    model = ScriptedModel()
    with model, Gateway(upstream(model), GatewayLimits(), print) as gateway:
        port = gateway.serve_loopback()
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        assert post(client)[0] == 200
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    with pytest.raises((OSError, http.client.HTTPException)):
        post(client)


def test_a_host_that_cannot_be_reached_is_said() -> None:
    bound = socket.socket()  # and not listening: nobody else gets the port, and whoever connects is refused
    bound.bind(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    place = Upstream(api="anthropic", host="127.0.0.1", port=port, tls=False, credential=("x-api-key", KEY))
    with bound, Gateway(place, GatewayLimits(), print) as gateway:
        client = http.client.HTTPConnection("127.0.0.1", gateway.serve_loopback(), timeout=PATIENCE_SECONDS)
        status, body = post(client)
        assert status == 502 and b"cannot be reached" in body and KEY.encode() not in body


@pytest.mark.parametrize(
    "sent",
    [b"nonsense\r\n\r\n", b"POST /v1/messages HTTP/1.1\r\n" + b"x" * 100_000, b"\x16\x03\x01\x02\x00\x01"],
)
def test_what_is_no_http_is_answered_or_dropped_and_the_next_client_is_served(sent: bytes) -> None:
    model = ScriptedModel()
    with opened(model) as (_, client, _told):
        with socket.create_connection(("127.0.0.1", client.port), timeout=PATIENCE_SECONDS) as raw:
            raw.sendall(sent)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
        assert (post(client)[0], model.seen[0].path) == (200, "/v1/messages")


BODY = json.dumps(MESSAGE).encode()
HEAD = b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n"
SMUGGLED = b"POST /v1/files HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        HEAD + b"content-length: 3\r\ncontent-length: 400\r\n\r\n{}" + SMUGGLED,
        HEAD + b"content-length: %d\r\n\r\n" % len(BODY) + BODY + SMUGGLED,
        HEAD + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        HEAD + b"a: b\rc\r\ncontent-length: 0\r\n\r\n" + SMUGGLED,
        HEAD.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\n content-length: 0\r\n") + b"\r\n" + SMUGGLED,
        HEAD
        + b"transfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\nx-api-key: mine\r\n\r\n" % (len(BODY), BODY),
    ],
)
def test_nothing_is_smuggled_past_the_judgement(sent: bytes) -> None:
    """Whatever arrives, only whole requests for the model's own paths are forwarded, with the real key."""
    model = ScriptedModel()
    with opened(model) as (_, client, _told):
        with socket.create_connection(("127.0.0.1", client.port), timeout=10) as raw:
            raw.sendall(sent)
            raw.shutdown(socket.SHUT_WR)
            while raw.recv(4096):
                pass
        seen = {(item.path, item.headers["x-api-key"], item.body) for item in model.seen}
        assert seen <= {("/v1/messages", KEY, BODY)}


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example",
        "ftp://x",
        "https://",
        "https://user:pw@host",
        "https://h:99999",
        "https://h/?q=1",
    ],
)
def test_a_key_is_sent_to_no_such_place(url: str) -> None:
    with pytest.raises(BadUpstreamError):
        parse_base(url)


def test_a_base_url_with_a_path_keeps_it() -> None:
    assert parse_base("https://llm.example:8443/proxy/") == ("llm.example", 8443, True, "/proxy")


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (
            "application/json",
            b'{"usage":{"prompt_tokens":7,"completion_tokens":3,"cost":0.25}}',
            (7, 3, 0.25),
        ),
        (
            "application/json",
            b'{"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":3}}',
            (7, 3, None),
        ),
        (
            "text/event-stream",
            b'data: {"type":"response.completed","response":{"usage":{"input_tokens":7,"output_tokens":3}}}\n\n',
            (7, 3, None),
        ),
        (
            "text/event-stream",
            b'data: {"message":{"usage":{"input_tokens":5,"cache_read_input_tokens":2,"output_tokens":1}}}\n'
            b'data: {"usage":{"output_tokens":3}}\n',
            (7, 3, None),
        ),
        ("text/event-stream", b"data: {usage\ndata: [DONE]\n", (0, 0, None)),
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_usage_is_read_from_every_api(
    kind: str, body: bytes, expected: tuple[int, int, float | None], size: int
) -> None:
    reader = UsageReader("m", kind)
    for at in range(0, len(body), size):
        reader.feed(body[at : at + size])
    found = reader.finish()
    assert (found.input_tokens, found.output_tokens, found.cost_usd) == expected


class _HeldServer:
    """Sends the beginning of an answer, waits to be told, sends the rest."""

    def __init__(self, go_on: threading.Event) -> None:
        self._go_on = go_on
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "_HeldServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(PATIENCE_SECONDS)
        self._socket.close()

    def _run(self) -> None:
        peer, _ = self._socket.accept()
        with peer:
            taken = b""
            while b"stream" not in taken:
                taken += peer.recv(65536)
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n")
            assert self._go_on.wait(PATIENCE_SECONDS)
            peer.sendall(b"data: last\n\n")


def test_the_parents_own_proxy_is_gone_through_and_a_refusal_of_it_is_said() -> None:
    told: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def refuse() -> None:
        peer, _ = listening.accept()
        with peer:
            told.append(peer.recv(65536))
            peer.sendall(b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n")

    threading.Thread(target=refuse, daemon=True).start()
    proxies = read_outer_proxies({"HTTPS_PROXY": f"http://127.0.0.1:{listening.getsockname()[1]}"})
    place = Upstream(api="anthropic", host="api.example", credential=("x-api-key", KEY), proxies=proxies)
    with Gateway(place, GatewayLimits(), print) as gateway:
        client = http.client.HTTPConnection("127.0.0.1", gateway.serve_loopback(), timeout=PATIENCE_SECONDS)
        status, body = post(client)
    listening.close()
    assert (status, b"the proxy at 127.0.0.1 says 407" in body) == (502, True)
    assert told[0].startswith(b"CONNECT api.example:443 HTTP/1.1\r\n") and KEY.encode() not in told[0]


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({"x-api-key": "a-word"}, "", 200),
        ({"authorization": "Bearer a-word"}, "", 200),
        ({"x-goog-api-key": "a-word"}, "", 200),
        ({}, "?key=a-word", 200),
        ({}, "", 403),
        ({"x-api-key": "another"}, "", 403),
        ({"x-own": "a-word"}, "", 403),
        ({"authorization": "Basic a-word"}, "", 403),
    ],
)
def test_on_the_machines_loopback_only_who_shows_the_word_is_forwarded(headers, query, status) -> None:
    model = ScriptedModel()
    with model, Gateway(upstream(model), GatewayLimits(), lambda reason: None, "a-word") as gateway:
        client = http.client.HTTPConnection("127.0.0.1", gateway.serve_loopback(), timeout=PATIENCE_SECONDS)
        found, said = post(client, f"/v1/messages{query}", **headers)
        client.close()
        spent = gateway.usage.requests
    assert (found, len(model.seen), spent) == (status, *((1, 1) if status == 200 else (0, 0)))
    assert status == 200 or b"does not show the key that the step was given" in said
    assert all(request.headers["x-api-key"] == KEY for request in model.seen)
