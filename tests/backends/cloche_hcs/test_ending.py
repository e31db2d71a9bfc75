"""An interpreter that ends while the service still talks ends as it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cloche_hcs import _vmcompute

#: Two compute systems of which the service never stops telling, on threads that nobody ends.
PROGRAM = """
import ctypes, threading
import cloche_hcs

cloche_hcs.__path__.append({folder!r})
from cloche_hcs import pump, vmcompute

vmcompute.use_library({library!r})
service = ctypes.CDLL({library!r}, **{options!r})
service.cloche_service_begin(b"default\\tHcsCreateComputeSystem\\t0x0\\n", None)
heard = threading.Event()
keys, callbacks = [], []

def listen(id):
    keys.append(pump.subscribe(lambda notification: heard.set()))
    system = vmcompute.HcsCreateComputeSystem(id, "{{}}").value
    callbacks.append(vmcompute.HcsRegisterComputeSystemCallback(system, keys[-1]).value)

def tell_for_ever(id):
    while True:
        service.cloche_service_notify(id, 6, 0, b"data")

for id in ("one", "two"):
    listen(id)
    threading.Thread(target=tell_for_ever, args=(id.encode(),), daemon=True).start()
assert heard.wait(10)
"""
UNREGISTER = "for c in callbacks: assert vmcompute.HcsUnregisterComputeSystemCallback(c) == 0"
#: Registered before the pump's own, so it runs after it, and must still hear of its system.
CLEAN_UP = """
def clean_up():
    heard.clear()
    assert heard.wait(10)
    for key in keys: pump.unsubscribe(key)

import atexit
atexit.unregister(pump._close_before_the_end)
atexit.register(clean_up)
atexit.register(pump._close_before_the_end)
"""
HANG = """
from cloche.errors import TimedOut
from cloche_hcs.calling import call

service.cloche_service_steer(b"hang\\tHcsEnumerateComputeSystems\\t*\\n")
try:
    call(vmcompute.HcsEnumerateComputeSystems, timeout=0.1)
except TimedOut:
    pass
else:
    raise SystemExit("it did not hang")
"""
ENDINGS = {
    "leaving-all-as-it-is": "",
    "unregistering": UNREGISTER,
    "unsubscribing": "for key in keys: pump.unsubscribe(key)",
    "both": f"{UNREGISTER}\nfor key in keys: pump.unsubscribe(key)",
    "cleaning-up-at-exit": CLEAN_UP,
    "while-a-call-hangs": HANG,
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_it_ends_by_itself_and_says_nothing(ending: str, service: Any) -> None:
    program = PROGRAM.format(
        folder=str(Path(_vmcompute.__file__).parent),
        library=str(service.path),
        options={"winmode": 0x800} if sys.platform == "win32" else {},
    )
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-c", program + ending],
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
