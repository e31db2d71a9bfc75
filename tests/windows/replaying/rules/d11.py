"""D11: an id is checked before anything else is done, and unique whatever its case."""

from __future__ import annotations

import re

from replaying.golden import Golden
from replaying.refusing import refuse

PATHS = ("calls[*]", "steps[*]", "notifications[*]")

PROPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
DEVICES = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9])(\..*)?", re.IGNORECASE)


def rewrite(golden: Golden) -> None:
    """Refuse ids that are improper, and those that are in use."""
    for number, step in enumerate(golden.steps):
        if step["op"] != "new":
            continue
        if not is_proper(step["id"]):
            refuse(golden, number, "InvalidSpec")
        elif in_use(golden, number):
            refuse(golden, number, "AlreadyExists")


def is_proper(id: str) -> bool:
    """Whether a folder of Windows may be called so."""
    return bool(PROPER.fullmatch(id)) and not id.endswith(".") and not DEVICES.fullmatch(id)


def in_use(golden: Golden, number: int) -> bool:
    """Whether a container made before has the id, in whatever case, and is still there."""
    there: set[str] = set()
    for before, step in enumerate(golden.steps[:number]):
        if golden.results[before].values.get("error") is not None:
            continue
        if step["op"] == "new":
            there.add(step["id"].lower())
        elif step["op"] == "remove":
            there.discard(golden.container_of(before).lower())
    return golden.steps[number]["id"].lower() in there
