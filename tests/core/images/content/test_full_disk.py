"""A full disk is an error that says what to do, and leaves what was there and nothing else."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

#: In namespaces of its own, a disk of 300 KB: what fits, what does not, and what fits again.
DISK = """
import json, os, sys
from cloche.errors import Unavailable
from cloche.images.content import Content
content = Content(sys.argv[1] + "/images")
INDEX = "application/vnd.oci.image.index.v1+json"
small = content.put(b'{"schemaVersion": 2, "manifests": []}', INDEX)
content.names.set("small:1", small)
said = []
def attempt(work):
    try:
        work()
    except Unavailable as error:
        said.append([str(error), error.remedy])
with content.leases.hold(reason="test") as lease:
    attempt(lambda: content.put(os.urandom(4_000_000), "a/b"))
    def spool():
        with content.spool(lease) as spool:
            for _ in range(50):
                spool.write(os.urandom(100_000))
    attempt(spool)
filler = os.open(sys.argv[1] + "/filler", os.O_WRONLY | os.O_CREAT)
try:
    while True:
        os.write(filler, b"x" * 512)
except OSError:
    pass
attempt(lambda: content.names.set("other:1", small))
attempt(lambda: content.notes.set(small.digest, {"a": "b" * 5000}))
names = dict(content.names.digests())
os.close(filler)
os.unlink(sys.argv[1] + "/filler")
content.names.set("other:1", small)
print(json.dumps({
    "said": said, "names": list(names), "after": list(content.names.digests()),
    "problems": [str(each) for each in content.verify()], "parts": os.listdir(content.layout.parts),
    "drafts": [f for f in os.listdir(content.layout.names) if f.endswith("~")],
}))
"""


@pytest.fixture
def small_disk(tmp_path) -> Path:
    path = tmp_path / "disk"
    path.mkdir()
    return path


def test_on_a_small_disk(small_disk):
    """A tmpfs of its own, in a mount namespace that goes with the process."""
    path = str(small_disk)
    mount = f'mount -t tmpfs -o size=300k,mode=700 disk {path} && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount, "sh", sys.executable, "-c", DISK, path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert len(found["said"]) == 4
    for message, remedy in found["said"]:
        assert "no space left on device" in message
        assert "make room there" in remedy
    assert found["names"] == ["small:1"]
    assert found["after"] == ["other:1", "small:1"]
    assert (found["problems"], found["parts"], found["drafts"]) == ([], [], [])


LIMITED = """
import json, os, sys
from cloche.errors import Unavailable
from cloche.images.content import Content
content = Content(sys.argv[1])
try:
    content.put(b"x" * 200_000, "a/b")
except Unavailable as error:
    print(json.dumps([str(error), os.listdir(content.layout.parts), content.verify()]))
"""


def test_within_a_limit_of_files(tmp_path):
    """A write may be short before it fails."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "images")],
        capture_output=True, text=True, check=True, preexec_fn=limit,
    )  # fmt: skip
    message, parts, problems = json.loads(done.stdout)
    assert "file too large" in message
    assert (parts, problems) == ([], [])
