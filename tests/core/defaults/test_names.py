"""Files by which names of hosts are known."""

from __future__ import annotations

from pathlib import Path

from cloche.defaults.names import files_of_names


def test_with_a_network_of_its_own_a_container_knows_itself_and_asks_nobody() -> None:
    (found,) = files_of_names(own_network=True).items()
    assert found[0] == "hosts"
    assert [line.split()[0] for line in found[1].splitlines()[:2]] == [b"127.0.0.1", b"::1"]


def test_with_the_hosts_network_it_knows_what_the_host_knows() -> None:
    """What the host has no file for is empty."""
    found = files_of_names(own_network=False)
    places = {name: Path("/etc", name) for name in ("hosts", "resolv.conf")}
    assert found == {
        name: place.read_bytes() if place.exists() else b"" for name, place in places.items()
    }
