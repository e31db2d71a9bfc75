"""Network devices of the machine that move into the container."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator

import pytest

from .changes import linux


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=True).stdout


@pytest.fixture
def device() -> Iterator[str]:
    """One end of a pair, with addresses of two scopes and families, down."""
    name = f"m{os.getpid() % 10**7}x"
    ip("link", "add", name, "type", "veth", "peer", "name", f"{name}p")
    ip("address", "add", "192.0.2.7/24", "dev", name)
    ip("address", "add", "2001:db8::7/64", "dev", name, "nodad")
    yield name
    subprocess.run(["ip", "link", "delete", f"{name}p"], capture_output=True)


def moved(device: str, name: str | None = None):
    return linux(netDevices={device: {} if name is None else {"name": name}})


def inside(pid: int) -> dict[str, dict]:
    words = ["nsenter", f"--net=/proc/{pid}/ns/net", "ip", "-json", "address"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return {each["ifname"]: each for each in json.loads(done.stdout)}


def test_a_device_moves_with_its_addresses_and_is_up(runtime, device: str) -> None:
    pid = runtime.create("sleep", "600", change=moved(device, "inner"))
    found = inside(pid)["inner"]
    assert "UP" in found["flags"]
    addresses = {each["local"] for each in found["addr_info"] if each["scope"] == "global"}
    assert addresses == {"192.0.2.7", "2001:db8::7"}
    assert device not in os.listdir("/sys/class/net")


def test_a_device_whose_name_is_taken_is_an_error(runtime, device: str) -> None:
    assert not runtime.accepts(moved(device, "lo"))
    assert device in os.listdir("/sys/class/net")


def test_a_device_may_be_given_a_free_name_by_a_pattern(runtime, device: str) -> None:
    pid = runtime.create("sleep", "600", change=moved(device, "net%d"))
    assert "net0" in inside(pid)


def test_a_device_that_is_not_there_is_an_error(runtime) -> None:
    assert not runtime.accepts(moved("no-such0", "eth0"))


def test_a_device_is_left_to_the_namespace_it_is_in(runtime, device: str) -> None:
    """What becomes of it there is nobody's but the namespace's: a pair ends with it."""
    pid = runtime.create("sleep", "600", change=moved(device, "inner"))
    words = ["nsenter", f"--net=/proc/{pid}/ns/net", "ip", "link", "set", "inner", "down"]
    subprocess.run(words, check=True)
    assert runtime("start", "box").code == 0
    assert "UP" not in inside(pid)["inner"]["flags"]
    assert runtime("delete", "--force", "box").code == 0
    assert device not in os.listdir("/sys/class/net")
