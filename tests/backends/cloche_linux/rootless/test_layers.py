"""A normal user unpacks layers of images in a user namespace, and runs containers on them."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest
from tarballs import directory, entry, packed, record, symlink, with_records
from tarballs.images import layout

from .person import Person

SHELL = Path("/bin/busybox").read_bytes()
BASE = packed(
    directory("bin"),
    entry("bin/busybox", SHELL, mode=0o755),
    *(symlink(f"bin/{name}", "busybox") for name in ("sh", "cat", "ls", "sleep", "stat")),
    directory("etc"),
    entry("etc/old", b"old"),
    entry("etc/shadow", b"secret", uid=1, gid=42, mode=0o640),
    directory("opt"),
    entry("opt/lower", b"1"),
    directory("srv", mode=0o555),
    entry("srv/kept", b"kept"),
    directory("home", uid=1000, gid=1000, mode=0o700),
)
ABOVE = packed(
    entry("etc/.wh.old"),
    directory("opt"),
    entry("opt/.wh..wh..opq"),
    entry("opt/upper", b"2"),
    entry("home/file", b"mine", uid=1000, gid=1000),
)


@pytest.fixture(scope="module")
def images(lent: Path) -> Path:
    """Layouts that everybody may read."""
    attribute = with_records(record("SCHILY.xattr.user.note", b"n"), entry("etc/noted"))[:-1024]
    device = entry("dev/disk", kind=tarfile.BLKTYPE, devmajor=8, devminor=0)
    layout(lent / "image", BASE, ABOVE, packed(attribute))
    layout(lent / "device", packed(device))
    for folder, _, files in os.walk(lent / "image"):
        os.chmod(folder, 0o755)
        for name in files:
            os.chmod(os.path.join(folder, name), 0o644)
    return lent


RUN = """
(image,) = engine.images.load(os.environ["LAYOUT"])
script = "ls /etc /opt; cat /home/file; stat -c %u:%g:%a /etc/shadow /home /home/file /srv; "
script += "echo > /srv/x"
options = dict(image=image.digest, pull="never", capture_output=True, text=True)
done = engine.run(["sh", "-c", script], layer_store=os.environ.get("STORE"), **options)
assert done.returncode == 0, done.stderr
store = engine.workshop.chooser.store_called(os.environ.get("STORE", "overlay")).backend
layers = [store.find(source) for source in image.layers]
note = os.getxattr(str(layers[0].path) + "/etc/noted", "user.note").decode()
for source in image.layers:
    store.discard(source)
store.close()
left = [name for name in os.listdir(layers[0].path.parent) if name != ".trash"]
tell([done.stdout.split(), note, left, os.listdir(layers[0].path.parent / ".trash")
      if os.path.exists(layers[0].path.parent / ".trash") else []])
"""


@pytest.mark.parametrize("store", ["overlay", "copy"])
def test_owners_are_the_archives_as_far_as_there_are_ids(
    person: Person, images: Path, store: str
) -> None:
    """With one id alone, all is that user's: root's, as containers see it."""
    out, note, left, trash = person.tells(RUN, LAYOUT=str(images / "image"), STORE=store)
    assert not {"old", "lower"} & {*out}
    shadow = "mine0:0:640" if person.single else "mine1:42:640"
    assert {"noted", "shadow", "upper", shadow} <= {*out}
    owner = "0:0" if person.single else "1000:1000"
    assert out[-3:] == [f"{owner}:700", f"{owner}:644", "0:0:555"]
    assert (note, left, trash) == ("n", [], [])


DEVICE = """
(image,) = engine.images.load(os.environ["LAYOUT"])
told = refusal(lambda: engine.run(["x"], image=image.digest, pull="never"))
home = os.path.expanduser("~/.local/share/cloche/overlay/layers")
tell([told, [name for name in os.listdir(home) if name != ".trash"]])
"""


def test_device_nodes_are_refused_by_name(person: Person, images: Path) -> None:
    (kind, message, hint), left = person.tells(DEVICE, LAYOUT=str(images / "device"))
    assert kind == "ImageError"
    assert "dev/disk" in message
    assert "a device node, which only root can make" in message
    assert hint
    assert left == []


CHANGES = """
(image,) = engine.images.load(os.environ["LAYOUT"])
made = engine.start(["sh", "-c", "exec sleep 60"], image=image.digest, pull="never")
store = engine.workshop.chooser.store_called("overlay").backend
told = [refusal(lambda: verb(made.id)) for verb in (store.changes, store.archive)]
made.kill()
made.wait()
made.remove()
tell(told)
"""


def test_changes_that_are_in_memory_are_not_to_be_had(person: Person, images: Path) -> None:
    for kind, message, hint in person.tells(CHANGES, LAYOUT=str(images / "image")):
        assert kind == "NotSupported"
        assert "kept in memory" in message
        assert hint == "run it as root, or with --layer-store copy"
