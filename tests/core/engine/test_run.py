"""``Engine.run``: subprocess.run, in a container."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time

import pytest

from cloche import DEVNULL, PIPE, STDOUT, CommandFailed, InvalidSpec, Reason


def both(call):
    print("out", file=call.stdout, flush=True)
    print("err", file=call.stderr, flush=True)


def test_a_run_that_ends_well(engine):
    result = engine.run(["true"])
    assert (result.returncode, result.reason, result.args) == (0, Reason.EXIT, ("true",))


def test_nothing_is_captured_unless_asked(engine, capfd):
    result = engine.run(["echo", "seen"])
    assert (result.stdout, result.stderr, capfd.readouterr().out) == (None, None, "seen\n")


def test_captured_output_is_bytes(make_engine):
    result = make_engine(programs={"both": both}).run(["both"], capture_output=True)
    assert (result.stdout, result.stderr) == (b"out\n", b"err\n")


def test_text_is_utf8_with_replacement_and_ends_lines_alike(make_engine):
    engine = make_engine(
        programs={"p": lambda call: call.stdout.buffer.write(b"a\r\n\xff\xc3\xa9")}
    )
    assert engine.run(["p"], stdout=PIPE, text=True).stdout == "a\n\ufffd\u00e9"


def test_stderr_goes_where_stdout_goes(make_engine):
    result = make_engine(programs={"both": both}).run(["both"], stdout=PIPE, stderr=STDOUT)
    assert (result.stdout, result.stderr) == (b"out\nerr\n", None)


def test_devnull_swallows(engine, capfd):
    assert engine.run(["echo", "x"], stdout=DEVNULL).stdout is None
    assert capfd.readouterr().out == ""


def test_stdin_is_empty_unless_given(engine):
    assert engine.run(["cat"], stdout=PIPE).stdout == b""


@pytest.mark.parametrize("given", ["b\u00e4\n", "b\u00e4\n".encode()], ids=["str", "bytes"])
def test_input_is_read_by_the_program(engine, given):
    assert engine.run(["cat"], input=given, stdout=PIPE, text=True).stdout == "b\u00e4\n"


def test_input_larger_than_a_pipe_and_its_echo(engine):
    """Feeding and reading at once: neither side may wait for the other."""
    data = os.urandom(1 << 20)
    assert engine.run(["cat"], input=data, stdout=PIPE).stdout == data


def test_a_program_that_does_not_read_its_input_is_no_error(engine):
    assert engine.run(["true"], input=b"x" * (1 << 20)).returncode == 0


def test_a_file_and_a_descriptor_are_written_to(engine, tmp_path):
    with open(tmp_path / "out", "w+") as file:
        file.write("before\n")
        engine.run(["echo", "a"], stdout=file)
        engine.run(["echo", "b"], stdout=file.fileno())
    assert (tmp_path / "out").read_text() == "before\na\nb\n"


def test_output_limit_keeps_the_beginning_and_drains_the_rest(engine):
    result = engine.run(["yes"], stdout=PIPE, output_limit="10", timeout=0.3)
    assert (result.stdout, result.truncated) == (b"y\ny\ny\ny\ny\n", True)


def test_output_within_the_limit_is_not_truncated(engine):
    result = engine.run(["echo", "123"], stdout=PIPE, output_limit=4)
    assert (result.stdout, result.truncated) == (b"123\n", False)


def test_a_timeout_kills_and_keeps_the_partial_output(make_engine, traces):
    def program(call):
        print("partial", file=call.stdout, flush=True)
        call.sleep(60)

    engine = make_engine(programs={"p": program})
    result = engine.run(["p"], timeout="200ms", stdout=PIPE)
    assert (result.stdout, result.reason, result.returncode) == (b"partial\n", Reason.TIMEOUT, -9)
    assert traces() == []


def test_a_timeout_that_is_not_reached_changes_nothing(engine):
    assert engine.run(["true"], timeout=30).reason is Reason.EXIT


def test_exit_codes_are_results(engine):
    assert engine.run(["exit", "3"]).returncode == 3


def test_check_raises_with_the_result(engine):
    with pytest.raises(CommandFailed) as caught:
        engine.run(["exit", "3"], check=True)
    assert caught.value.exit_code == 3
    assert caught.value.result.returncode == 3


def test_check_after_a_timeout_has_the_code_of_timeout(engine):
    with pytest.raises(CommandFailed, match="its time was up") as caught:
        engine.run(["sleep", "60"], timeout=0.05, check=True)
    assert (caught.value.exit_code, caught.value.result.reason) == (124, Reason.TIMEOUT)


@pytest.mark.parametrize(("program", "code"), [("nowhere", 127), ("data", 126)])
def test_a_program_that_cannot_be_run(make_engine, traces, program, code):
    with pytest.raises(CommandFailed) as caught:
        make_engine(programs={"data": None}).run([program])
    assert caught.value.exit_code == code
    assert traces() == []


def test_nothing_of_a_run_stays(engine, traces):
    engine.run(["echo", "x"], capture_output=True, name="web", files={"/a": "b"})
    assert traces() == []


def test_no_descriptor_stays(engine, settled):
    engine.run(["cat"], input="x", capture_output=True)
    before = settled()
    engine.run(["cat"], input="x", capture_output=True)
    engine.run(["sleep", "60"], timeout=0.02, capture_output=True)
    with pytest.raises(CommandFailed):
        engine.run(["nowhere"], capture_output=True, input="x")
    assert settled() == before


def test_no_thread_is_started(make_engine):
    """The fake's programs are threads themselves; the engine adds none."""
    seen = []
    engine = make_engine(programs={"p": lambda call: seen.extend(threading.enumerate())})
    before = threading.enumerate()
    engine.run(["p"], capture_output=True)
    assert len(set(seen) - set(before)) == 1


def press_ctrl_c():
    """To kill by a number ends a process of Windows."""
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:
        os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_kills_removes_and_goes_on(make_engine, traces):
    def program(call):
        press_ctrl_c()
        call.sleep(60)

    engine = make_engine(programs={"p": program})
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        engine.run(["p"])
    assert traces() == []
    assert time.monotonic() - begun < 10


def test_idle_is_not_for_run(engine):
    with pytest.raises(InvalidSpec, match="idle"):
        engine.run([], idle=True)


def test_fifty_at_once(engine, traces):
    results = []

    def one(number):
        result = engine.run(["echo", str(number)], stdout=PIPE, text=True)
        results.append((number, result.stdout))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [(n, f"{n}\n") for n in range(50)]
    assert traces() == []
