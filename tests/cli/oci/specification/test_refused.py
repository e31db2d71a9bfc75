"""Sections that a runtime does not support, or this machine has nothing for: an error each."""

from __future__ import annotations

import json
from pathlib import Path

from .changes import linux
from .test_required import RULE


def test_without_resctrl_to_ask_for_it_is_an_error(runtime) -> None:
    assert "resctrl" not in Path("/proc/mounts").read_text(), "here it could be tried"
    wrong = {
        "named": linux(intelRdt={"closID": "box", "schemata": ["L3:0=1"]}),
        "unnamed": linux(intelRdt={"l3CacheSchema": "L3:0=1"}),
    }
    assert [name for name, change in wrong.items() if runtime.accepts(change)] == []


def test_sections_that_are_not_supported_are_errors(runtime) -> None:
    """Nothing of them is left out in silence: a container has them, or there is none."""
    told = runtime("features")
    section = json.loads(told.out)["linux"] if told.code == 0 else {}
    notify = {**RULE, "action": "SCMP_ACT_NOTIFY"}
    changes = {
        "netDevices": linux(netDevices={"no-such0": {"name": "eth0"}}),
        "listener": linux(
            seccomp={
                "defaultAction": "SCMP_ACT_ALLOW",
                "listenerPath": "/no/such/socket",
                "syscalls": [notify],
            }
        ),
    }
    supported = (section.get("netDevices") or {}).get("enabled", False)
    accepted = [name for name, change in changes.items() if runtime.accepts(change)]
    assert accepted == [], f"netDevices supported: {supported}"
