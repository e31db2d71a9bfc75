"""Flags as callers write them, and what each is good for."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest


def test_the_version_is_on_the_first_line_and_the_specification_on_the_second(oci) -> None:
    said = oci("--version")
    first, second, built_in = said.out.splitlines()
    assert first.startswith("cloche version ")
    assert second.startswith("spec: 1.")
    assert "+SECCOMP" in built_in.split()


@pytest.mark.parametrize(
    "words",
    [
        ("create", "--bundle", "BUNDLE", "box"),
        ("create", "--bundle=BUNDLE", "box"),
        ("create", "-bundle", "BUNDLE", "box"),
        ("create", "-b", "BUNDLE", "box"),
        ("create", "box", "--bundle", "BUNDLE"),
    ],
)
def test_a_flag_may_be_written_in_every_way_that_callers_do(oci, words) -> None:
    bundle = oci.bundle("sleep", "600")
    said = oci(*(word.replace("BUNDLE", bundle) for word in words))
    assert (said.code, oci.status()) == (0, "created")


def test_the_root_may_be_given_in_one_word(oci, tmp_path) -> None:
    bundle = oci.bundle("sleep", "600")
    place = tmp_path / "other"
    assert oci("create", "-b", bundle, "box", before=(f"--root={place}",)).code == 0
    assert (place / "box").is_dir()
    assert oci("delete", "-f", "box", before=("--root", str(place))).code == 0


def test_the_pid_file_is_whole_when_create_returns(oci) -> None:
    pid = oci.create("sleep", "600")
    assert (oci.place / "pid").read_text() == str(pid)
    assert [each.name for each in oci.place.glob("*pid*")] == ["pid"]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_descriptors_are_handed_on_from_3(oci, count) -> None:
    """By a shell, which has exactly two to hand on."""
    script = f'exec 3</etc/passwd 4</etc/group; exec "$@" --preserve-fds {count} --pid-file pid box'
    bundle = oci.bundle("sleep", "600")
    words = [*oci.program, "create", "-b", bundle]
    assert os.spawnvpe(os.P_WAIT, "sh", ["sh", "-c", f"cd {oci.place}; {script}", "sh", *words],
                       oci.environment) == 0  # fmt: skip
    oci("start", "box")
    pid = (oci.place / "pid").read_text()
    held = set(os.listdir(f"/proc/{pid}/fd"))
    assert held - {"0", "1", "2"} == {str(3 + number) for number in range(count)}


def test_more_descriptors_may_be_named_than_are_open(oci) -> None:
    said = oci("run", "-b", oci.bundle("ls", "/proc/self/fd"), "--preserve-fds", "9", "box")
    assert (said.code, said.err) == (0, "")
    assert said.out.split() == ["0", "1", "2", "3"]  # 3 is the directory that ls reads


def test_descriptors_with_a_gap_are_refused(oci) -> None:
    script = 'exec 4</etc/group; exec "$@" --preserve-fds 2 box'
    words = [*oci.program, "run", "-b", oci.bundle("true")]
    said = subprocess.run(
        ["sh", "-c", script, "sh", *words], env=oci.environment, capture_output=True, text=True
    )
    assert said.returncode == 1
    assert said.stderr == "cloche: --preserve-fds 2: descriptor 3 is not open\n"


def test_another_configuration_may_be_named(oci, tmp_path) -> None:
    bundle = oci.bundle("sh", "-c", "exit 4")
    Path(bundle, "config.json").rename(tmp_path / "other.json")
    assert oci("run", "-b", bundle, "-f", str(tmp_path / "other.json"), "box").code == 4


def test_without_a_new_keyring_the_callers_is_kept(oci) -> None:
    """Told by the kernel's own names of keyrings."""
    script = ["sh", "-c", "cat /proc/keys | wc -l"]
    assert oci("run", "--no-new-keyring", "-b", oci.bundle(*script), "box").code == 0
    assert oci("run", "-b", oci.bundle(*script), "box").code == 0


def test_without_pivot_the_root_is_entered_all_the_same(oci) -> None:
    said = oci("run", "--no-pivot", "-b", oci.bundle("cat", "/etc/passwd"), "box")
    assert (said.code, said.out) == (0, (oci.busybox / "etc/passwd").read_text())


def test_errors_are_lines_of_json_in_the_log(oci, tmp_path) -> None:
    log = tmp_path / "log"
    said = oci("state", "nobody", before=("--log", str(log), "--log-format", "json"))
    (line,) = log.read_text().splitlines()
    told = json.loads(line)
    assert (told["level"], told["msg"]) == ("error", 'container "nobody" does not exist')
    assert said.code == 1


