"""The ssh agent's socket is there for a step that may see its name, and for no other."""

import socket
import threading

import pytest

from tests.support.project import rundown

pytestmark = pytest.mark.kernel

ASK = "import os, socket; s = socket.socket(socket.AF_UNIX); s.connect(os.environ['SSH_AUTH_SOCK']); print(s.recv(9))"


@pytest.fixture
def agent(tmp_path):
    """Yields the path of a socket that answers whoever connects."""
    path = tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def answer():
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.sendall(b"hello")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield path
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def project(tmp_path):
    place = tmp_path / "project"
    (place / ".rundown").mkdir(parents=True, mode=0o700)
    (place / "open.yaml").write_text("extends: [tool/git-ssh]\n")
    return place


def asked(project, agent, *words):
    return rundown(
        project,
        "exec",
        *words,
        "--",
        "/usr/bin/python3",
        "-c",
        ASK,
        environment={"SSH_AUTH_SOCK": str(agent)},
    )


def test_the_agent_answers_a_step_whose_policy_lets_its_name_through(project, agent):
    ran = asked(project, agent, "--policy", "open.yaml")
    assert (ran.returncode, ran.stdout) == (0, "b'hello'\n"), ran.stderr


def test_another_step_does_not_even_know_where_it_is(project, agent):
    ran = asked(project, agent)
    assert (ran.returncode, "KeyError" in ran.stderr) == (1, True)


def test_nor_can_it_reach_the_socket_if_it_guesses(project, agent):
    text = ASK.replace("os.environ['SSH_AUTH_SOCK']", repr(str(agent)))
    ran = rundown(
        project, "exec", "--", "/usr/bin/python3", "-c", text, environment={"SSH_AUTH_SOCK": str(agent)}
    )
    assert (ran.returncode, "hello" in ran.stdout) == (1, False)
