"""An ending is resolved once and read by any number of waiters, before or after."""

from __future__ import annotations

import _thread
import asyncio
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from typing import NamedTuple

import pytest

from cloche.errors import BackendError, InvalidState, TimedOut
from cloche.exit import Exit, ExitStatus, Reason

DONE = ExitStatus(7)


class Ending(NamedTuple):
    """An exit whose end we bring about, and how often its status was read."""

    exit: Exit
    end: int
    reads: list[int]

    def happen(self) -> None:
        os.close(self.end)


@pytest.fixture
def ending() -> Iterator[Ending]:
    reading, writing = os.pipe()
    reads: list[int] = []

    def read() -> ExitStatus:
        reads.append(os.fstat(reading).st_ino)
        return DONE

    ending = Ending(Exit.of_fd(reading, read), writing, reads)
    yield ending
    ending.exit.close()
    if os.path.exists(f"/proc/self/fd/{writing}"):
        os.close(writing)


def later(seconds: float, act) -> threading.Thread:
    thread = threading.Timer(seconds, act)
    thread.start()
    return thread


def is_open(fd: int) -> bool:
    return os.path.exists(f"/proc/self/fd/{fd}")


class TestWithADescriptor:
    def test_poll_says_none_until_it_has_happened(self, ending: Ending) -> None:
        assert ending.exit.poll() is None
        ending.happen()
        assert ending.exit.poll() == DONE

    def test_any_number_of_reads_give_the_same_and_ask_once(self, ending: Ending) -> None:
        ending.happen()
        answers = {ending.exit.wait(), ending.exit.wait(0), ending.exit.poll()}
        assert answers == {DONE}
        assert ending.exit.future.result(1) == DONE
        assert len(ending.reads) == 1

    def test_a_timeout_ends_nothing_for_nobody(self, ending: Ending) -> None:
        before = time.monotonic()
        with pytest.raises(TimedOut):
            ending.exit.wait(0.05)
        assert 0.05 <= time.monotonic() - before < 1
        ending.happen()
        assert ending.exit.wait(1) == DONE

    def test_the_descriptor_is_closed_when_it_is_resolved(self, ending: Ending) -> None:
        fd = ending.exit._fd
        assert is_open(fd)
        ending.happen()
        ending.exit.wait()
        assert not is_open(fd)

    def test_many_waiters_in_threads_and_futures_ask_once(self, ending: Ending) -> None:
        answers: list[ExitStatus] = []
        threads = [
            threading.Thread(target=lambda: answers.append(ending.exit.wait(5))) for _ in range(20)
        ]
        futures = [ending.exit.future for _ in range(20)]
        for thread in threads:
            thread.start()
        ending.happen()
        for thread in threads:
            thread.join()
        assert answers == [DONE] * 20
        assert [future.result(5) for future in futures] == [DONE] * 20
        assert len(ending.reads) == 1

    def test_the_descriptor_stays_open_while_another_polls_it(self) -> None:
        """Else its number may be another file's by the time the other looks at it."""
        reading, writing = os.pipe()
        it = Exit.of_fd(reading, lambda: DONE)
        seen: list[ExitStatus] = []
        waiter = threading.Thread(target=lambda: seen.append(it.wait(5)))
        waiter.start()
        while not it._users:
            time.sleep(0.001)
        it.resolve(ExitStatus(1))
        assert is_open(reading)
        os.close(writing)
        waiter.join()
        assert seen == [ExitStatus(1)]
        assert not is_open(reading)

    def test_what_reading_raises_everybody_gets(self) -> None:
        reading, writing = os.pipe()
        os.close(writing)

        def read() -> ExitStatus:
            raise BackendError("no such child")

        it = Exit.of_fd(reading, read)
        for _ in range(2):
            with pytest.raises(BackendError, match="no such child"):
                it.wait()
        with pytest.raises(BackendError):
            it.poll()
        assert isinstance(it.future.exception(1), BackendError)

    def test_ctrl_c_interrupts_a_wait(self, ending: Ending) -> None:
        later(0.1, lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            ending.exit.wait(5)
        assert ending.exit._users == 0

    def test_closing_makes_an_unseen_end_unknowable_and_gives_up_the_descriptor(
        self, ending: Ending
    ) -> None:
        fd = ending.exit._fd
        ending.exit.close()
        ending.exit.close()
        assert not is_open(fd)
        with pytest.raises(InvalidState):
            ending.exit.wait()

    def test_closing_keeps_an_end_that_has_happened(self, ending: Ending) -> None:
        ending.happen()
        ending.exit.close()
        assert ending.exit.wait() == DONE

    def test_a_forgotten_exit_leaks_no_descriptor(self) -> None:
        reading, writing = os.pipe()
        it = Exit.of_fd(reading, lambda: DONE)
        assert it.poll() is None
        del it
        gc.collect()
        assert not is_open(reading)
        os.close(writing)

    def test_an_event_loop_gets_a_descriptor_of_its_own(self, ending: Ending) -> None:
        async def wait() -> ExitStatus | None:
            loop = asyncio.get_running_loop()
            ended, fd = loop.create_future(), ending.exit.fileno()
            assert fd is not None
            assert not os.get_inheritable(fd)
            loop.add_reader(fd, ended.set_result, None)
            loop.call_later(0.05, ending.happen)
            await ended
            loop.remove_reader(fd)
            os.close(fd)
            return ending.exit.poll()

        assert asyncio.run(wait()) == DONE
        assert ending.exit.fileno() is None


def press_ctrl_c() -> None:
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)


