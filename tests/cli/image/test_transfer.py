"""``cloche pull`` and ``cloche push`` with a real registry, and what is seen of them."""

from __future__ import annotations

import json
import re
import signal
import subprocess

import pytest
from registries.images import archive, busybox, image, index, put


def test_what_is_pulled_is_printed_as_what_can_be_pulled_again(cloche, hello):
    said = cloche("pull", hello)
    assert said.code == 0
    assert re.fullmatch(rf"{re.escape(hello)}@sha256:[0-9a-f]{{64}}\n", said.out)
    assert cloche("pull", said.out.strip()).code == 0
    assert cloche("run", said.out.strip()) == (0, "hello\n", "")


def test_in_a_pipe_progress_is_lines_on_stderr(cloche, hello):
    lines = cloche("pull", hello).err.splitlines()
    assert all(re.match(rf"{re.escape(hello)} [0-9a-f]{{12}} \w+", line) for line in lines)
    assert any(line.split()[2] == "downloading" for line in lines)
    assert lines[-1].split()[2] == "done"
    assert not any("\x1b" in line for line in lines)


def test_quietly_only_the_digest_is_printed(cloche, hello):
    said = cloche("pull", "-q", hello)
    assert (said.code, said.err) == (0, "")
    assert re.fullmatch(r"sha256:[0-9a-f]{64}\n", said.out)


def test_json_is_one_event_a_line_and_the_image_at_last(cloche, hello):
    said = cloche("pull", "--json", hello)
    assert (said.code, said.err) == (0, "")
    *events, last = map(json.loads, said.out.splitlines())
    assert last.keys() == {"image", "digest"}
    assert {event["stage"] for event in events} >= {"downloading", "done"}
    last_of = {event["digest"]: event["stage"] for event in events}
    assert set(last_of.values()) == {"done"}
    assert all(event["reference"].endswith("/hello:1") for event in events)
    ends = [event for event in events if event["stage"] == "downloading"]
    assert all(0 <= event["current"] <= event["total"] for event in ends)


def test_several_are_pulled_one_after_the_other(cloche, hello, labelled, kept):
    said = cloche("image", "pull", "-q", hello, labelled)
    assert (said.code, len(said.out.splitlines())) == (0, 2)
    assert sorted(kept()) == sorted([hello, labelled])


def test_what_is_not_there_is_told_in_a_line(cloche, registry):
    said = cloche("pull", f"{registry}/no/such:thing")
    assert (said.code, said.out) == (125, "")
    assert said.err.startswith("cloche: ")
    assert said.err.splitlines() == [
        f"cloche: image not found: {registry}/no/such:thing",
        f"hint: see whether {registry} has it, and by which tag",
    ]


@pytest.mark.parametrize("name", ["UPPER", "a b", "a:b:c", "a@sha256:short", ""])
def test_what_is_no_name_is_refused(cloche, name):
    said = cloche("pull", name)
    assert (said.code, said.out) == (125, "")
    assert said.err.startswith("cloche: ")
    assert len(said.err.splitlines()) <= 2


def test_a_registry_that_does_not_answer_is_told(cloche):
    said = cloche("pull", "127.0.0.1:1/x")
    assert (said.code, said.out) == (125, "")
    assert said.err.splitlines()[0] == "cloche: 127.0.0.1:1: Connection refused"


def test_a_platform_is_chosen_from_an_index(cloche, registry, upload):
    arm = image(archive({"arm": b"x"}), platform={"os": "linux", "architecture": "arm64"})
    upload(index(busybox(), arm), "many:1")
    cloche("pull", "-q", f"{registry}/many:1")
    assert cloche("pull", "-q", "--platform", "linux/arm64", f"{registry}/many:1").code == 0
    (both,) = [json.loads(cloche("images", "--json").out)]
    assert {each["platform"] for each in both} >= {"linux/arm64"}
    said = cloche("pull", "-q", "--platform", "linux/riscv64", f"{registry}/many:1")
    assert said.code == 125
    assert "linux/arm64" in said.err


def test_what_is_pushed_can_be_pulled_elsewhere(cloche, here, registry, tmp_path):
    said = cloche("push", here, f"{registry}/copy/of:it")
    assert said.code == 0
    pinned = said.out.strip()
    assert re.fullmatch(rf"{re.escape(registry)}/copy/of:it@sha256:[0-9a-f]{{64}}", pinned)
    other = str(tmp_path / "elsewhere")
    assert cloche("pull", "-q", pinned, CLOCHE_ROOT=other).code == 0
    assert cloche("run", pinned, CLOCHE_ROOT=other) == (0, "hello\n", "")


def test_a_peer_reads_what_was_pushed(cloche, here, registry):
    cloche("push", "-q", here, f"{registry}/for/others:1")
    name = f"docker://{registry}/for/others:1"
    done = subprocess.run(
        ["skopeo", "inspect", "--tls-verify=false", name], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Layers"]


def test_a_push_shows_what_happens_as_a_pull_does(cloche, here, registry):
    said = cloche("push", "--json", here, f"{registry}/shown:1")
    *events, last = map(json.loads, said.out.splitlines())
    assert last["image"] == f"{registry}/shown:1"
    assert {event["stage"] for event in events} & {"uploading", "mounted", "exists"}


def test_what_is_not_here_cannot_be_pushed(cloche, registry):
    said = cloche("push", f"{registry}/nothing:1")
    assert (said.code, said.out) == (125, "")
    assert said.err.startswith(f"cloche: image not found: {registry}/nothing:1\n")


def test_ctrl_c_ends_a_pull_at_once_and_the_next_goes_on(cloche, start_cloche, docker_registry):
    """A registry that stops in the middle of a layer: nobody waits for it."""
    docker_registry._process.send_signal(signal.SIGSTOP)
    try:
        process = start_cloche(
            "pull", f"{docker_registry.host}/hello:1", stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
        assert process.stderr.read() == b""
    finally:
        docker_registry._process.send_signal(signal.SIGCONT)
    put(docker_registry.url, "hello:1", busybox())
    assert cloche("pull", "-q", f"{docker_registry.host}/hello:1").code == 0
