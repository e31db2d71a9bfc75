"""What callers of crun count on: annotations, defaults, and small things that it does."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .desks import arrived, open_desk


def annotated(**annotations):
    return {f"run.oci.{name}": value for name, value in annotations.items()}


def test_what_hooks_say_goes_to_the_files_that_annotations_name(oci, tmp_path) -> None:
    out, err = tmp_path / "said", tmp_path / "complained"
    out.write_text("before\n")
    names = {"hooks.stdout": str(out), "hooks.stderr": str(err)}

    def change(config) -> None:
        config["annotations"] = annotated(**names)
        script = ["sh", "-c", "echo out; echo err >&2"]
        hook = {"path": "/bin/sh", "args": script}
        config["hooks"] = {kind: [hook] for kind in ("createRuntime", "poststart", "poststop")}

    assert oci.run("true", change=change).code == 0
    assert out.read_text() == "before\n" + "out\n" * 3
    assert err.read_text() == "err\n" * 3


def test_a_file_for_hooks_that_cannot_be_had_is_told(oci) -> None:
    def change(config) -> None:
        config["annotations"] = annotated(**{"hooks.stdout": "/no/such/file"})
        config["hooks"] = {"createRuntime": [{"path": "/bin/true"}]}

    said = oci.run("true", change=change)
    assert said.code == 1
    assert "/bin/true: run.oci.hooks.stdout: no such file or directory" in said.err
    assert list(oci.state.iterdir()) == []


def test_a_hook_without_an_environment_has_the_runtimes(oci, tmp_path) -> None:
    note = tmp_path / "note"
    script = ["sh", "-c", f'echo "$MARK-$OTHER" >> {note}']
    inheriting = {"path": "/bin/sh", "args": script}
    hooks = [inheriting, {**inheriting, "env": ["OTHER=own"]}]
    oci.environment["MARK"] = "ours"
    oci.run("true", change=lambda config: config.update(hooks={"createRuntime": hooks}))
    assert note.read_text() == "ours-\n-own\n"


def test_the_process_is_sent_to_whoever_asks_for_it(oci, tmp_path) -> None:
    path = tmp_path / "receiver"
    annotations = annotated(pidfd_receiver=str(path))
    with open_desk(path) as receiver:
        pid = oci.create("true", change=lambda config: config.update(annotations=annotations))
        process = arrived(receiver)
    told = Path(f"/proc/self/fdinfo/{process}").read_text()
    os.close(process)
    assert f"Pid:\t{pid}\n" in told


def test_a_receiver_that_is_not_there_is_told(oci, tmp_path) -> None:
    annotations = annotated(pidfd_receiver=f"{tmp_path}/none")
    said = oci.run("true", change=lambda config: config.update(annotations=annotations))
    assert said.code == 1
    assert said.err.startswith('cloche: annotations["run.oci.pidfd_receiver"]: '), said.err
    assert list(oci.state.iterdir()) == []


def test_groups_can_be_kept(oci) -> None:
    def groups(**annotations: str) -> list[str]:
        script = ["sh", "-c", "grep Groups: /proc/self/status"]
        bundle = oci.bundle(
            *script, change=lambda c: c.update(annotations=annotated(**annotations))
        )
        done = subprocess.run(
            [*oci.program, "run", "-b", bundle, "box"], extra_groups=[7, 11],
            env=oci.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.split()[1:]

    assert groups(keep_original_groups="1") == ["7", "11"]
    assert groups(keep_original_groups="0") == groups() == []


def test_unknown_system_calls_are_passed_over_unless_they_are_to_be_refused(oci) -> None:
    def change(config) -> None:
        rule = {"names": ["getpid", "no_such_call"], "action": "SCMP_ACT_ALLOW"}
        config["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]}

    def refusing(config) -> None:
        change(config)
        config["annotations"] = annotated(seccomp_fail_unknown_syscall="1")

    assert oci.run("true", change=change).code == 0
    said = oci.run("true", change=refusing)
    assert said.code == 1
    assert said.err.startswith("cloche: linux.seccomp.syscalls[0].names[1]: ")
    assert list(oci.state.iterdir()) == []


def test_a_user_namespace_without_maps_has_its_maker_as_root(oci) -> None:
    def change(config) -> None:
        config["linux"]["namespaces"].append({"type": "user"})

    said = oci.run("cat", "/proc/self/uid_map", "/proc/self/gid_map", change=change)
    assert said.code == 0, said.err
    first = said.out.split()[:2]
    assert first == ["0", str(os.geteuid())]
    assert Path("/proc/self/uid_map").read_text() != said.out


def test_streams_are_the_users_and_its_groups(oci) -> None:
    """They could not be opened again as /dev/stderr otherwise."""

    def change(config) -> None:
        config["process"]["user"] = {"uid": 12, "gid": 34}

    bundle = oci.bundle("stat", "-L", "-c", "%u:%g", "/proc/self/fd/1", change=change)
    done = subprocess.run(
        [*oci.program, "run", "-b", bundle, "box"],
        env=oci.environment,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "12:34\n")


def test_a_device_may_be_named_with_a_slash_at_its_end(oci) -> None:
    def change(config) -> None:
        device = {"path": "/dev/made/", "type": "c", "major": 1, "minor": 3}
        config["linux"]["devices"] = [device]

    said = oci.run("stat", "-c", "%F %t:%T", "/dev/made", change=change)
    assert (said.code, said.out) == (0, "character special file 1:3\n")


def test_what_is_changed_later_is_seen_in_groups_that_are_shown(oci) -> None:
    """Nobody names a group or a limit, and there is one for all that is to come."""

    def change(config) -> None:
        del config["linux"]["cgroupsPath"]
        options = ["nosuid", "noexec", "nodev", "ro"]
        mount = {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup"}
        config["mounts"].append({"destination": "/sys", "type": "tmpfs", "source": "tmpfs"})
        config["mounts"].append({**mount, "options": options})

    name = f"box-{os.getpid()}"
    oci.create("sleep", "600", id=name, change=change)
    oci("start", name)
    assert oci("update", "--pids-limit", "99", name).code == 0
    file = "/sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max"
    said = oci("exec", name, "sh", "-c", f"cat {file} 2>/dev/null")
    assert said.out == "99\n"
