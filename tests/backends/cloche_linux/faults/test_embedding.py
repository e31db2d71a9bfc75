"""Embedding processes that are rude: to signals, to children, to each other."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cloche
from cloche_linux import spawn

from .conftest import Left
from .embedder import start, tells

#: Since Linux 6.15 the kernel keeps the exit of a process that somebody else has reaped.
KEEPS_EXITS = tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 15)

OUTCOMES = """
    engine = cloche.Engine(root=STATE, runtime="linux")

    def code(call):
        try:
            return call().returncode
        except cloche.CommandFailed as error:
            return str(error)

    def executed():
        with engine.start(rootfs=ROOTFS, idle=True) as box:
            return box.run(["sh", "-c", "exit 4"])

    def outcomes():
        return [
            code(lambda: engine.run(["sh", "-c", "exit 3"], rootfs=ROOTFS)),
            code(lambda: engine.run(["no-such"], rootfs=ROOTFS)),
            code(lambda: engine.run(["sh", "-c", "exit 5"], rootfs=ROOTFS, init=False)),
            code(executed),
        ]

    outcomes()
    descriptors = len(os.listdir("/proc/self/fd"))
"""


def test_exits_are_learnt_where_children_are_ignored(busybox: str, tmp_path: Path) -> None:
    told = tells(
        OUTCOMES + "    signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "    tell([outcomes(), left(descriptors)])",
        busybox,
        tmp_path / "state",
    )
    check_exits(*told)


def test_exits_are_learnt_where_somebody_else_reaps(busybox: str, tmp_path: Path) -> None:
    told = tells(
        OUTCOMES
        + """
    done = False

    def reap():
        while not done:
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                time.sleep(0.0001)

    thief = threading.Thread(target=reap)
    thief.start()
    found = [outcomes() for _ in range(10)]
    done = True
    thief.join()
    known = [sorted({str(code) for code in column}) for column in zip(*found)]
    tell([found[0] if all(len(column) == 1 for column in known) else known, left(descriptors)])
    """,
        busybox,
        tmp_path / "state",
    )
    check_exits(*told)


def check_exits(found: list[object], left: list[object]) -> None:
    """Init tells the exit of its workload; of a process without one, only the kernel can."""
    assert found[:2] == [3, "command not found: no-such"]
    assert found[2:] == [5, 4] if KEEPS_EXITS else {*found[2:]} <= {5, 4, None}
    assert left == [[], 0, []]


def test_a_helper_that_is_killed_while_it_sets_up_leaves_nothing(
    engine: cloche.Engine, busybox: str, left: Left, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = spawn.spawn

    def spawned(*arguments: Any, **options: Any) -> spawn.Child:
        child = original(*arguments, **options)
        os.kill(child.pid, signal.SIGKILL)
        return child

    monkeypatch.setattr(spawn, "spawn", spawned)
    killed = fail_by_kill(engine, busybox)
    monkeypatch.undo()
    assert str(killed) == "ready: No such process (ESRCH): ended by a signal"
    assert left(killed.container) == {}


def fail_by_kill(engine: cloche.Engine, busybox: str) -> cloche.BackendError:
    """Run until the kill is early enough: a helper may be through before its maker goes on."""
    for _ in range(200):
        try:
            engine.run(["true"], rootfs=busybox, memory="64M")
        except cloche.BackendError as error:
            return error
    pytest.fail("the helper was never killed while it set up")


def test_of_processes_that_want_one_name_at_once_one_gets_it(busybox: str, tmp_path: Path) -> None:
    code = """
        engine = cloche.Engine(root=STATE, runtime="linux")
        tell("ready")
        sys.stdin.readline()
        try:
            container = engine.start(["sleep", "60"], rootfs=ROOTFS, name="wanted")
        except cloche.AlreadyExists as error:
            tell([str(error), error.hint])
        else:
            tell("mine")
            sys.stdin.readline()
            container.remove(force=True)
        tell(left(len(os.listdir("/proc/self/fd")))[0])
        """
    programs = [start(code, busybox, tmp_path / "state") for _ in range(4)]
    try:
        for program in programs:
            assert ask(program) == '"ready"\n'
        for program in programs:
            say(program)
        answers = [ask(program) for program in programs]
        refused = '["name in use: wanted ({})", "cloche rm -f wanted, or --replace"]\n'
        states = [refused.format(word) for word in ("creating", "created", "running", "stopped")]
        assert answers.count('"mine"\n') == 1
        assert {*answers} - {'"mine"\n'} <= {*states}
        say(programs[answers.index('"mine"\n')])
        assert [ask(program) for program in programs] == ["[]\n"] * 4
    finally:
        for program in programs:
            _, err = program.communicate(timeout=20)
            assert (program.returncode, err) == (0, "")


def say(program: subprocess.Popen[str]) -> None:
    assert program.stdin is not None
    program.stdin.write("\n")
    program.stdin.flush()


def ask(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    return program.stdout.readline()


@pytest.fixture
def interrupting(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], list[bytes]]:
    """Sends SIGINT where a line of the journal is written that has these words."""
    original = os.write

    def at(words: bytes) -> list[bytes]:
        hit: list[bytes] = []

        def write(descriptor: int, data: Any) -> int:
            if words in bytes(data) and not hit:
                hit.append(bytes(data))
                signal.raise_signal(signal.SIGINT)
            return original(descriptor, data)

        monkeypatch.setattr(os, "write", write)
        return hit

    return at


@pytest.mark.parametrize(
    "words", [b'{"version":', b'"step":"creating"', b'"step":"starting"', b'"step":"removing"']
)
def test_an_interrupt_at_a_step_of_the_journal_leaves_nothing(
    engine: cloche.Engine,
    busybox: str,
    left: Left,
    interrupting: Callable[[bytes], list[bytes]],
    words: bytes,
) -> None:
    hit = interrupting(words)
    with pytest.raises(KeyboardInterrupt):
        engine.run(["true"], rootfs=busybox)
    assert len(hit) == 1
    assert left() == {}


def test_an_interrupt_while_it_runs_ends_it(
    engine: cloche.Engine, busybox: str, left: Left
) -> None:
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            engine.run(["sleep", "60"], rootfs=busybox)
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert left() == {}


def test_interrupts_at_any_moment_leave_nothing(busybox: str, tmp_path: Path) -> None:
    interrupted, left = tells(
        """
        import random

        engine = cloche.Engine(root=STATE, runtime="linux")
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))

        with engine.start(rootfs=ROOTFS, idle=True) as box:
            box.run(["true"])
        begun = time.perf_counter()
        engine.run(["true"], rootfs=ROOTFS)
        needed, interrupted = time.perf_counter() - begun, 0
        descriptors = len(os.listdir("/proc/self/fd"))
        for _ in range(150):
            try:
                signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0001, needed))
                engine.run(["true"], rootfs=ROOTFS)
                signal.setitimer(signal.ITIMER_REAL, 0)
            except KeyboardInterrupt:
                interrupted += 1
        tell([interrupted, left(descriptors)])
        """,
        busybox,
        tmp_path / "state",
    )
    assert interrupted > 10
    assert left == [[], 0, []]


def test_a_child_of_a_fork_runs_containers_of_its_own(busybox: str, tmp_path: Path) -> None:
    """Threads do not survive a fork, and children are the parent's."""
    told = tells(
        """
        engine = cloche.Engine(root=STATE, runtime="linux")
        with engine.start(rootfs=ROOTFS, idle=True) as box:
            child = os.fork()
            if child == 0:
                inner = engine.run(["sh", "-c", "exit 6"], rootfs=ROOTFS).returncode
                os._exit(inner if inner == 6 else 1)
            inner = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            tell([inner, box.run(["sh", "-c", "exit 7"]).returncode, box.state.value])
        """,
        busybox,
        tmp_path / "state",
    )
    assert told == [6, 7, "running"]


def test_an_engine_that_is_given_up_at_exit_leaves_no_process(busybox: str, tmp_path: Path) -> None:
    init = tells(
        """
        box = cloche.Engine(root=STATE).start(rootfs=ROOTFS, idle=True)
        tell(box.inspect().pid)
        """,
        busybox,
        tmp_path / "state",
    )
    for _ in range(500):
        if not os.path.exists(f"/proc/{init}"):
            return
        time.sleep(0.01)
    pytest.fail("its init runs on")
