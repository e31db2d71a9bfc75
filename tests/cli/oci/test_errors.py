"""What goes wrong is told in words that callers know, before anything is made."""

from __future__ import annotations

import pytest

from .conftest import mount


@pytest.mark.parametrize(
    ("program", "code", "wanted"),
    [
        ("nosuch", 127, 'exec: "nosuch": executable file not found in $PATH'),
        ("/no/such", 127, 'exec: "/no/such": stat /no/such: no such file or directory'),
        ("/etc", 126, 'exec: "/etc": permission denied'),
        ("/etc/passwd", 126, 'exec: "/etc/passwd": permission denied'),
    ],
)
def test_a_program_that_cannot_be_run_is_known_at_create(oci, program, code, wanted) -> None:
    said = oci("create", "-b", oci.bundle(program), "box")
    assert said.code == code
    assert said.err.startswith(f"cloche: {wanted}")
    assert list(oci.state.iterdir()) == []


def test_and_at_exec(oci) -> None:
    oci.create("sleep", "600")
    oci("start", "box")
    said = oci("exec", "box", "nosuch")
    assert said.code == 255
    assert 'exec: "nosuch": executable file not found in $PATH' in said.err


def test_a_program_whose_interpreter_is_missing_is_not_said_to_be_missing(oci) -> None:
    script = "printf '#!/no/such\n' > /tmp/script; chmod +x /tmp/script; sleep 600"
    oci.create("sh", "-c", script, change=lambda c: c["mounts"].append(mount("/tmp", "tmpfs")))
    oci("start", "box")
    assert oci("exec", "box", "sh", "-c", "until test -x /tmp/script; do :; done").code == 0
    said = oci("exec", "box", "/tmp/script")
    told = 'exec: "/tmp/script": exec /tmp/script: no such file or directory'
    assert (said.code, said.err) == (
        255,
        f"cloche: {told}: the interpreter of /tmp/script is missing\n",
    )


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda c: c["process"].update(args=[]), "process.args"),
        (lambda c: c["process"].update(cwd="relative"), "process.cwd"),
        (lambda c: c["process"].update(args="x"), "process.args"),
        (lambda c: c["root"].update(path="no/such"), "root.path"),
        (lambda c: c.pop("root"), "root"),
        (lambda c: c.pop("process"), "process"),
        (lambda c: c.pop("linux"), "linux"),
        (lambda c: c.update(ociVersion="2.0.0"), "ociVersion"),
        (lambda c: c["process"]["user"].pop("gid"), "process.user.gid"),
        (
            lambda c: c["linux"].update(
                seccomp={
                    "defaultAction": "SCMP_ACT_ALLOW",
                    "syscalls": [{"names": [], "action": "SCMP_ACT_ERRNO"}],
                }
            ),
            "linux.seccomp.syscalls[0].names",
        ),
        (
            lambda c: c["linux"].update(
                seccomp={"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "x"}
            ),
            "linux.seccomp.listenerMetadata",
        ),
        (
            lambda c: c["linux"].update(
                seccomp={"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 1}
            ),
            "linux.seccomp.defaultErrnoRet",
        ),
        (
            lambda c: c["linux"].update(
                resources={"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}}
            ),
            "linux.resources.blockIO.weightDevice[0].weight",
        ),
        (lambda c: c["linux"]["namespaces"].append({"type": "no"}), "linux.namespaces[6].type"),
        (lambda c: c["linux"].update(sysctl={"kernel.panic": "1"}), 'linux.sysctl["kernel.panic"]'),
        (
            lambda c: c["linux"].update(sysctl={"kernel.hostname": "x"}),
            'linux.sysctl["kernel.hostname"]',
        ),
        (lambda c: c["linux"].update(intelRdt={}), "linux.intelRdt"),
        (lambda c: c["process"].update(apparmorProfile="x"), "process.apparmorProfile"),
        (lambda c: c["process"].update(selinuxLabel="x"), "process.selinuxLabel"),
        (lambda c: c["process"].update(terminal=True), "process.terminal"),
        (lambda c: c.update(hooks={"prestart": [{"path": "x"}]}), "hooks.prestart[0].path"),
    ],
)
def test_a_fault_is_named_by_its_path_and_nothing_is_made(oci, change, path) -> None:
    said = oci("create", "-b", oci.bundle("true", change=change), "box")
    assert said.code == 1
    assert said.err.startswith(f"cloche: {path}: "), said.err
    assert "Traceback" not in said.err
    assert not oci.state.exists()


def test_a_bundle_without_a_configuration_is_told(oci, tmp_path) -> None:
    said = oci("create", "-b", str(tmp_path), "box")
    assert said.code == 1
    assert said.err.startswith(f"cloche: JSON specification file {tmp_path}/config.json not found")


def test_what_is_no_json_is_told(oci, tmp_path) -> None:
    (tmp_path / "config.json").write_text("{")
    said = oci("create", "-b", str(tmp_path), "box")
    assert said.err.startswith(f"cloche: {tmp_path}/config.json: not JSON: ")


def test_groups_of_other_runtimes_have_no_manager_but_their_own(oci) -> None:
    """systemd would have to be told of a container that is theirs to make."""
    oci.environment["CLOCHE_OCI_RUNTIME"] = "oci:runc"
    said = oci("create", "-b", oci.bundle("true"), "box", before=("--systemd-cgroup",))
    told = "systemd does not manage the groups of OCI runtimes here"
    assert said.code == 1
    assert said.err == f"cloche: {told}\nhint: use --cgroup-manager cgroupfs\n"
    assert not list(oci.state.glob("*"))
