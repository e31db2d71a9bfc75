"""``cloche run IMAGE``: what the image says holds, and it is fetched when it must be."""

from __future__ import annotations

import json

import pytest
from registries.images import archive, busybox, image


def test_an_image_is_fetched_and_run(cloche, hello):
    said = cloche("run", hello)
    assert (said.code, said.out) == (0, "hello\n")
    assert "downloading" in said.err
    assert cloche("run", hello) == (0, "hello\n", "")


def test_what_is_seen_of_the_fetching_never_mixes_with_output(cloche, hello):
    said = cloche("run", "-q", hello, "cat", "/etc/passwd")
    assert (said.out, said.err) == ("root:x:0:0::/:/bin/sh\n", "")


def test_options_end_at_the_image(cloche, here):
    assert cloche("run", here, "ls", "-d", "/bin").out == "/bin\n"
    assert cloche("run", here, "--", "ls", "-d", "/bin").out == "/bin\n"
    assert cloche("run", here, "echo", "--", "--memory").out == "-- --memory\n"


def test_what_the_image_says_holds_unless_something_else_is_said(cloche, registry, upload):
    config = {
        "Entrypoint": ["/bin/echo", "entry"], "Cmd": ["usual"], "Env": ["PATH=/bin", "A=image"],
        "WorkingDir": "/work", "Labels": {"from": "image"},
    }  # fmt: skip
    upload(busybox(config=config), "said:1")
    name = f"{registry}/said:1"
    assert cloche("run", "-q", name).out == "entry usual\n"
    assert cloche("run", name, "other").out == "entry other\n"
    assert cloche("run", "--entrypoint", "sh", name, "-c", "pwd; echo $A").out == "/work\nimage\n"
    words = ("-e", "A=typed", "-w", "/bin", "--entrypoint", "sh")
    assert cloche("run", *words, name, "-c", "pwd; echo $A").out == "/bin\ntyped\n"
    cloche("run", "--keep", "--name", "it", "-l", "own=1", name)
    (told,) = json.loads(cloche("inspect", "it").out)
    assert told["labels"] == {"from": "image", "own": "1"}
    assert (told["image"], told["args"]) == (name, ["/bin/echo", "entry", "usual"])


def test_containers_are_listed_with_their_images(cloche, here):
    cloche("run", "--keep", "--name", "it", here)
    cloche("run", "--keep", "--name", "host", "--", "true")
    titles, *lines = cloche("ps", "-a").out.splitlines()
    place = titles.index("IMAGE")
    assert [line[place:].split()[0] for line in lines] == ["true", here]
    (digest,) = cloche("images", "-q", "--no-trunc").out.split()
    for wanted in (here, digest):
        (found,) = cloche("ps", "-aq", "--filter", f"ancestor={wanted}").out.split()
        assert found in lines[1]


def test_what_runs_in_one_changes_no_other(cloche, here):
    assert cloche("run", here, "sh", "-c", "rm /etc/passwd; echo x >/new; ls /").code == 0
    assert cloche("run", here, "ls", "/etc/passwd").out == "/etc/passwd\n"
    assert "new" not in cloche("run", here, "ls", "/").out.split()


@pytest.mark.parametrize("policy", ["missing", "never", "always"])
def test_a_moved_tag_is_noticed_if_asked_for(cloche, registry, upload, policy):
    name = f"{registry}/moving/{policy}:1"
    upload(busybox(config={"Cmd": ["echo", "old"], "Env": ["PATH=/bin"]}), f"moving/{policy}:1")
    assert cloche("run", "-q", name).out == "old\n"
    upload(busybox(config={"Cmd": ["echo", "new"], "Env": ["PATH=/bin"]}), f"moving/{policy}:1")
    said = cloche("run", "-q", "--pull", policy, name)
    assert said.out == ("new\n" if policy == "always" else "old\n")


def test_what_is_never_to_be_fetched_is_not(cloche, hello):
    said = cloche("run", "--pull", "never", hello)
    assert (said.code, said.out) == (125, "")
    assert said.err == f"cloche: image not found: {hello}\nhint: cloche pull {hello}\n"


def test_a_policy_that_is_none_is_refused(cloche, hello):
    said = cloche("run", "--pull", "sometimes", hello)
    assert (said.code, said.out) == (125, "")
    message = "cloche: --pull: 'sometimes' is not one of always, missing, never"
    assert said.err.splitlines()[0] == message
    assert cloche("images", "-q").out == ""


def test_a_digest_pins_an_image(cloche, registry, upload):
    digest = upload(busybox(), "pinned:1")
    upload(image(archive({"x": b"x"})), "pinned:1")
    assert cloche("run", "-q", f"{registry}/pinned:1@{digest}") == (0, "hello\n", "")
    wrong = f"{registry}/pinned@sha256:{'0' * 64}"
    said = cloche("run", "-q", wrong)
    assert (said.code, said.out) == (125, "")


def test_an_image_of_another_platform_says_so(cloche, registry, upload):
    arm = {"os": "linux", "architecture": "arm64"}
    upload(image(archive({"x": b"x"}), platform=arm, config={"Cmd": ["/x"]}), "arm:1")
    said = cloche("run", "-q", f"{registry}/arm:1")
    assert (said.code, said.out) == (125, "")
    assert "linux/arm64" in said.err.splitlines()[0]
    assert said.err.splitlines()[1].startswith("hint: --platform linux/arm64")


def test_a_command_that_the_image_lacks_is_told_with_the_image(cloche, here):
    said = cloche("run", here, "bash")
    assert (said.code, said.out) == (127, "")
    assert said.err == f"cloche: command not found in {here}: bash\nhint: it has /bin/sh\n"


def test_an_image_without_a_command_asks_for_one(cloche, registry, upload):
    upload(image(archive({"x": b"x"})), "silent:1")
    said = cloche("run", "-q", f"{registry}/silent:1")
    assert (said.code, said.out) == (125, "")
    assert said.err.startswith(f"cloche: {registry}/silent:1 names no command\nhint: ")


@pytest.mark.parametrize("words", [["true"], ["sh", "-c", "echo hi"]])
def test_a_program_that_was_taken_for_an_image_is_told_apart(cloche, words):
    said = cloche("run", "--pull", "never", *words)
    shown = " ".join(f"'{word}'" if " " in word else word for word in words)
    assert (said.code, said.out) == (125, "")
    assert said.err.splitlines() == [
        f"cloche: image not found: {words[0]}",
        f"hint: a program of this machine: cloche run -- {shown}",
    ]


def test_an_idle_container_of_an_image(cloche, here, box):
    box("web", "--idle", here)
    assert cloche("exec", "web", "cat", "/etc/passwd").out == "root:x:0:0::/:/bin/sh\n"
    assert cloche("exec", "web", "env").out.count("PATH=/bin\n") == 1


def test_an_images_end_is_told_in_its_name(cloche, here):
    said = cloche("run", "--timeout", "0.3", here, "sleep", "60")
    assert said == (124, "", "cloche: sleep timed out after 0.3\n")


def test_json_keeps_output_of_images_too(cloche, here):
    told = json.loads(cloche("run", "--json", here, "echo", "x").out)
    assert (told["stdout"], told["args"]) == ("x\n", ["echo", "x"])
