"""Many who want the same image fetch it once, and those who are killed leave nothing wrong.

``CLOCHE_KILLS`` says how often somebody is killed at a random moment (default 15).
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from registries import images as made

from cloche import Engine
from cloche.images import Platform

KILLS = int(os.environ.get("CLOCHE_KILLS", "15"))
HERE = {"os": "linux", "architecture": Platform.here().architecture}
PULL = """
import sys, cloche
with cloche.Engine(root=sys.argv[1], runtime="linux") as engine:
    print("ready", flush=True)
    sys.stdin.readline()
    if sys.argv[3] == "pull":
        print(engine.images.pull(sys.argv[2]).digest)
    if sys.argv[3] == "commit":
        with engine.start(image=sys.argv[2], idle=True) as box:
            box.write_bytes("/srv/new", bytes(5_000_000))
            engine.images.commit(box, "committed:1")
    if sys.argv[3] == "remove":
        for image in engine.images.list():
            engine.images.remove(image.name, force=True)
        engine.images.prune()
"""


def layers(count: int, size: int) -> list[bytes]:
    """Archives that no compression makes small."""
    chance = random.Random(count * size)
    return [made.archive({f"srv/{n}": chance.randbytes(size)}) for n in range(count)]


def program() -> bytes:
    return Path("/bin/busybox").read_bytes()


@pytest.fixture(scope="module")
def image(upload) -> tuple[str, made.Image]:
    base = made.archive({"bin/busybox": program(), "bin/cat": "busybox"})
    image = made.image(base, *layers(5, 3_000_000), config={"Cmd": ["/bin/cat"]}, platform=HERE)
    upload(image, "big:1")
    return "big:1", image


def begin(state: Path, name: str, verb: str = "pull") -> subprocess.Popen[str]:
    """A process that will pull when it is told to, or do something else."""
    process = subprocess.Popen(
        [sys.executable, "-c", PULL, state, name, verb],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def finish(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate("\n", timeout=60)
    assert process.returncode == 0
    return said.strip()


def fetched(log: str) -> Counter[str]:
    """How often each blob was sent, by the registry's own account."""
    lines = [line for line in log.splitlines() if "http.response.status" in line]
    found = [re.search(r'http.request.method=GET.*/blobs/(sha256:[0-9a-f]{64})"', x) for x in lines]
    return Counter(match[1] for match in found if match)


def test_processes_that_pull_at_once_fetch_each_blob_once(state, registry, image, docker_registry):
    name, what = image
    before = fetched(docker_registry.log())
    processes = [begin(state, f"{registry}/{name}") for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        assert {*pool.map(finish, processes)} == {what.digest}
    assert fetched(docker_registry.log()) - before == Counter(dict.fromkeys(what.blobs, 1))


def test_threads_that_pull_at_once_fetch_each_blob_once(engine, registry, image, docker_registry):
    name, what = image
    before = fetched(docker_registry.log())
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(engine.images.pull, [f"{registry}/{name}"] * 4))
    assert {each.digest for each in found} == {what.digest}
    assert fetched(docker_registry.log()) - before == Counter(dict.fromkeys(what.blobs, 1))


def test_images_that_share_layers_share_them_here(engine, registry, upload, docker_registry):
    base = layers(2, 1000)
    for name, extra in (("one:1", b"1"), ("two:1", b"2")):
        upload(made.image(*base, made.archive({"x": extra}), platform=HERE), name)
    before = fetched(docker_registry.log())
    for name in ("one:1", "two:1"):
        engine.images.pull(f"{registry}/{name}")
    counted = fetched(docker_registry.log()) - before
    assert {*counted.values()} == {1}
    assert len(counted) == 2 + 2 + 2  # what they share, their own layers, configurations


def test_whoever_is_killed_at_any_moment_leaves_nothing_wrong(tmp_path, registry, image):
    """Pulls, which unpack, commits and removals; the next ones go on from there."""
    name, what = f"{registry}/{image[0]}", image[1]
    chance = random.Random(KILLS)
    whole = {verb: duration(tmp_path / "timed", name, verb) for verb in VERBS}
    states = [tmp_path / f"{n}" for n in range(3)]
    for _ in range(KILLS):
        state, verb = chance.choice(states), chance.choice(("pull", *VERBS))
        kill_after(begin(state, name, verb), chance.uniform(0, whole[verb]))
        with Engine(root=state, runtime="linux") as engine:
            assert engine.images.verify() == []
            if chance.random() < 0.3:
                complete(engine, name, what.digest)


VERBS = ("pull", "commit", "remove")


def duration(state: Path, name: str, verb: str) -> float:
    process, start = begin(state, name, verb), time.monotonic()
    finish(process)
    return time.monotonic() - start


def kill_after(process: subprocess.Popen[str], seconds: float) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    time.sleep(seconds)
    process.kill()
    process.communicate()
    assert process.returncode in (-signal.SIGKILL, 0)


def complete(engine: Engine, name: str, digest: str) -> None:
    """It can be pulled, runs, and leaves nothing when it is removed."""
    assert engine.images.pull(name).digest == digest
    done = engine.run([], image=name, input="hi", capture_output=True)
    assert done.stdout == b"hi"
    engine.images.prune(all=True)
    usage = engine.images.usage()
    assert (usage.count, usage.partial) == (0, 0)
    store = engine.workshop.chooser.store_called("overlay").backend
    assert list(store.unpacked()) == []