def test_errors_are_words_in_the_log_unless_asked_otherwise(oci, tmp_path) -> None:
    log = tmp_path / "log"
    oci("state", "nobody", before=(f"--log={log}",))
    assert 'level=error msg="container \\"nobody\\" does not exist"' in log.read_text()


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        (("--log-format", "xml"), "--log-format: 'xml' is neither text nor json"),
        (("--log", "/no/such/log"), "--log /no/such/log: No such file or directory"),
    ],
)
def test_a_log_that_cannot_be_kept_is_refused_before_anything_is_made(oci, before, wanted) -> None:
    said = oci("create", "-b", oci.bundle("true"), "box", before=before)
    assert said.code == 1
    assert said.err.startswith(f"cloche: {wanted}\n")
    assert not oci.state.exists()


def test_systemd_is_refused_where_it_does_not_run(oci) -> None:
    refusal = (1, "cloche: systemd does not run here\nhint: use --cgroup-manager cgroupfs\n")
    expected = (0, "") if os.path.isdir("/run/systemd/system") else refusal
    bundle = oci.bundle("true", change=lambda c: c["linux"].update(cgroupsPath=":cloche:test"))
    for flag in ("--systemd-cgroup", "--cgroup-manager=systemd"):
        said = oci("run", "-b", bundle, "box", before=(flag,))
        assert (said.code, said.err) == expected


def test_control_groups_can_be_left_alone(oci) -> None:
    def limit(config) -> None:
        config["linux"]["resources"] = {"pids": {"limit": 5}}

    bundle = oci.bundle("sleep", "600", change=limit)
    assert oci("create", "-b", bundle, "box", before=("--cgroup-manager", "disabled")).code == 0
    assert not (oci.state / "box/cgroup.json").exists()


@pytest.mark.parametrize("name", ["create", "run", "exec", "checkpoint", "restore", "features"])
def test_every_command_has_a_page(oci, name) -> None:
    said = oci(name, "--help")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"Usage: cloche oci {name}")


def test_the_overview_names_every_command(oci) -> None:
    said = oci("--help")
    for name in ("create", "start", "kill", "delete", "update", "features"):
        assert f"\n  {name} " in said.out


@pytest.mark.parametrize("name", ["checkpoint", "restore"])
def test_what_is_not_here_is_refused(oci, name) -> None:
    said = oci(name, "box")
    assert (said.code, said.err) == (1, f"cloche: {name} is not supported by this runtime\n")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("create",), "a container's id is missing"),
        (("state", "a", "b"), "too many arguments: b"),
        (("state", "../x"), "invalid container id: '../x'"),
        (("state", ".."), "invalid container id: '..'"),
        (("create", "--wrong", "box"), "flag provided but not defined: -wrong"),
        (("create", "box", "--bundle"), "flag needs an argument: -bundle"),
        (("run", "--preserve-fds", "x", "box"), "invalid value 'x' for flag -preserve-fds"),
        (("wrong",), "no such command: wrong"),
        (("kill", "box", "NOSUCH"), 'container "box" does not exist'),
    ],
)
def test_wrong_lines_are_refused_in_a_line(oci, words, wanted) -> None:
    said = oci(*words)
    assert (said.code, said.err.splitlines()[0]) == (1, f"cloche: {wanted}")


def test_a_template_is_written_once_and_can_be_run(oci, tmp_path) -> None:
    place = tmp_path / "new"
    place.mkdir()
    assert oci("spec", "--bundle", str(place)).code == 0
    assert oci("spec", "--bundle", str(place)).code == 1
    config = json.loads((place / "config.json").read_text())
    config["process"].update(terminal=False, args=["hostname"])
    config["root"]["path"] = str(oci.busybox)
    (place / "config.json").write_text(json.dumps(config))
    said = oci("run", "-b", str(place), "box")
    assert (said.code, said.out) == (0, "cloche\n")


def test_features_are_told_as_json(oci) -> None:
    told = json.loads(oci("features").out)
    assert told["ociVersionMin"] == "1.0.0"
    assert "startContainer" in told["hooks"]
    assert {"ro", "rro", "rbind", "rslave"} <= set(told["mountOptions"])
    assert {"time", "user", "cgroup"} <= set(told["linux"]["namespaces"])
    assert told["linux"]["seccomp"]["enabled"] is True
