"""What waiting containers cost this process; ``tests/benchmarks`` has what whole lives cost."""

from __future__ import annotations

import threading
from typing import Any

_WAITING = 500


def test_waiting_containers_have_no_threads_of_their_own(bench: Any) -> None:
    bench.service.begin("pace\t0", "proc\t*\trun")
    before = threading.active_count()
    containers = [bench.start(bench.request(f"c{number}")) for number in range(_WAITING)]
    futures = [container.init.exit.future for container in containers]
    assert threading.active_count() - before < 20
    for container in containers:
        container.terminate()
    assert {future.result(30).exit_code for future in futures} == {137}
