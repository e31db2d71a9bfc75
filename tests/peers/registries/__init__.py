"""Registries for tests, on loopback: Debian's docker-registry, and what puts images into it.

A ``conftest.py`` takes the fixtures it wants: ``from registries.fixtures import docker_registry,
registry, upload`` (named in ``__all__``). ``registry`` is the ``HOST:PORT`` of a plain registry,
empty when a module of tests begins; ``upload(image, "name:tag")`` puts one there and says its
digest. ``registries.images`` makes images: ``busybox()`` (one layer, runnable), ``image(*layers)``
from archives of one's own (``archive({"bin/tool": b"…"})``), and ``index(image, image)`` over
images for several platforms. ``registries.server.DockerRegistry`` starts one of another kind: with
TLS by an own ``Authority``, with passwords, or with the tokens of a ``TokenServer``.
"""
