"""Without root the runtime keeps the same contract, but for what needs control groups."""

from __future__ import annotations

import re
import subprocess

from .person import Person

GLUE = """
import os
from pathlib import Path
from cloche.layers import Layer
from cloche.testing import LayerKeepingSuite, LayerStoreSubject, RuntimeSubject, RuntimeSuite
from cloche_linux.plugin import cloche_layer_stores, cloche_runtimes


class TestRuntime(RuntimeSuite):
    def subject(self, home):
        (runtime,), (store, *_) = cloche_runtimes(), cloche_layer_stores()
        layers = (Layer(kind="directory", path=Path(os.environ["ROOTFS"])),)
        return RuntimeSubject(runtime=runtime, store=store, layers=layers)


class TestLayerStore(LayerKeepingSuite):
    def subject(self, home):
        store, *_ = cloche_layer_stores()
        return LayerStoreSubject(store=store)
"""

#: What takes control groups, which nobody has delegated to these users.
SKIPPED = {"no pause": 5, "no stats": 1, "no late-process": 1}


def test_the_runtime_and_its_store_keep_their_contracts(person: Person) -> None:
    glue = person.home / "test_glue.py"
    glue.write_text(GLUE)
    glue.chmod(0o644)
    options = ["-q", "-rs", "-p", "no:cacheprovider", f"--basetemp={person.home / 'pytest'}"]
    done = subprocess.run(
        [*person.command, "-m", "pytest", *options, str(glue)],
        env=person.surroundings(),
        user=person.uid,
        group=person.gid,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    skipped = re.findall(r"SKIPPED \[(\d+)\] .*: (no [\w-]+)", done.stdout)
    counts = {reason: 0 for _, reason in skipped}
    for count, reason in skipped:
        counts[reason] += int(count)
    assert counts == SKIPPED
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed[1]) > 60
