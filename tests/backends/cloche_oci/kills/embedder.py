"""The program that is killed: it runs containers by an OCI runtime, over and over.

``embedder.py STATE RUNTIME MARK``: each container has MARK in its environment.
"""

from __future__ import annotations

import random
import sys

import cloche


def main(state: str, runtime: str, mark: str) -> None:
    engine = cloche.Engine(root=state, runtime=runtime)
    env = {mark: "1"}
    print("begun", flush=True)
    while True:
        kind = random.randrange(3)
        if kind == 0:
            engine.run(["true"], env=env)
        elif kind == 1:
            engine.run(["sh", "-c", "setsid sleep 300 & echo x > /y"], env=env, memory="64M")
        else:
            with engine.start(["sleep", "300"], env=env) as box:
                box.run(["true"])
                box.pause()
                box.resume()


if __name__ == "__main__":
    main(*sys.argv[1:])
