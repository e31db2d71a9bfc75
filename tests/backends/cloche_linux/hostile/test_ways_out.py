"""Known ways out of containers, tried."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

import cloche
from cloche.errors import BackendError

F_GET_SEALS, F_SEAL_WRITE = 1034, 8


def test_an_entry_that_is_the_runtime_itself_gets_nothing_of_it(
    image: Path, engine: cloche.Engine
) -> None:
    """CVE-2019-5736: ``#!/proc/self/exe`` runs what executed it once more, inside."""
    helper = Path(sys.modules["cloche_linux"].__path__[0]) / "_helper"
    before = helper.read_bytes(), Path(os.path.realpath("/proc/self/exe")).stat().st_mtime_ns
    entry = image / "bin/entry"
    entry.write_text("#!/proc/self/exe\n")
    entry.chmod(0o755)
    assert engine.run(["/bin/entry"], rootfs=image, capture_output=True).returncode != 0
    with engine.start(rootfs=image, idle=True) as box:
        assert box.run(["/bin/entry"], capture_output=True).returncode != 0
        inits_exe = f"/proc/{box.inspect().pid}/exe"
        with open(inits_exe, "rb") as exe:
            assert fcntl.fcntl(exe, F_GET_SEALS) & F_SEAL_WRITE
        with pytest.raises(OSError) as denied:  # not even root outside can
            os.open(inits_exe, os.O_WRONLY)
        assert denied.value.errno in (errno.ETXTBSY, errno.EPERM)
        told = box.run(["sh", "-c", ": > /proc/1/exe"], capture_output=True, text=True)
        assert "Permission denied" in (told.stderr or "")
    assert before == (
        helper.read_bytes(),
        Path(os.path.realpath("/proc/self/exe")).stat().st_mtime_ns,
    )


@pytest.mark.parametrize("number", range(3, 12))
def test_no_working_directory_is_one_of_the_hosts(
    image: Path, engine: cloche.Engine, number: int
) -> None:
    """CVE-2024-21626: a descriptor of the runtime's as working directory, by a link too."""
    way = f"/proc/self/fd/{number}"
    (image / "work").symlink_to(way)
    for workdir in (way, "/work"):
        with pytest.raises(cloche.ClocheError, match=r"EEXIST|ELOOP|ENOENT|ENOTDIR"):
            engine.run(["pwd"], rootfs=image, workdir=workdir)
    with engine.start(rootfs=image, idle=True) as box:
        for workdir in (way, "/work"):
            with pytest.raises(cloche.ClocheError, match=r"ELOOP|ENOENT"):
                box.run(["pwd"], workdir=workdir)
        assert box.run(["pwd"], workdir="/etc", capture_output=True).stdout == b"/etc\n"


CHROOT = """
mkdir "x"; open(D, "<", "/") or die; chroot("x") or die $!;
chdir("..") for 1 .. 64; chroot(".") or die $!; chdir("/");
print join(":", (stat("/"))[0, 1]), "\\n", -e $ARGV[0] ? "out" : "in", "\\n";
"""


