"""Filters ask a listener, which answers for the container's system calls."""

from __future__ import annotations

import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cloche_linux.hooks import Subject
from cloche_linux.listener import Listener

from .conftest import Listen, asking

MEDIUM = {"error": 123}


def filtered(policy, *, new_privileges: bool = False):
    def change(config) -> None:
        config["linux"]["seccomp"] = policy
        config["process"]["noNewPrivileges"] = not new_privileges

    return change


@pytest.mark.parametrize("new_privileges", [False, True])
def test_a_listener_answers_for_calls(oci, listen: Listen, new_privileges: bool) -> None:
    agent = listen(mkdir=MEDIUM, getppid={"value": 4711})
    policy = asking(agent.path, "mkdir", "mkdirat", "getppid")
    said = oci.run(
        *("sh", "-c", "echo $PPID; mkdir /tmp/x"),
        change=filtered(policy, new_privileges=new_privileges),
    )
    assert said.out == "4711\n"
    assert "No medium found" in said.err


def test_a_listener_may_go_once_it_has_read_all(tmp_path) -> None:
    """As one that closes its connection at once; nothing more is sent, which would fail."""
    given = os.open("/dev/null", os.O_RDONLY)
    subject = Subject(id="box", bundle="/bundle")
    tell = Listener(path=str(tmp_path / "agent"), metadata=None, subject=subject).told("created", 1)
    with socket.socket(socket.AF_UNIX) as listening, ThreadPoolExecutor(1) as reader:
        listening.bind(str(tmp_path / "agent"))
        listening.listen()
        for _ in range(300):
            read = reader.submit(_read_and_go, listening)
            tell(given, 1)
            assert read.result(10).startswith(b'{"ociVersion"')
    os.close(given)


def _read_and_go(listening: socket.socket) -> bytes:
    connection, _ = listening.accept()
    with connection:
        text, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
    os.close(descriptors[0])
    return text


def test_a_listener_is_told_of_the_process_as_the_specification_says(oci, listen: Listen) -> None:
    agent = listen()

    def change(config) -> None:
        filtered(asking(agent.path, "mkdir", listenerMetadata="some=words"))(config)
        config["annotations"] = {"a.key": "a value"}

    pid = oci.create("sleep", "600", change=change)
    bundle = json.loads(oci("state", "box").out)["bundle"]
    assert oci("start", "box").code == 0
    assert agent.told() == {
        "ociVersion": "1.0.2",
        "fds": ["seccompFd"],
        "pid": pid,
        "metadata": "some=words",
        "state": {
            "ociVersion": "1.0.2",
            "id": "box",
            "status": "created",
            "pid": pid,
            "bundle": bundle,
            "annotations": {"a.key": "a value"},
        },
    }


def test_executed_processes_have_a_listener_of_their_own(oci, listen: Listen) -> None:
    agent = listen(mkdir=MEDIUM)
    pid = oci.create("sleep", "600", change=filtered(asking(agent.path, "mkdir")))
    assert oci("start", "box").code == 0
    assert agent.told()["state"]["status"] == "created"
    said = oci("exec", "--pid-file", str(oci.place / "exec"), "box", "mkdir", "/tmp/x")
    assert "No medium found" in said.err
    told = agent.told()
    assert told["pid"] == int((oci.place / "exec").read_text())
    assert (told["state"]["status"], told["state"]["pid"]) == ("running", pid)


@pytest.mark.parametrize("new_privileges", [False, True])
def test_a_listener_may_be_asked_about_what_would_send_it(
    oci, listen: Listen, new_privileges: bool
) -> None:
    """Nothing that is done on the way to the program waits for an answer nobody could give."""
    agent = listen()
    names = ("sendmsg", "sendto", "read", "close", "futex", "execve", "openat", "fcntl")
    said = oci.run(
        *("echo", "here"),
        change=filtered(asking(agent.path, *names), new_privileges=new_privileges),
    )
    assert (said.code, said.out) == (0, "here\n")


def test_a_listener_may_be_asked_about_everything(oci, listen: Listen) -> None:
    policy = asking(listen().path, "mkdir") | {"defaultAction": "SCMP_ACT_NOTIFY"}
    said = oci.run("echo", "here", change=filtered(policy))
    assert (said.code, said.out) == (0, "here\n")


def test_a_filter_may_refuse_what_would_send_its_listener(oci, listen: Listen) -> None:
    policy = asking(listen(mkdir=MEDIUM).path, "mkdir")
    refused = {"names": ["sendmsg", "sendto", "futex"], "action": "SCMP_ACT_ERRNO"}
    policy["syscalls"].append(refused)
    assert "No medium found" in oci.run("mkdir", "/tmp/x", change=filtered(policy)).err


