"""The layer above a container's own that tells it the names of hosts.

``/etc/hosts``, ``/etc/resolv.conf`` and ``/etc/hostname`` are not written into each container: they
lie in a read-only layer that all containers with the same contents share, so that making one writes
nothing. The host name itself is shown by a mount of the kernel's own file.
"""

from __future__ import annotations

import os
from _blake2 import blake2b  # as hashlib's, without loading OpenSSL at every cold start

from cloche.defaults.names import files_of_names
from cloche_linux.trees import remove_tree

__all__ = ["names_layer"]


def names_layer(home: str, *, own_network: bool) -> str:
    """Return the layer beneath ``home``, making it if need be."""
    contents = {"hostname": b"", **files_of_names(own_network=own_network)}
    digest = blake2b(repr(sorted(contents.items())).encode(), digest_size=12).hexdigest()
    place = os.path.join(home, "names", digest)
    if not os.path.isdir(place):
        _make(place, contents)
    return place


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
