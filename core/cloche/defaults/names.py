"""The files by which a container knows names of hosts."""

from __future__ import annotations

__all__ = ["files_of_names"]

_LOCAL_HOSTS = (
    b"127.0.0.1\tlocalhost\n"
    b"::1\tlocalhost ip6-localhost ip6-loopback\n"
    b"fe00::\tip6-localnet\n"
    b"ff02::1\tip6-allnodes\n"
    b"ff02::2\tip6-allrouters\n"
)
_MOST = 1 << 20


def files_of_names(*, own_network: bool) -> dict[str, bytes]:
    """Return what is to be in ``/etc``, by name; a file of the host that can't be read is empty.

    With the host's network the host's names hold, and its resolver, systemd's on 127.0.0.53
    included, is reached; without one there is only the container itself, and nobody to ask.
    """
    if own_network:
        return {"hosts": _LOCAL_HOSTS}
    return {name: _of_host(f"/etc/{name}") for name in ("hosts", "resolv.conf")}


def _of_host(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_MOST)
    except OSError:
        return b""