class TestByHand:
    def test_only_the_first_word_counts(self) -> None:
        it = Exit()
        assert it.poll() is None
        assert it.fileno() is None
        it.resolve(DONE)
        it.resolve(ExitStatus(0))
        it.fail(BackendError("too late"))
        assert it.wait() == it.poll() == DONE

    def test_waiters_in_threads_are_woken(self) -> None:
        it, answers = Exit(), []
        threads = [threading.Thread(target=lambda: answers.append(it.wait(5))) for _ in range(9)]
        for thread in threads:
            thread.start()
        while len(it._gates) < 9:
            time.sleep(0.001)
        it.resolve(DONE)
        for thread in threads:
            thread.join()
        assert answers == [DONE] * 9

    def test_a_timeout_leaves_nothing_behind(self) -> None:
        it = Exit()
        with pytest.raises(TimedOut):
            it.wait(0.01)
        assert it._gates == ()

    def test_a_failure_is_raised_to_all(self) -> None:
        it = Exit()
        future = it.future
        it.fail(BackendError("the service is gone"))
        with pytest.raises(BackendError, match="gone"):
            it.wait()
        assert isinstance(future.exception(1), BackendError)

    def test_ctrl_c_interrupts_a_wait(self) -> None:
        later(0.1, press_ctrl_c)
        with pytest.raises(KeyboardInterrupt):
            Exit().wait(5)


