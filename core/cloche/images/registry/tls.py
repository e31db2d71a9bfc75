"""Whose certificates are believed, and which ones are shown: docker's and podman's ``certs.d``."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

from cloche.errors import InvalidSpec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["context_for"]


def context_for(host: str, folders: Iterable[str], *, insecure: bool) -> ssl.SSLContext:
    """How to speak TLS to a host (``HOST[:PORT]``).

    The system's authorities are believed (``SSL_CERT_FILE`` names others), and those of the
    ``*.crt`` files in the host's folder; a ``NAME.cert`` with its ``NAME.key`` is shown to the
    host. Raises InvalidSpec naming a file that can't be used.
    """
    context = _system()
    # From Python 3.13 on certificates must keep rules that many home-made authorities don't know,
    # and that nobody else's client of registries asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    for path in _files(host, folders):
        try:
            _add(context, path)
        except (OSError, ssl.SSLError) as error:
            raise InvalidSpec(f"{path} can't be used: {error}", path=path) from error
    return context


def _system() -> ssl.SSLContext:
    context = ssl.create_default_context()
    known = ssl.get_default_verify_paths()
    if os.name == "posix" and not (known.cafile or known.capath):
        import httpx

        return httpx.create_ssl_context()  # it brings a list of its own
    return context


def _files(host: str, folders: Iterable[str]) -> Iterator[str]:
    if os.name == "nt":
        host = host.replace(":", "")
    if host.startswith("."):  # a redirect may name anything
        return
    for folder in folders:
        own = os.path.join(os.path.expanduser(folder), host)
        if os.path.isdir(own):
            yield from (os.path.join(own, name) for name in sorted(os.listdir(own)))


def _add(context: ssl.SSLContext, path: str) -> None:
    stem, extension = os.path.splitext(path)
    if extension == ".crt":
        context.load_verify_locations(path)
    elif extension == ".cert":
        context.load_cert_chain(path, f"{stem}.key")
