"""Live containers: ``Engine.start``, ``get``, ``list``, and what a Container can do."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloche import (
    PIPE,
    STDOUT,
    AlreadyExists,
    InvalidSpec,
    InvalidState,
    NotFound,
    Reason,
    State,
    TimedOut,
)


def stubborn(call):
    """Does not end when it is asked to."""
    call.trap(15, lambda: None)
    call.sleep(600)


def test_output_is_read_as_it_comes(engine):
    with engine.start(["cat"], stdin=PIPE, stdout=PIPE, text=True) as container:
        container.stdin.write("one\n")
        container.stdin.flush()
        assert container.stdout.readline() == "one\n"
        container.stdin.close()
        assert container.stdout.read() == ""
        assert container.wait() == 0


def test_streams_that_were_not_asked_for_are_none(engine):
    with engine.start(["true"]) as container:
        assert (container.stdin, container.stdout, container.stderr) == (None, None, None)


def test_stderr_with_stdout(engine):
    with engine.start(["echo", "x"], stdout=PIPE, stderr=STDOUT) as container:
        assert container.stderr is None
        assert container.stdout.read() == b"x\n"


def test_communicate_sends_and_reads(engine):
    with engine.start(["cat"], stdin=PIPE, stdout=PIPE, text=True) as container:
        assert container.communicate("hello") == ("hello", None)
        assert container.returncode == 0


def test_communicate_goes_on_after_what_was_read_by_hand(engine):
    with engine.start(["cat"], stdin=PIPE, stdout=PIPE) as container:
        container.stdin.write(b"1")
        container.stdin.flush()
        assert container.stdout.read1(1) == b"1"
        assert container.communicate(b"2") == (b"2", None)


def test_communicate_that_times_out_kills_nothing_and_can_go_on(make_engine):
    gate = threading.Event()

    def program(call):
        call.stdout.write("a")
        call.stdout.flush()
        while not gate.wait(0.005):
            call.check()
        call.stdout.write("b")

    with make_engine(programs={"p": program}).start(["p"], stdout=PIPE) as container:
        with pytest.raises(TimedOut):
            container.communicate(timeout=0.05)
        assert container.state is State.RUNNING
        gate.set()
        assert container.communicate()[0] == b"ab"


def test_input_without_a_pipe_is_refused(engine):
    with engine.start(["cat"]) as container, pytest.raises(InvalidSpec, match="input"):
        container.communicate(b"x")


def test_wait_that_times_out_kills_nothing(engine):
    with engine.start(["sleep", "60"]) as container:
        with pytest.raises(TimedOut):
            container.wait(timeout="20ms")
        assert container.poll() is None


def test_any_number_of_waits_get_the_same_answer(engine):
    with engine.start(["exit", "7"]) as container, ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: container.wait(), range(8))) == {7}
        assert (container.wait(), container.returncode, container.poll()) == (7, 7, 7)


def test_the_exit_code_is_known_after_removal(engine):
    with engine.start(["exit", "7"]) as container:
        container.wait()
    assert container.returncode == 7


def test_kill_by_name_and_by_number(engine):
    for signal in ("TERM", "SIGTERM", 15):
        with engine.start(["sleep", "60"]) as container:
            container.kill(signal)
            assert container.wait() == -15


def test_a_signal_that_is_none_is_refused(engine):
    with engine.start(["sleep", "60"]) as container, pytest.raises(InvalidSpec, match="SIGNOPE"):
        container.kill("SIGNOPE")


def test_killing_what_has_stopped_is_an_error_with_its_state(engine):
    with engine.start(["true"], name="web") as container:
        container.wait()
        with pytest.raises(InvalidState, match=r"web is stopped \(exit 0, 0 s ago\): kill needs"):
            container.kill()


def test_stop_asks_first(engine):
    with engine.start(["sleep", "60"]) as container:
        container.stop()
        assert container.status.signal == "SIGTERM"


def test_stop_forces_after_its_timeout(make_engine):
    with make_engine(programs={"p": stubborn}).start(["p"], stop_timeout=30) as container:
        begun = time.monotonic()
        container.stop(timeout=0.1)
        assert container.status.signal == "SIGKILL"
        assert time.monotonic() - begun < 10


def test_stop_sends_the_stop_signal(engine):
    with engine.start(["sleep", "60"], stop_signal="INT") as container:
        container.stop()
        assert container.status.signal == "SIGINT"


def test_stopping_twice_is_no_error(engine):
    with engine.start(["true"]) as container:
        container.wait()
        container.stop()
        container.stop()
        assert container.state is State.STOPPED


def test_pause_and_resume(engine):
    with engine.start(["sleep", "60"]) as container:
        container.pause()
        assert container.state is State.PAUSED
        container.resume()
        assert container.state is State.RUNNING


def test_a_paused_container_can_be_stopped(engine):
    with engine.start(["sleep", "60"]) as container:
        container.pause()
        container.stop()
        assert container.state is State.STOPPED


def test_leaving_the_block_removes(engine, traces):
    with engine.start(idle=True, name="box") as container:
        assert container.state is State.RUNNING
    assert traces() == []
    with pytest.raises(NotFound):
        engine.get("box")


def test_leaving_the_block_ends_and_keeps_what_is_kept(engine):
    with engine.start(["sleep", "60"], keep=True, name="box") as container:
        pass
    assert engine.get("box").state is State.STOPPED
    assert container.returncode == -9
    engine.get("box").remove()


def test_removing_in_the_block_is_no_error_at_its_end(engine, traces):
    with engine.start(["sleep", "60"]) as container:
        container.remove(force=True)
    assert traces() == []


def test_remove_refuses_what_runs(engine):
    with (
        engine.start(["sleep", "60"], name="web") as container,
        pytest.raises(InvalidState, match="web is running"),
    ):
        container.remove()


def test_a_second_remove_says_not_found(engine):
    container = engine.start(["true"])
    container.wait()
    container.remove()
    with pytest.raises(NotFound):
        container.remove()


def test_unread_output_does_not_hold_up_removal(engine):
    container = engine.start(["yes"], stdout=PIPE)
    begun = time.monotonic()
    container.remove(force=True)
    assert time.monotonic() - begun < 5


def test_a_name_in_use(engine):
    with (
        engine.start(["sleep", "60"], name="web"),
        pytest.raises(AlreadyExists, match=r"name in use: web \(running\)") as caught,
    ):
        engine.start(["true"], name="web")
    assert caught.value.hint == "cloche rm -f web, or --replace"


def test_a_name_in_use_leaves_nothing_of_the_second(engine, traces):
    with engine.start(["sleep", "60"], name="web"):
        before = traces()
        with pytest.raises(AlreadyExists):
            engine.run(["true"], name="web")
        assert traces() == before


def test_replace_removes_the_holder(engine):
    first = engine.start(["sleep", "60"], name="web")
    with engine.start(["sleep", "60"], name="web", replace=True) as second:
        assert engine.get("web").id == second.id
    assert first.wait(5) == -9
    first.close()


def test_a_name_is_free_again_after_removal(engine):
    for _ in range(2):
        assert engine.run(["true"], name="web").returncode == 0


def test_get_by_id_name_and_prefix(engine):
    with engine.start(idle=True, name="box") as container:
        for word in (container.id, "box", container.id[:6]):
            assert engine.get(word).id == container.id


def test_a_prefix_of_several_is_refused(engine):
    made = [engine.start(idle=True) for _ in range(17)]  # ids are hexadecimal: two begin alike
    first = sorted(c.id[0] for c in made)
    twice = next(letter for letter in first if first.count(letter) > 1)
    with pytest.raises(InvalidSpec, match="the beginning of"):
        engine.get(twice)
    for container in made:
        container.remove(force=True)


def test_list_is_of_the_running_oldest_first(engine):
    with (
        engine.start(idle=True) as first,
        engine.start(idle=True) as second,
        engine.start(["true"]) as ended,
    ):
        ended.wait()
        assert [c.id for c in engine.list()] == [first.id, second.id]
        assert {c.id for c in engine.list(all=True)} == {first.id, second.id, ended.id}


def test_inspect_tells_all(engine):
    with engine.start(["exit", "3"], name="web", labels=["a=b"], keep=True) as container:
        container.wait()
        details = container.inspect()
        found = engine.get("web").inspect()
    assert details == found
    assert (details.name, details.args, details.labels) == ("web", ("exit", "3"), {"a": "b"})
    assert (details.runtime, details.layer_store, details.keep) == ("fake", "fake", True)
    assert (details.status.code, details.status.reason) == (3, Reason.EXIT)
    assert details.created <= details.started <= details.finished


def test_the_spec_is_kept(engine):
    with engine.start(["sleep", "60"], env={"A": "b"}) as container:
        assert "A=b" in container.spec.process.env
        assert container.spec.root.path


def test_a_live_container_is_small(engine):
    """At most 10 KB of Python each, what backends hold included."""
    import gc
    import tracemalloc

    engine.start(idle=True).remove(force=True)
    gc.collect()
    tracemalloc.start()
    try:
        held = [engine.start(idle=True, rootfs=None) for _ in range(20)]
        gc.collect()
        snapshot = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(True, "*/core/cloche/*"), tracemalloc.Filter(False, "*/testing/*")]
        )
        size = sum(trace.size for trace in snapshot.traces)
    finally:
        tracemalloc.stop()
    assert size / len(held) < 10_000
    for container in held:
        container.remove(force=True)


def test_an_engine_that_is_closed_leaves_no_descriptor(make_engine, tmp_path, settled):
    before = settled()
    for number in range(3):
        with make_engine(root=tmp_path / str(number)) as engine, engine.start(["true"]) as box:
            box.wait()
    assert settled() == before


def test_a_container_outlives_its_engine_and_is_still_this_processs(make_engine):
    with make_engine() as first:
        box = first.start(["sleep", "600"])
    assert make_engine().prune() == []
    assert box.state is State.RUNNING
    box.remove(force=True)
