"""However big a layer, pulling it takes little memory."""

from __future__ import annotations

import random
import subprocess
import sys

from registries import images as made

from cloche.images import Platform

PULL = """
import sys, cloche
with cloche.Engine(root=sys.argv[1], runtime="linux") as engine:
    engine.images.pull(sys.argv[2])
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]))
"""
#: The whole process, interpreter included, in KiB.
MOST = 80 * 1024


def test_a_big_layer_is_pulled_with_a_small_process(state, registry, upload):
    """What compresses well and what does not: neither may pile up between the threads."""
    chance = random.Random(1)
    noise = chance.randbytes(1 << 20)
    files = {f"srv/{n}": noise[n:] + noise[:n] if n % 2 else bytes(1 << 22) for n in range(60)}
    here = {"os": "linux", "architecture": Platform.here().architecture}
    upload(made.image(made.archive(files), platform=here), "big:1")
    command = [sys.executable, "-c", PULL, state, f"{registry}/big:1"]
    peak = int(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    assert peak < MOST
