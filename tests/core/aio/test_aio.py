"""The same for asyncio: no thread parked, cancelled cleanly, many at once."""

from __future__ import annotations

import asyncio
import os
import threading
import time

import pytest

from cloche import (
    DEVNULL,
    PIPE,
    CommandFailed,
    InvalidSpec,
    InvalidState,
    Reason,
    State,
    TimedOut,
    aio,
)
from cloche.defaults import linux_process, linux_spec
from cloche.spec import Root
from cloche.testing.fake_runtime import FakeRuntime


@pytest.fixture
def loop_engine(engine):
    return aio.Engine(engine=engine)


def test_run(loop_engine):
    result = asyncio.run(loop_engine.run(["cat"], input="hi", capture_output=True, text=True))
    assert (result.stdout, result.stderr, result.returncode) == ("hi", "", 0)


def test_fifty_at_once(loop_engine, traces):
    async def many():
        async with asyncio.TaskGroup() as group:
            return [
                group.create_task(loop_engine.run(["echo", str(n)], stdout=PIPE, text=True))
                for n in range(50)
            ]

    assert [task.result().stdout for task in asyncio.run(many())] == [f"{n}\n" for n in range(50)]
    assert traces() == []


def test_no_thread_waits(loop_engine):
    """The fake has a thread for each container; besides, only the loop's own workers."""

    async def many():
        running = [asyncio.ensure_future(loop_engine.run(["sleep", "60"])) for _ in range(20)]
        while len(loop_engine._engine.list()) < 20:
            await asyncio.sleep(0.01)
        names = [t.name for t in threading.enumerate()]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        return [n for n in names if n.startswith(("asyncio", "cloche"))]

    workers = asyncio.run(many())
    assert len(workers) <= min(32, (os.cpu_count() or 1) + 4) + 1  # and the exits' reactor


def test_timeout_is_a_result(loop_engine, traces):
    result = asyncio.run(loop_engine.run(["yes"], timeout=0.1, stdout=PIPE, output_limit=4))
    assert (result.reason, result.stdout, result.truncated) == (Reason.TIMEOUT, b"y\ny\n", True)
    assert traces() == []


def test_two_steps(loop_engine, traces, tmp_path):
    spec = linux_spec(linux_process(("exit", "3")), root=Root(path=str(tmp_path)))

    async def both():
        container = await loop_engine.create(spec, id="c1")
        assert (container.state, container.returncode) == (State.CREATED, None)
        with pytest.raises(InvalidState):
            await container.wait()
        await container.start()
        assert await container.wait() == 3
        await container.remove()

    asyncio.run(both())
    assert traces() == []


def test_what_is_created_when_cancelled_does_not_stay(loop_engine, traces, tmp_path, monkeypatch):
    spec = linux_spec(linux_process(("true",)), root=Root(path=str(tmp_path)))
    create = FakeRuntime.create

    def slow(*args):
        time.sleep(0.2)
        return create(*args)

    monkeypatch.setattr(FakeRuntime, "create", slow)

    async def cancel():
        task = asyncio.ensure_future(loop_engine.create(spec))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert traces() == []


def test_a_whole_process_is_executed(loop_engine):
    async def both():
        async with await loop_engine.start(["sleep", "60"]) as container:
            whole = linux_process(("env",), env=("A=1",))
            return await container.run(whole, capture_output=True)

    assert asyncio.run(both()).stdout == b"A=1\n"


def test_check(loop_engine):
    with pytest.raises(CommandFailed) as caught:
        asyncio.run(loop_engine.run(["exit", "3"], check=True))
    assert caught.value.result.returncode == 3


def test_parameters_are_checked_before_anything(loop_engine, traces):
    with pytest.raises(InvalidSpec, match="memory"):
        asyncio.run(loop_engine.run(["true"], memory="lots"))
    assert traces() == []


