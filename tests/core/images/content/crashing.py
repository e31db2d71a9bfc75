"""Kills processes that change a content store, and says what the next ones find.

Run as a program: ``crashing.py PLACE KILLS SEED``. One line of JSON for each process that was
killed: the step at which it died, what was wrong then, and what became of the next try.
"""

from __future__ import annotations

import io
import json
import mmap
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from layouts.archives import docker_archive, pack
from layouts.keeping import remains
from layouts.rules import faults
from registries import images as made

from cloche.images import Descriptor
from cloche.images.content import Content
from cloche.images.transports import read_archive

CALLS = ("open", "write", "fsync", "ftruncate", "mkdir", "replace", "unlink")
FOLDERS = {"parts": "part", "names": "name", "notes": "note", "leases": "lease", "blobs": "blob"}
ARCHIVE = pack(docker_archive(made.archive({"a": b"b" * 5000}), tags=["loaded:1"]))


class Steps:
    """The system calls that change a store: counted, named, and the last one of all."""

    def __init__(self, home: str) -> None:
        self.home = home
        self.seen: list[str] = []
        self.last = mmap.mmap(-1, 64)
        self._files: dict[int, str] = {}

    def what(self, target: Any) -> str | None:
        """What is changed: a blob, a name, a draft of a name, …; None for what is not ours."""
        path = self._files.get(target, "") if isinstance(target, int) else os.fspath(target)
        if not isinstance(path, str) or not path.startswith(self.home):
            return None
        folder, *rest = os.path.relpath(path, self.home).split("/")
        if not rest:
            return f"{FOLDERS.get(folder, folder)}s" if folder in FOLDERS else folder
        kind = "spool" if rest[0].startswith("spool") else FOLDERS.get(folder, folder)
        return kind + ("~" if path.endswith("~") else "")

    def watch(self, before: Callable[[str, Callable[[], None]], None]) -> None:
        """Before each step call ``before`` with its name, and with what does half of it."""
        for name in CALLS:
            setattr(os, name, self._wrapped(name, getattr(os, name), before))

    def _wrapped(self, name: str, real: Any, before: Any) -> Any:
        def call(target, *args, **options):
            what = self.what(args[0] if name == "replace" else target)
            if what is not None and not (name == "open" and not args[0] & os.O_CREAT):
                step = f"{name} {what}"
                self.seen.append(step)
                self.last[:] = step.encode().ljust(64)
                before(step, lambda: real(target, args[0][: len(args[0]) // 2]))
            result = real(target, *args, **options)
            if name == "open":
                self._files[result] = os.fspath(target)
            return result

        return call


def work(content: Content, seed: int) -> None:
    """What pulls, loads, tags and prunes do to a store; twice, so that there is something there."""
    chance = random.Random(seed)
    for turn in range(2):
        layer = chance.randbytes(9000)
        described = Descriptor(media_type="a/b", digest=made.digest_of(layer), size=len(layer))
        with content.leases.hold(described.digest, reason="crash") as lease:
            with content.ingest(described) as ingest:
                for start in range(ingest.offset, len(layer), 3000):
                    ingest.write(layer[start : start + 3000])
                ingest.commit()
            with content.spool(lease) as spool:
                spool.write(layer[::-1])
                other = spool.commit()
            name_image(content, lease, [described.digest, other], f"app:{turn}")
    content.names.remove("app:0")
    load(content)
    leave_part(content, chance.randbytes(100))
    content.collect(partial=True)


def name_image(content: Content, lease: Any, layers: list[str], name: str) -> None:
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {
        "type": "layers", "diff_ids": layers}}).encode()  # fmt: skip
    entries = [
        {"mediaType": "a/b", "digest": digest, "size": content.size(digest)} for digest in layers
    ]
    lease.add(made.digest_of(config))
    kept = content.put(config, made.TYPES["config"])
    entry = {"mediaType": kept.media_type, "digest": kept.digest, "size": kept.size}
    text = json.dumps({"schemaVersion": 2, "config": entry, "layers": entries}).encode()
    lease.add(made.digest_of(text))
    manifest = content.put(text, made.TYPES["manifest"])
    content.names.set(name, manifest)
    content.notes.set(manifest.digest, {"layers": layers})


def load(content: Content) -> None:
    with content.leases.hold(reason="crash") as lease:
        (found,) = read_archive(io.BytesIO(ARCHIVE), content, lease=lease)
        content.names.set(str(found.name), found.descriptor)
        content.notes.set(found.descriptor.digest, {"layers": []})


def leave_part(content: Content, data: bytes) -> None:
    """As a transfer that was broken off."""
    described = Descriptor(media_type="a/b", digest=made.digest_of(data), size=len(data))
    with content.ingest(described) as ingest:
        ingest.write(data[:50])
        ingest.restart()
        ingest.write(data[:50])


def in_child(task: Callable[[], None]) -> int:
    """Begin a task in a forked process; its pid. It ends with 0 unless it fails or is killed."""
    sys.stdout.flush()
    child = os.fork()
    if not child:
        try:
            task()
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - told, and counted as a failure
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    return child


def ended(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def find(home: str, seed: int) -> dict[str, Any]:
    """What those find who come after: nothing wrong, and everything works."""
    content = Content(home)
    problems = [str(each) for each in content.verify()] + faults(Path(home))
    problems += [] if published(content) == list(content.names.list()) else ["index.json"]
    work(content, seed)
    problems += [f"then: {each}" for each in (*content.verify(), *faults(Path(home)))]
    missing = [n for n, d in content.names.digests().items() if content.notes.get(d) is None]
    for name in content.names.list():
        content.names.remove(name)
    content.collect(partial=True)
    return {"problems": problems, "without notes": missing, "left": remains(content)}


def published(content: Content) -> list[str]:
    """The names that other programs see."""
    index = json.loads(Path(content.layout.index).read_bytes())
    key = "org.opencontainers.image.ref.name"
    return [entry["annotations"][key] for entry in index["manifests"]]


def report(at: str, home: str, seed: int) -> None:
    outlet, inlet = os.pipe()
    finder = in_child(lambda: os.write(inlet, json.dumps(find(home, seed)).encode()) and None)
    os.close(inlet)
    with open(outlet, "rb") as file:
        found = file.read()
    failed = ended(finder) != 0
    print(json.dumps({"at": at, "found": {"failed": True} if failed else json.loads(found)}))


def kill_at(home: str, number: int, seed: int, *, torn: bool) -> None:
    """One process dies at its step of that number, or in the middle of it."""
    steps = Steps(home)

    def before(step: str, tear: Callable[[], None]) -> None:
        if len(steps.seen) == number:
            if torn and step.startswith("write"):
                tear()
            os.kill(os.getpid(), signal.SIGKILL)

    def victim() -> None:
        steps.watch(before)
        work(Content(home), seed)

    if ended(in_child(victim)) != -signal.SIGKILL:
        raise SystemExit(f"there is no step {number} any more")
    report(steps.last[:].decode().strip(), home, seed)


def kill_whenever(home: str, seed: int, chance: random.Random) -> None:
    """Of three processes at work at once, one is killed from outside, at any moment."""
    steps = Steps(home)

    def victim() -> None:
        steps.watch(lambda *_: None)
        for turn in range(1000):
            work(Content(home), seed + turn)

    children = [in_child(victim)]
    children += [in_child(lambda n=n: work(Content(home), seed + 2000 * n)) for n in (1, 2)]
    time.sleep(chance.random() * 0.3)
    os.kill(children[0], signal.SIGKILL)
    ends = [ended(child) for child in children]
    if ends[1:] != [0, 0]:
        print(json.dumps({"at": "beside", "found": {"failed": True}}))
    report(f"whenever: {steps.last[:].decode().strip()}", home, seed)


def steps_of(home: str, seed: int) -> list[str]:
    """The steps of a life that nobody ends."""
    outlet, inlet = os.pipe()

    def life() -> None:
        steps = Steps(home)
        steps.watch(lambda *_: None)
        work(Content(home), seed)
        os.write(inlet, json.dumps(steps.seen).encode())

    child = in_child(life)
    os.close(inlet)
    with open(outlet, "rb") as file:
        found = json.load(file)
    if ended(child):
        raise SystemExit("nobody has killed it, and it has failed")
    return found


def main(place: Path, kills: int, seed: int) -> None:
    """Each kind of step once, then steps by chance, every third time from outside."""
    chance = random.Random(seed)
    steps = steps_of(str(place / "model"), seed)
    kinds = {step: [n for n, s in enumerate(steps, 1) if s == step] for step in steps}
    chosen = [chance.choice(numbers) for numbers in kinds.values()]
    print(json.dumps({"steps": sorted(kinds)}))
    for turn in range(max(kills, len(chosen))):
        home = str(place / f"{turn}")
        if turn < len(chosen):
            kill_at(home, chosen[turn], seed, torn=False)
        elif turn % 3:
            kill_at(home, chance.randint(1, len(steps)), seed, torn=turn % 2 == 0)
        else:
            kill_whenever(home, seed + turn, chance)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