class TestFutures:
    @pytest.fixture(params=["descriptor", "by hand"])
    def exit_and_end(self, request: pytest.FixtureRequest, ending: Ending):
        if request.param == "descriptor":
            return ending.exit, ending.happen
        it = Exit()
        return it, lambda: it.resolve(DONE)

    def test_to_cancel_one_harms_nobody(self, exit_and_end) -> None:
        it, end = exit_and_end
        mine, other = it.future, it.future
        assert mine.cancel()
        end()
        assert other.result(5) == it.wait(5) == DONE
        with pytest.raises(CancelledError):
            mine.result(0)

    def test_cancelled_ones_do_not_pile_up(self, exit_and_end) -> None:
        it, _ = exit_and_end
        for _ in range(100):
            it.future.cancel()
        assert len(it._futures) == 1

    def test_callbacks_run_neither_on_the_resolving_thread_nor_on_a_waiters(
        self, exit_and_end
    ) -> None:
        it, end = exit_and_end
        names: Future[str] = Future()
        it.future.add_done_callback(lambda _: names.set_result(threading.current_thread().name))
        end()
        it.wait(5)
        assert names.result(5) == "cloche-exits"

    def test_wait_for_of_asyncio_cancels_its_own_alone(self, exit_and_end) -> None:
        it, end = exit_and_end

        async def wait() -> ExitStatus:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.wrap_future(it.future), 0.02)
            end()
            return await asyncio.wait_for(asyncio.wrap_future(it.future), 5)

        assert asyncio.run(wait()) == DONE

    def test_nothing_starts_a_thread_but_a_future(self, ending: Ending) -> None:
        script = (
            "import os, threading; from cloche.exit import Exit, ExitStatus\n"
            "r, w = os.pipe(); e = Exit.of_fd(r, lambda: ExitStatus(0))\n"
            "assert e.poll() is None; os.close(w); e.wait(1); Exit().poll()\n"
            "print(len(os.listdir('/proc/self/task')))"
        )
        assert _python(script) == "1"

    def test_the_thread_ends_when_nobody_waits_any_more(self, ending: Ending) -> None:
        future = ending.exit.future
        ending.happen()
        future.result(5)
        assert _comes_true(lambda: "cloche-exits" not in _thread_names())

    def test_a_process_with_a_future_that_waits_ends_at_once(self) -> None:
        script = (
            "import os; from cloche.exit import Exit, ExitStatus\n"
            "r, w = os.pipe(); e = Exit.of_fd(r, lambda: ExitStatus(0)); f = e.future; print('x')"
        )
        assert _python(script) == "x"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_futures_work_in_a_forked_child_whose_parent_had_the_thread(ending: Ending) -> None:
    other_reading, other_writing = os.pipe()
    other = Exit.of_fd(other_reading, lambda: DONE)
    theirs = other.future
    child = os.fork()
    if not child:
        try:
            future = ending.exit.future
            os.write(ending.end, b"closing says nothing while the parent has this end, too")
            os._exit(0 if future.result(5) == DONE else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert not theirs.done()
    os.close(other_writing)
    assert theirs.result(5) == DONE


def test_a_thousand_take_little_memory() -> None:
    """At most 500 bytes each, what reads the status included."""
    fd = os.open("/dev/null", os.O_RDONLY)
    exits = []
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(1000):
        it = Exit.of_fd(fd, lambda fd=fd: ExitStatus(fd))
        exits.append(it)
    taken = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    for it in exits:
        it._fd = -1
    os.close(fd)
    assert taken / 1000 <= 500


class TestStatus:
    @pytest.mark.parametrize(
        ("status", "returncode", "exit_code"),
        [
            (ExitStatus(0), 0, 0),
            (ExitStatus(3), 3, 3),
            (ExitStatus.killed(9), -9, 137),
            (ExitStatus.killed(37), -37, 165),
            (ExitStatus.killed(9, Reason.OOM), -9, 137),
            (ExitStatus.lost(), None, None),
        ],
    )
    def test_speaks_as_subprocess_and_as_a_shell(self, status, returncode, exit_code) -> None:
        assert (status.returncode, status.exit_code) == (returncode, exit_code)

    @pytest.mark.parametrize("code", [0, 1, 255, 256, 0x7FFFFFFF, 0xC000013A, 0xFFFFFFFF])
    def test_any_code_is_fit_for_sys_exit(self, code) -> None:
        """Windows has codes of 32 bits, and gets them as they were; others have 8."""
        script = (
            f"import sys; from cloche import ExitStatus; sys.exit(ExitStatus({code}).exit_code)"
        )
        run = subprocess.run([sys.executable, "-c", script], timeout=60)
        assert run.returncode == (code if sys.platform == "win32" else min(code, 255))

    def test_names_the_signal(self) -> None:
        assert ExitStatus.killed(9).signal == "SIGKILL"
        assert ExitStatus.killed(9) == ExitStatus(None, "SIGKILL", Reason.SIGNAL)

    def test_reasons_are_words_in_lower_case(self) -> None:
        assert [r.value for r in Reason] == ["exit", "signal", "timeout", "oom", "lost"]


def _python(script: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True
    )
    assert run.stderr == ""
    return run.stdout.strip()


def _thread_names() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def _comes_true(condition, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()
