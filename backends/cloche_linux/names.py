"""The layer above a container's own that tells it the names of hosts.

``/etc/hosts``, ``/etc/resolv.conf`` and ``/etc/hostname`` are not written into each container: they
lie in a read-only layer that all containers with the same contents share, so that making one writes
nothing. The host name itself is shown by a mount of the kernel's own file.
"""

from __future__ import annotations

import os
from _blake2 import blake2b  # as hashlib's, without loading OpenSSL at every cold start

from cloche_linux.trees import remove_tree

__all__ = ["names_layer"]

_LOCAL_HOSTS = (
    b"127.0.0.1\tlocalhost\n"
    b"::1\tlocalhost ip6-localhost ip6-loopback\n"
    b"fe00::\tip6-localnet\n"
    b"ff02::1\tip6-allnodes\n"
    b"ff02::2\tip6-allrouters\n"
)
_LIMIT = 1 << 20


def names_layer(home: str, *, own_network: bool) -> str:
    """Return the layer beneath ``home``, making it if need be.

    With the host's network the host's names hold, and its resolver, systemd's on 127.0.0.53
    included, is reached; without one there is only the container itself, and nobody to ask.
    """
    files = {"hosts": _LOCAL_HOSTS} if own_network else _host_files()
    contents = {"hostname": b"", **files}
    digest = blake2b(repr(sorted(contents.items())).encode(), digest_size=12).hexdigest()
    place = os.path.join(home, "names", digest)
    if not os.path.isdir(place):
        _make(place, contents)
    return place


def _host_files() -> dict[str, bytes]:
    return {name: _read(f"/etc/{name}") for name in ("hosts", "resolv.conf")}


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(_LIMIT)
    except OSError:
        return b""


def _make(place: str, contents: dict[str, bytes]) -> None:
    """Fill a draft and put it in its place; whoever is first wins, the others are the same."""
    draft = f"{place}.{os.getpid()}.{os.urandom(4).hex()}"
    os.makedirs(f"{draft}/etc", 0o755)
    try:
        for name, content in contents.items():
            with open(f"{draft}/etc/{name}", "xb") as file:
                file.write(content)
            os.chmod(f"{draft}/etc/{name}", 0o644)
        for directory in (draft, f"{draft}/etc"):
            os.chmod(directory, 0o755)  # noqa: S103 - a container's /etc; the umask is ours
        os.rename(draft, place)
    except OSError:
        remove_tree(draft)
        if not os.path.isdir(place):
            raise
