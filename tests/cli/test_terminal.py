"""``-t`` in front of a real terminal: a pty of the test's own, and tmux."""

from __future__ import annotations

import os
import signal
import subprocess
import termios
import time

import pytest

PATIENCE = 20


@pytest.fixture
def shell(terminal):
    """A shell in a container, at its prompt."""
    opened = terminal("run", "-it", "-e", "PS1=ready> ", "--", "sh", "-i")
    opened.expect("ready> ")
    return opened


def test_a_shell_is_at_a_terminal(shell):
    shell.type("tty; echo $((6 * 7))\n")
    shell.expect(r"/dev/(pts/\d+|console)\r\n42\r\nready> ")
    shell.type("exit 5\n")
    assert shell.end() == 5
    assert shell.is_restored()


def test_the_terminal_is_raw_while_the_container_has_it(shell):
    assert not shell.is_restored()
    assert not termios.tcgetattr(shell.slave)[3] & (termios.ECHO | termios.ICANON | termios.ISIG)


def test_keys_are_the_containers(shell):
    """Ctrl-C ends what runs inside and nothing else; Ctrl-D ends the shell."""
    shell.type("sleep 1000; echo code $?\n")
    shell.expect("sleep 1000")
    time.sleep(0.3)
    shell.type("\x03")
    shell.expect("ready> ")
    shell.type("echo still here\n")
    shell.expect("still here\r\n")
    shell.expect("ready> ")
    shell.type("\x04")
    assert shell.end() in (0, 130)
    assert shell.is_restored()


def test_the_container_sees_the_size_and_its_changes(terminal):
    """And is told of a change by the usual signal."""
    wait = "trap 'stty size; exit' WINCH; stty size; while :; do sleep 0.1; done"
    opened = terminal("run", "-it", "--", "sh", "-c", wait)
    opened.expect("24 80\r\n")
    opened.size(101, 33)
    opened.expect("33 101\r\n")
    assert opened.end() == 0


def test_what_is_typed_ahead_is_not_lost(terminal):
    opened = terminal("run", "-it", "--", "head", "-n", "1")
    opened.type("early\n")
    opened.expect("early\r\n")
    assert opened.end() == 0
    assert opened.is_restored()


def test_a_lot_of_output_arrives_whole(terminal):
    opened = terminal("run", "-t", "--", "seq", "200000")
    opened.expect("\n199999\r+\n200000\r+\n$")
    assert opened.end() == 0


def test_a_lot_of_input_arrives_whole_while_it_is_echoed(shell):
    """More than a terminal's buffer holds, both ways at once."""
    shell.type("stty raw -echo; echo go; head -c 300000 | cksum; stty sane; echo\n")
    shell.expect("go\r?\n")
    data = b"0123456789abcdef" * (300000 // 16)
    for start in range(0, len(data), 1024):
        os.write(shell.master, data[start : start + 1024])
    expected = subprocess.run(["cksum"], input=data, capture_output=True, check=True).stdout
    shell.expect(expected.decode().split()[0] + " 300000")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_the_terminal_is_restored_when_a_signal_ends_it(terminal, name):
    opened = terminal("run", "-it", "--", "sh", "-c", "echo up; sleep 1000")
    opened.expect("up")
    opened.process.send_signal(getattr(signal, name))
    assert opened.end() == 128 + getattr(signal, name)
    assert opened.is_restored()


def test_the_terminal_is_restored_after_an_error(terminal):
    opened = terminal("run", "-it", "--", "no-such-program")
    assert opened.end() == 127
    opened.expect("cloche: command not found")
    assert opened.is_restored()


def test_the_terminal_is_restored_after_a_timeout(terminal):
    opened = terminal("run", "-it", "--timeout", "0.5", "--", "sh", "-c", "echo up; sleep 1000")
    opened.expect("up")
    assert opened.end() == 124
    opened.expect("cloche: sh timed out after 0.5")
    assert opened.is_restored()


def test_exec_has_a_terminal_too(terminal, box):
    box("web")
    opened = terminal("exec", "-it", "-e", "PS1=inside> ", "web", "sh", "-i")
    opened.expect("inside> ")
    opened.type("test -t 0 && test -t 1 && echo yes; exit 3\n")
    opened.expect("yes\r\n")
    assert opened.end() == 3
    assert opened.is_restored()


def test_without_i_the_terminal_stays_ours(terminal):
    """Ctrl-C is a signal for this program then, which passes it on."""
    opened = terminal("run", "-t", "--", "sh", "-c", "echo up; exec sleep 1000")
    opened.expect("up")
    assert opened.is_restored()
    opened.type("\x03")
    assert opened.end() == 130


def test_it_in_a_pipe_is_refused(cloche):
    assert cloche("run", "-it", "--", "cat", input="x") == (
        125,
        "",
        "cloche: -t: stdin is not a terminal\nhint: without -t, -i passes a pipe or file on\n",
    )


def test_t_in_a_pipe_has_the_usual_size(cloche):
    said = cloche("run", "-t", "--", "sh", "-c", "test -t 1 && stty size <&1")
    assert (said.code, said.out) == (0, "24 80\n")


def test_a_pipe_behind_a_terminal_that_breaks_ends_the_command(start_cloche):
    words = ("run", "-t", "--", "yes")
    with start_cloche(*words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout.read(6) == b"y\r\ny\r\n"
        process.stdout.close()
        assert process.wait(timeout=PATIENCE) == 128 + signal.SIGHUP


def test_bash_in_tmux_is_usable(tmux, program, until):
    """Typed, edited with the arrow keys, resized with the window, and left by exit."""

    def screen() -> str:
        return tmux("capture-pane", "-p")

    def shows(text: str) -> None:
        until(lambda: text in screen())

    tmux("new-session", "-d", "-x", "90", "-y", "20", "env PS1='outer> ' sh -i")
    shows("outer>")
    words = " ".join([*program, "run", "-it", "-e", "'PS1=inner> '", "--", "bash", "--norc"])
    tmux("send-keys", words, "Enter")
    shows("\ninner>")
    tmux("send-keys", "echo two", "Left", "Left", "Left", "one-", "Enter")
    shows("\none-two\n")
    tmux("send-keys", "stty size", "Enter")
    shows("\n20 90\n")
    tmux("resize-window", "-x", "70", "-y", "18")
    tmux("send-keys", "clear; stty size", "Enter")
    shows("18 70\n")
    tmux("send-keys", "clear", "Enter", "exit 9", "Enter")
    shows("\nouter>")
    tmux("send-keys", "echo code $?; stty -a | grep -o ' echo '", "Enter")
    shows("code 9\n echo")