def test_a_root_in_a_root_does_not_end_outside_the_first(
    engine: cloche.Engine, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    canary.write_text("")
    command = ["/usr/bin/perl", "-e", CHROOT, str(canary)]
    done = engine.run(command, workdir="/tmp", capture_output=True, text=True)
    assert (done.returncode, (done.stdout or "").splitlines()[-1:]) == (0, ["in"]), done.stderr
    mount = cloche.Mount.bind(tmp_path, str(tmp_path))
    done = engine.run(command, workdir="/tmp", capture_output=True, text=True, mounts=[mount])
    assert (done.stdout or "").splitlines()[-1:] == ["out"]  # the control: it sees what is shown


@pytest.mark.parametrize("path", ["proc", "sys"])
def test_links_in_place_of_the_kernels_own_are_refused(
    image: Path, engine: cloche.Engine, tmp_path: Path, path: str
) -> None:
    """CVE-2019-19921: what is masked there is looked for by path, so it must be where that says."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (image / path).is_dir() and (image / path).rename(image / f"{path}.before")
    (image / path).symlink_to(outside)
    with pytest.raises(BackendError, match=f"mount /{path}: .* this is a link"):
        engine.run(["/bin/true"], rootfs=image)
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("path", ["dev", "etc"])
def test_links_in_place_of_the_systems_directories_stay_inside(
    image: Path, engine: cloche.Engine, tmp_path: Path, path: str
) -> None:
    """CVE-2019-19921 and its like: what is mounted and masked is where the mount is."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (image / path).is_dir() and (image / path).rename(image / f"{path}.before")
    (image / path).symlink_to(outside)
    done = engine.run(["/bin/sh", "-c", "cat /proc/timer_list; echo $?"], rootfs=image,
                      capture_output=True, text=True)  # fmt: skip
    assert done.stdout == "0\n"  # masked, and so empty
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("target", ["/proc/self/fd/3", "/proc/1/root/etc/passwd", "/dev/console"])
def test_a_null_device_that_is_a_link_is_not_followed(
    image: Path, engine: cloche.Engine, target: str
) -> None:
    """CVE-2025-31133, 52565: the image's own /dev is covered, so it decides nothing."""
    (image / "dev").mkdir()
    for name in ("null", "console", "ptmx", "fd", "stdin"):
        (image / "dev" / name).symlink_to(target)
    script = "stat -c %t:%T /dev/null; cat /proc/interrupts; readlink /dev/ptmx"
    done = engine.run(["sh", "-c", script], rootfs=image, capture_output=True, text=True)
    assert done.stdout == "1:3\npts/ptmx\n", done.stderr


CONNECT = """
use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0) or die;
print connect(S, pack("S a*", AF_UNIX, "\\0$ARGV[0]")) ? 0 : $! + 0;
"""


def test_abstract_sockets_of_this_machine_are_out_of_reach(engine: cloche.Engine) -> None:
    name = f"cloche-{uuid.uuid4().hex}"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0{name}")
        listening.listen()
        command = ["/usr/bin/perl", "-e", CONNECT, name]
        apart = engine.run(command, capture_output=True, text=True)
        shared = engine.run(command, capture_output=True, text=True, network="host")
    assert (apart.stdout, shared.stdout) == (str(errno.ECONNREFUSED), "0")


def test_layers_cannot_lead_elsewhere_by_notes_of_overlays(
    image: Path, engine: cloche.Engine, tmp_path: Path
) -> None:
    """An overlay follows redirects noted in its layers, as far as the layers go."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "canary").write_text("")
    ways = {"up": b"../../outside", "far": b"/../outside", "full": os.fsencode(outside)}
    for name, way in ways.items():
        (image / name).mkdir()
        os.setxattr(image / name, "trusted.overlay.redirect", way)
    script = "for way; do ls /$way; done 2>&1 | grep -c canary"
    done = engine.run(["sh", "-c", script, "sh", *ways], rootfs=image, capture_output=True)
    assert done.stdout == b"0\n"


LATER = """
import os, subprocess, sys
import cloche
data, state = sys.argv[1:]
mount = cloche.Mount.bind(data, "/data")
def names(box):
    return box.run(["ls", "/data/sub"], capture_output=True, text=True).stdout.split()
engine = cloche.Engine(runtime="linux", root=state)
subprocess.run(["mount", "--bind", data, data], check=True)
subprocess.run(["mount", "--make-shared", data], check=True)
with engine.start(idle=True, mounts=[mount]) as early:
    subprocess.run(["mount", "-t", "tmpfs", "none", f"{data}/sub"], check=True)
    open(f"{data}/sub/canary", "w").close()
    with engine.start(idle=True, mounts=[mount]) as late:
        print(names(early), names(late))
"""


def test_what_is_mounted_later_in_a_shown_directory_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "data/sub").mkdir(parents=True)
    command = [sys.executable, "-c", LATER, str(tmp_path / "data"), str(tmp_path / "state")]
    done = subprocess.run(["unshare", "-m", *command], capture_output=True, text=True, check=True)
    assert done.stdout == "[] ['canary']\n", done.stderr


WRITE = "int main() { long r = syscall({0}); return r < 0 ? errno : 0; }"


@pytest.mark.parametrize("bits", ["0", "1ul << 32", "0xfful << 56"])
def test_upper_bits_do_not_carry_a_request_past_the_filter(
    image: Path, engine: cloche.Engine, compiled: Callable[[str, str], Path], bits: str
) -> None:
    """The kernel takes 32 bits of an ioctl's number, the filter sees 64: CVE-2023-1523's kind."""
    source = """
    #include <errno.h>
    #include <sys/syscall.h>
    #include <unistd.h>
    int main(int c, char **v) {
        unsigned long bits[] = {0, 1ul << 32, 0xfful << 56};
        return syscall(SYS_ioctl, 0, 0x5412 | bits[v[1][0] - '0'], "x") < 0 ? errno : 0;
    }
    """
    (image / "bin/push").write_bytes(compiled("push", source).read_bytes())
    (image / "bin/push").chmod(0o755)
    which = str(["0", "1ul << 32", "0xfful << 56"].index(bits))
    free = {"security_opt": ["seccomp=unconfined"]}
    assert engine.run(["/bin/push", which], rootfs=image).returncode == errno.EPERM
    assert engine.run(["/bin/push", which], rootfs=image, **free).returncode == errno.ENOTTY
