"""Containers run on layers of images, whichever store makes their root."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tarballs import Entry, directory, entry, hardlink, packed, source, symlink, tree
from tarballs.images import layout
from waiting import readable

import cloche
from cloche.errors import InvalidSpec, NotFound, NotSupported
from cloche.layers import Change, ChangeKind, Layer, LayerStore
from cloche.probe import Supported, Unsupported
from cloche.runtime import BackendContext
from cloche_linux.calls import detach
from cloche_linux.layering import probing
from cloche_linux.plugin import cloche_layer_stores

from .conftest import mounted

STORES = {each.name: each for each in cloche_layer_stores()}
SHELL = Path("/bin/busybox").read_bytes()
BASE = packed(
    directory("bin"),
    entry("bin/busybox", SHELL, mode=0o755),
    *(symlink(f"bin/{name}", "busybox") for name in ("sh", "cat", "ls", "stat", "rm", "mkdir")),
    directory("tmp", mode=0o1777),
    directory("etc"),
    entry("etc/old", b"old", uid=12),
    entry("etc/kept", b"kept"),
    directory("opt"),
    entry("opt/lower", b"1"),
    entry("a", b"linked"),
    hardlink("b", "a"),
)
ABOVE: list[Entry] = [
    entry("etc/.wh.old"),
    entry("etc/new", b"new", uid=1000, mode=0o600),
    directory("opt"),
    entry("opt/.wh..wh..opq"),
    entry("opt/upper", b"2"),
]


@pytest.fixture(params=STORES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def store(name: str, tmp_path: Path) -> Iterator[LayerStore]:
    made = STORES[name].open(BackendContext(home=tmp_path / "home", owner="test"))
    yield made
    for container in [*made.list()]:
        made.release(container)
    made.close()


@pytest.fixture(autouse=True)
def no_mount_is_left(tmp_path: Path) -> Iterator[None]:
    yield
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    left = [path for path in (line.split()[1] for line in mounts) if str(tmp_path) in path]
    for path in left:
        detach(path)
    assert left == []


def unpack(store: LayerStore, *archives: bytes) -> list[Layer]:
    """Unpack from the lowest to the topmost; the layers, topmost first."""
    layers: list[Layer] = []
    below: list[bytes] = []
    for archive in archives:
        layers.insert(0, store.unpack(source(archive, *below), [archive]))
        below.insert(0, archive)
    return layers


def shown(store: LayerStore, form: str, layers: list[Layer], place: Path) -> dict[str, object]:
    """The tree of a root; a mark that is for overlays of user namespaces is not meant."""
    root = store.prepare("c", layers, form, volatile=True, size=None)
    if root.path is not None:
        found = tree(Path(root.path))
    else:
        lower = ":".join(root.layers)
        options = f"lowerdir={lower},upperdir={root.info['upper']},workdir={root.info['work']}"
        with mounted(place, "-t", "overlay", "-o", options, "overlay") as mount:
            found = tree(mount)
    for each in found.values():
        for value in each:
            if isinstance(value, dict):
                value.pop("user.overlay.opaque", None)
    return dict(found)


def test_every_store_shows_the_same_tree(tmp_path: Path) -> None:
    """Down to owners, times, attributes and hard links."""
    trees = {}
    for name, offer in STORES.items():
        store = offer.open(BackendContext(home=tmp_path / name, owner="test"))
        layers = unpack(store, BASE, packed(*ABOVE))
        trees[name] = shown(store, offer.offers[0], layers, tmp_path / "mounted")
        store.release("c")
        store.close()
    assert trees["copy"] == trees["overlay"]
    assert trees["fuse-overlayfs"] == trees["overlay"]
    assert {"etc/new", "etc/kept", "opt/upper"} < trees["copy"].keys()
    assert not {"etc/old", "opt/lower"} & trees["copy"].keys()


def test_an_opaque_layer_hides_all_below(store: LayerStore, name: str, tmp_path: Path) -> None:
    above = packed(entry(".wh..wh..opq"), entry("only"))
    layers = unpack(store, BASE, above)
    assert shown(store, STORES[name].offers[0], layers, tmp_path / "m").keys() == {"only"}


def test_containers_run_on_the_layers_of_an_image(name: str, tmp_path: Path) -> None:
    """And other users of it see what is theirs."""
    with cloche.Engine(runtime="linux", layer_store=name, root=tmp_path / "root") as engine:
        (image,) = engine.images.load(layout(tmp_path / "layout", BASE, packed(*ABOVE)))
        script = (
            "cat /etc/new; echo more >> /etc/new; cat /etc/new; ls /opt /etc; stat -c %u /etc/new"
        )
        done = engine.run(
            ["sh", "-c", script],
            image=image.digest,
            user="1000",
            capture_output=True,
            text=True,
            pull="never",
        )
        assert done.stderr == ""
        assert done.stdout.split()[:2] == ["newnewmore", "/etc:"]
        assert {"new", "upper", "1000"} <= {*done.stdout.split()}
        assert not {"old", "lower"} & {*done.stdout.split()}
        store = engine.workshop.chooser.store_called(name).backend
        assert [*store.list()] == []


def test_there_may_be_128_layers(tmp_path: Path) -> None:
    archives = [BASE, *(packed(entry(f"tmp/{number}", b"%d\n" % number)) for number in range(127))]
    with cloche.Engine(runtime="linux", layer_store="overlay", root=tmp_path / "root") as engine:
        (image,) = engine.images.load(layout(tmp_path / "layout", *archives))
        assert len(image.layers) == 128
        done = engine.run(
            ["sh", "-c", "cat /tmp/*; stat -c %a /tmp"],
            image=image.digest,
            capture_output=True,
            text=True,
            pull="never",
        )
        assert sorted(done.stdout.split(), key=int) == sorted(
            [*map(str, range(127)), "1777"], key=int
        )


def test_what_a_container_changed_is_told_by_each(name: str, tmp_path: Path) -> None:
    """And packed as a layer that takes the root there."""
    with cloche.Engine(runtime="linux", layer_store=name, root=tmp_path / "root") as engine:
        (image,) = engine.images.load(layout(tmp_path / "layout", BASE, packed(*ABOVE)))
        script = "echo 1 > /etc/made; echo 2 >> /etc/kept; rm /b; mkdir -p /deep/er; "
        script += "rm -r /opt; mkdir /opt"
        made = engine.start(["sh", "-c", script], image=image.digest, pull="never", keep=True)
        assert made.wait() == 0
        store = engine.workshop.chooser.store_called(name).backend
        told = {each.path: each.kind for each in store.changes(made.id)}
        places = {"/etc/made", "/etc/kept", "/b", "/deep", "/deep/er", "/opt/upper", "/opt"}
        assert {path: told[path].value for path in places & told.keys()} == {
            "/b": "deleted",
            "/deep": "added",
            "/deep/er": "added",
            "/etc/kept": "modified",
            "/etc/made": "added",
            "/opt": "modified",
            "/opt/upper": "deleted",
        }
        archive = b"".join(store.archive(made.id))
        made.remove()
        layers = unpack(store, BASE, packed(*ABOVE), archive)
        found = shown(store, STORES[name].offers[0], layers, tmp_path / "m")
        store.release("c")
        assert {"etc/made", "deep/er", "opt", "a"} < found.keys()
        assert not {"b", "opt/upper", "opt/lower"} & found.keys()


def test_a_copy_tells_what_differs_in_any_way(tmp_path: Path) -> None:
    store = STORES["copy"].open(BackendContext(home=tmp_path / "home", owner="test"))
    root = store.prepare("c", unpack(store, BASE), "path", volatile=True, size=None)
    assert root.path is not None
    top = Path(root.path)
    assert [*store.changes("c")] == []
    os.chown(top / "etc/kept", 5, 0)
    (top / "bin/ls").unlink()
    (top / "bin/ls").write_text("no link")
    os.utime(top / "bin", ns=(0, 10**18))
    assert [*store.changes("c")] == [
        Change(ChangeKind.MODIFIED, "/bin/ls"),
        Change(ChangeKind.MODIFIED, "/etc/kept"),
    ]
    store.release("c")
    store.close()


def test_a_copy_has_holes_where_the_layer_has(tmp_path: Path) -> None:
    below = tmp_path / "below"
    below.mkdir()
    with open(below / "f", "wb") as file:
        for place in (0, 8 << 20, 16 << 20):
            os.pwrite(file.fileno(), b"x" * 4096, place)
        file.truncate(32 << 20)
    store = STORES["copy"].open(BackendContext(home=tmp_path / "home", owner="test"))
    layer = Layer(kind="directory", path=below)
    root = store.prepare("c", [layer], "path", volatile=True, size=None)
    copied = Path(str(root.path), "f")
    assert copied.read_bytes() == (below / "f").read_bytes()
    assert os.stat(copied).st_blocks <= os.stat(below / "f").st_blocks
    store.release("c")
    store.close()


def test_a_copy_shares_what_the_file_system_can_share(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with open(disk, "wb") as file:
        file.truncate(256 << 20)
    subprocess.run(["mkfs.btrfs", "-q", disk], check=True)
    size = 32 << 20
    with mounted(tmp_path / "btrfs", "-o", "loop", str(disk)) as place:
        store = STORES["copy"].open(BackendContext(home=place / "home", owner="test"))
        layers = unpack(store, packed(entry("large", os.urandom(size))))
        os.sync()
        before = os.statvfs(place)
        root = store.prepare("c", layers, "path", volatile=True, size=None)
        os.sync()
        after = os.statvfs(place)
        assert os.stat(f"{root.path}/large").st_size == size
        assert (before.f_bfree - after.f_bfree) * after.f_frsize < size // 4
        store.release("c")
        store.close()


@pytest.mark.parametrize("name", ["copy", "fuse-overlayfs"])
def test_a_limited_root_is_overlays_alone(store: LayerStore) -> None:
    layers = unpack(store, BASE)
    with pytest.raises(NotSupported) as refused:
        store.prepare("c", layers, "path", volatile=True, size=1 << 20)
    assert refused.value.hint == "use the layer store overlay"
    with pytest.raises(NotFound):
        store.changes("c")


def test_a_mount_outlives_who_made_it_until_it_is_released(tmp_path: Path) -> None:
    home = BackendContext(home=tmp_path / "home", owner="test")
    first = STORES["fuse-overlayfs"].open(home)
    root = first.prepare("c", unpack(first, BASE), "path", volatile=True, size=None)
    first.close()
    second = STORES["fuse-overlayfs"].open(home)
    assert [*second.list()] == ["c"]
    assert os.listdir(str(root.path))
    second.release("c")
    assert str(root.path) not in Path("/proc/self/mounts").read_text()
    assert [*second.list()] == []
    second.close()


def test_a_mount_whose_server_was_killed_is_released(tmp_path: Path) -> None:
    store = STORES["fuse-overlayfs"].open(BackendContext(home=tmp_path / "home", owner="test"))
    root = str(store.prepare("c", unpack(store, BASE), "path", volatile=True, size=None).path)
    (server,) = (pid for pid in filter(str.isdecimal, os.listdir("/proc")) if serves(pid, root))
    pidfd = os.pidfd_open(int(server))
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    assert readable(pidfd, 20)
    os.close(pidfd)
    with pytest.raises(OSError, match="not connected"):
        os.listdir(root)
    assert [*store.list()] == ["c"]
    store.release("c")
    store.close()
    assert root not in Path("/proc/self/mounts").read_text()
    assert os.listdir(tmp_path / "home/containers") == []


def serves(pid: str, root: str) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(root) in words


def test_fuse_takes_no_path_that_it_would_misread(tmp_path: Path) -> None:
    store = STORES["fuse-overlayfs"].open(BackendContext(home=tmp_path / "a:b", owner="test"))
    with pytest.raises(InvalidSpec, match="comma or colon"):
        store.prepare("c", unpack(store, BASE), "path", volatile=True, size=None)
    store.close()


def test_probes_try(monkeypatch: pytest.MonkeyPatch) -> None:
    assert probing.probe_copy(None) == Supported(20)
    assert probing.probe_fuse(None) == Supported(40)
    monkeypatch.setattr("cloche_linux.idmaps.find_program", lambda name: None)
    missing = probing.probe_fuse(None)
    assert isinstance(missing, Unsupported)
    assert missing.remedy == "install the package fuse-overlayfs"


PROBE = """
from cloche_linux.layering.probing import probe_fuse
verdict = probe_fuse(None)
print(verdict.reason, verdict.remedy)
"""


def test_where_fuse_cannot_be_opened_its_probe_says_so() -> None:
    hidden = 'mount --bind /dev/null /dev/fuse; exec "$@"'
    command = ["unshare", "-m", "sh", "-c", hidden, "-", sys.executable, "-c", PROBE]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "fuse-overlayfs can't mount here: " in done.stdout
    assert done.stdout.endswith("modprobe fuse\n")


def test_a_root_is_open_to_its_users_under_any_umask(store: LayerStore, tmp_path: Path) -> None:
    """Who makes a container may be careful with files; its users have to enter it all the same."""
    lower = tmp_path / "lower"
    lower.mkdir()
    lower.chmod(0o755)
    form = "overlay" if type(store).__name__ == "OverlayStore" else "path"
    before = os.umask(0o077)
    try:
        layers = [Layer(kind="directory", path=lower)]
        root = store.prepare("careful", layers, form, volatile=True, size=None)
    finally:
        os.umask(before)
    place = root.path or str(root.info["upper"])
    assert os.stat(place).st_mode & 0o777 == 0o755
    store.release("careful")