@pytest.mark.parametrize("delay", [0, 0.001, 0.01, 0.1])
def test_cancelling_kills_and_removes(loop_engine, traces, delay):
    """Whenever: while it is being made, while it runs, while it is removed."""

    async def cancelled():
        task = asyncio.ensure_future(loop_engine.run(["sleep", "60"], stdout=PIPE))
        await asyncio.sleep(delay)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return traces()

    begun = time.monotonic()
    assert asyncio.run(cancelled()) == []
    assert time.monotonic() - begun < 10


def test_cancelling_twice_changes_nothing(loop_engine, traces):
    async def cancelled():
        task = asyncio.ensure_future(loop_engine.run(["sleep", "60"]))
        await asyncio.sleep(0.05)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert traces() == []


def test_start_as_a_block(loop_engine, traces):
    async def life():
        async with await loop_engine.start(idle=True, name="box") as box:
            assert box.state is State.RUNNING
            assert (await loop_engine.get("box")).id == box.id
            assert [c.name for c in await loop_engine.list()] == ["box"]
            result = await box.run(["echo", "x"], stdout=PIPE)
            assert (await box.inspect()).name == "box"
        return result.stdout

    assert asyncio.run(life()) == b"x\n"
    assert traces() == []


def test_start_cancelled_leaves_nothing(loop_engine, traces):
    async def cancelled():
        task = asyncio.ensure_future(loop_engine.start(["sleep", "60"]))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert traces() == []


def test_wait_that_times_out_kills_nothing(loop_engine):
    async def life():
        async with await loop_engine.start(["sleep", "60"]) as container:
            with pytest.raises(TimedOut):
                await container.wait("20ms")
            assert container.returncode is None
            await container.kill("TERM")
            return await container.wait()

    assert asyncio.run(life()) == -15


def test_many_waiters_one_cancelled(loop_engine):
    """What one waiter gives up, the others still get."""

    async def life():
        async with await loop_engine.start(["sleep", "0.2"]) as container:
            waits = [asyncio.ensure_future(container.wait()) for _ in range(3)]
            await asyncio.sleep(0.02)
            waits[0].cancel()
            return await asyncio.gather(*waits[1:])

    assert asyncio.run(life()) == [0, 0]


def test_communicate(loop_engine):
    async def life():
        async with await loop_engine.start(["cat"], stdin=PIPE, stdout=PIPE, text=True) as cat:
            return await cat.communicate("hello" * 50_000)

    assert asyncio.run(life()) == ("hello" * 50_000, None)


def test_exec_and_files(loop_engine):
    async def life():
        async with await loop_engine.start(idle=True) as box:
            await box.write_text("/x", "1")
            process = await box.exec(["cat"], stdin=PIPE, stdout=PIPE)
            async with process:
                output, _ = await process.communicate(b"y")
            with pytest.raises(CommandFailed):
                await box.run(["nowhere"])
            slow = await box.run(["sleep", "60"], timeout=0.05, stdout=DEVNULL)
            return await box.read_text("/x"), output, slow.reason

    assert asyncio.run(life()) == ("1", b"y", Reason.TIMEOUT)


def test_exec_run_cancelled_kills(loop_engine):
    async def life():
        async with await loop_engine.start(idle=True) as box:
            task = asyncio.ensure_future(box.run(["sleep", "60"]))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return (await box.stats()).pids

    assert asyncio.run(life()) == 1


def test_no_descriptor_stays(loop_engine, settled):
    async def some():
        await loop_engine.run(["cat"], input="x", capture_output=True)
        await loop_engine.run(["sleep", "60"], timeout=0.02, capture_output=True)
        task = asyncio.ensure_future(loop_engine.run(["sleep", "60"], capture_output=True))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(some())
    before = settled()
    asyncio.run(some())
    assert settled() == before


def test_kept_runs_stay(loop_engine, engine):
    asyncio.run(loop_engine.run(["exit", "3"], keep=True, name="web"))
    assert engine.get("web").inspect().status.code == 3
    engine.get("web").remove()
