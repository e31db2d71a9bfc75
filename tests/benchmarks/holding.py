"""What a process pays for the containers that it holds, while they do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contenders import Contender, started
from figures import Row, Table, Verdict

if TYPE_CHECKING:
    from setting import Setting

__all__ = ["idle"]

_NAMES = {
    "private": "private memory of the holder, KB",
    "init": "private memory of the container's own init, KB",
    "kernel": "kernel memory of the whole machine, KB",
    "descriptors": "descriptors of the holder",
    "threads": "threads of the holder",
}


def idle(setting: Setting) -> Table:
    """Many idle containers; what is measured is no time."""
    count = 5 if setting.tiny else 1000
    contender = Contender(
        name="holder",
        setup="holder:holder",
        params={"programs": setting.programs, "options": setting.options, "count": count},
    )
    with started([contender], setting) as [(_, worker)]:
        [figures] = worker.measure()
    return Table(
        title=f"idle: {count} idle containers held by one process, the cost of each",
        unit="as said",
        rows=[
            Row(name=name, median=figures[kind], low=figures[kind], high=figures[kind])
            for kind, name in _NAMES.items()
        ],
        verdicts=[
            Verdict(name=_NAMES["private"], value=figures["private"], bound=60, unit="KB"),
            Verdict(name="threads for each", value=figures["threads"], bound=0, unit=""),
        ],
        notes=["the kernel's share is what the machine gained meanwhile, others' included"],
    )
