"""The kinds of packets that helper and parent exchange, numbered as in ``_native/protocol.h``."""

from __future__ import annotations

import enum


class Message(enum.IntEnum):
    """The first field of a packet."""

    NEED_MAPS = 1
    CHILD = 2
    READY = 3
    STARTED = 4
    FAILED = 5
    EXITED = 6
    ROOT = 7
    PROBED = 8
    HOOKS = 9
    LISTENER = 10
    NEED_GROUP = 11
    NETLINK = 12
    MAPS_DONE = 32
    START = 33
    HOOKS_DONE = 34
    GIVE_UP = 35
    GROUP_DONE = 36
    LISTENED = 37


HAS_SHELL = 1
NEW_PID_NAMESPACE = 2
HAS_PROGRAM = 4
KEPT = 8
PLACE = 16
"""From this bit on, flags of a failure say which step of the plan it was, from 0."""
ORDINAL = 4
"""From this bit on, how many hooks came right before the one that failed, up to ``PLACE``."""