def test_hooks_and_program_have_no_descriptor_of_it(oci, listen: Listen) -> None:
    script = "ls /proc/self/fd | tr '\\n' ' '"
    hook = {"path": "/bin/sh", "args": ["sh", "-c", f"{script} > /tmp/hook"]}

    def change(config) -> None:
        filtered(asking(listen().path, "mkdir"))(config)
        config["hooks"] = {"startContainer": [hook]}

    said = oci.run("sh", "-c", f"{script}; cat /tmp/hook", change=change)
    assert said.out == "0 1 2 3 0 1 2 3 "


@pytest.mark.parametrize("flag", ["LOG", "SPEC_ALLOW", "TSYNC", "WAIT_KILLABLE_RECV"])
def test_flags_go_with_a_listener_and_without(oci, listen: Listen, flag: str) -> None:
    flags = [f"SECCOMP_FILTER_FLAG_{flag}"]
    policy = asking(listen(mkdir=MEDIUM).path, "mkdir", flags=flags)
    assert "No medium found" in oci.run("mkdir", "/tmp/x", change=filtered(policy)).err
    rule = {"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "errnoRet": 123}
    policy = {"defaultAction": "SCMP_ACT_ALLOW", "flags": flags, "syscalls": [rule]}
    assert "No medium found" in oci.run("mkdir", "/tmp/y", change=filtered(policy)).err


def test_a_listener_that_ends_leaves_calls_that_do_not_exist(oci, listen: Listen) -> None:
    agent = listen()
    oci.create("sleep", "600", change=filtered(asking(agent.path, "mkdir")))
    assert oci("start", "box").code == 0
    agent.told()
    agent.process.kill()
    agent.process.wait()
    said = oci("exec", "box", "true")
    assert (said.code, "failed to connect with seccomp agent" in said.err) == (255, True)
    assert oci.status() == "running"


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/nowhere/agent", "failed to connect with seccomp agent at /nowhere/agent: No such file"),
        ("/etc/passwd", "failed to connect with seccomp agent at /etc/passwd: it is no socket"),
        ("agent", "agent is not absolute"),
        ("", "SCMP_ACT_NOTIFY needs one"),
    ],
)
def test_without_a_listener_nothing_is_made(oci, path: str, why: str) -> None:
    said = oci.run("true", change=filtered(asking(path, "mkdir")))
    assert said.code == 1
    assert said.err.startswith(f"cloche: linux.seccomp.listenerPath: {why}")
    assert list(oci.state.glob("*")) == []


def test_where_nobody_listens_any_more_nothing_is_left(oci, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as abandoned:
        abandoned.bind(str(tmp_path / "agent"))
    said = oci.run("true", change=filtered(asking(tmp_path / "agent", "mkdir")))
    assert said.code == 1
    assert f"connect with seccomp agent at {tmp_path}/agent: Connection refused" in said.err
    assert list(oci.state.glob("*")) == []


def test_without_an_action_that_asks_the_path_is_ignored(oci) -> None:
    policy = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/nowhere"}
    assert oci.run("true", change=filtered(policy)).code == 0


def test_a_listener_that_takes_no_connection_holds_nobody_up(oci, tmp_path: Path) -> None:
    """Its queue is full, and it accepts nothing."""
    path = str(tmp_path / "agent")
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as first:
        busy.bind(path)
        busy.listen(0)
        first.connect(path)
        began = time.monotonic()
        said = oci.run("true", change=filtered(asking(path, "mkdir")))
    assert (said.code, "it takes nothing" in said.err) == (1, True)
    assert time.monotonic() - began < 20
    assert list(oci.state.glob("*")) == []


def test_a_listener_that_answers_nothing_holds_nobody_up(oci, listen: Listen) -> None:
    """The execution of the program itself waits for an answer."""
    agent = listen("silent")
    oci.create("true", change=filtered(asking(agent.path, "execve")))
    said = oci("start", "box")
    assert said.code == 1
    assert "has let nothing be executed in 10 s" in said.err
    oci.until("stopped")


def test_what_waits_for_an_answer_can_be_killed(oci, listen: Listen) -> None:
    flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]
    agent = listen("silent")
    policy = asking(agent.path, "mkdir", flags=flags)
    oci.create("mkdir", "/tmp/x", change=filtered(policy))
    assert oci("start", "box").code == 0
    assert oci("kill", "box", "KILL").code == 0
    oci.until("stopped")


def test_output_is_never_asked_for(oci, listen: Listen) -> None:
    said = oci.run("true", change=filtered(asking(listen().path, "mkdir", "write")))
    assert said.code == 1
    refusal = "SCMP_ACT_NOTIFY cannot be used for the write syscall"
    assert said.err.startswith(f"cloche: linux.seccomp.syscalls[0].names: {refusal}\n")
