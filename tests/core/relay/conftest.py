"""The relay of each platform has tests of its own: descriptors here, HANDLEs there."""

from __future__ import annotations

import sys

collect_ignore = ["test_relay.py" if sys.platform == "win32" else "test_relay_windows.py"]
