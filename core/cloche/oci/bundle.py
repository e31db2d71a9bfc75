"""A bundle: a directory with a configuration and, as a rule, the root file system it speaks of."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os

from cloche import documents
from cloche.errors import InvalidSpec, NotFound
from cloche.spec import Mount, Process, Spec
from cloche.values import Value

from .granting import grantable, warn_of_limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from cloche.spec import Linux

    T = TypeVar("T")

__all__ = ["Bundle", "read_process"]

#: The minor version.
_ZERO_COUNTS_SINCE = 3
_IDLE = "IOPRIO_CLASS_IDLE"
#: How a NUL and half a character beyond 16 bits are written.
_UNUSUAL = (rb"\u0000", rb"\ud", rb"\uD")


class Bundle(Value):
    """One bundle, read and checked."""

    path: str
    #: The configuration as it was read.
    data: bytes
    #: The same, with the path of its root made absolute.
    spec: Spec

    @classmethod
    def open(cls, path: str, config: str | None = None) -> Bundle:
        """Read a bundle; ``config`` is another file than its own ``config.json``.

        Raises NotFound for one that is not there, InvalidSpec with the JSON path of a fault.
        """
        path = os.path.abspath(path)
        file = config or f"{path}/config.json"
        data = _content(file)
        spec = _read(Spec, data, file)
        _require_numbers(data, "process")
        documents.check(spec)
        return cls(path, data, _rooted(spec, path))

    @property
    def process(self) -> Process:
        """What the container runs."""
        assert self.spec.process is not None
        return self.spec.process


def read_process(file: str) -> Process:
    """Read the document of a process; errors as of ``Bundle.open``."""
    data = _content(file)
    process = _read(Process, data, file)
    _require_numbers(data)
    documents.check_process(process)
    return process


def _read(kind: type[T], data: bytes, file: str) -> T:
    """Read a document, of which nothing may hold a NUL: the kernel takes that for an end."""
    if any(each in data for each in _UNUSUAL):
        _refuse_unusual(data)
    try:
        return documents.read(kind, data)
    except InvalidSpec as error:
        if error.path:
            raise
        raise InvalidSpec(f"{file}: {error}", path="") from error  # no part of it is at fault


def _refuse_unusual(data: bytes) -> None:
    try:
        document = documents.parse(data)
    except (ValueError, RecursionError):
        return  # what is no JSON is told as that
    _refuse_unwritable("", document)


def _require_numbers(data: bytes, *way: str) -> None:
    """Refuse a process without numbers that have a default where nobody says otherwise: in Python.

    Idle input and output has no priorities, so who asks for it names none.
    """
    process = documents.parse(data)
    for key in way:
        process = process.get(key) or {}
    priority = process.get("ioPriority") or {}
    needed = [("user", name) for name in ("uid", "gid") if process.get("user")]
    if priority.get("class", _IDLE) != _IDLE:
        needed.append(("ioPriority", "priority"))
    for section, name in needed:
        if name not in process[section]:
            path = ".".join((*way, section, name))
            raise InvalidSpec(f"{path}: is missing", path=path)


def _refuse_unwritable(path: str, value: object) -> None:
    """Refuse texts that the kernel can't be given as they are."""
    if isinstance(value, str):
        _refuse_text(path, value)
    if isinstance(value, dict):
        for key, each in value.items():
            _refuse_text(path, key)
            _refuse_unwritable(f"{path}.{key}".lstrip("."), each)
    if isinstance(value, list):
        for position, each in enumerate(value):
            _refuse_unwritable(f"{path}[{position}]", each)


def _refuse_text(path: str, text: str) -> None:
    path = path.encode(errors="backslashreplace").decode()
    if "\0" in text:
        raise InvalidSpec(f"{path}: there is a NUL in it", path=path)
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise InvalidSpec(f"{path}: there is half a character in it", path=path) from None


def _content(file: str) -> bytes:
    try:
        with open(file, "rb") as opened:
            return opened.read()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(
            f"JSON specification file {file} not found", hint="spec writes one to begin with"
        ) from None
    except OSError as error:
        raise NotFound(f"{file}: {error.strerror}") from error


def _rooted(spec: Spec, bundle: str) -> Spec:
    if spec.linux is None:
        raise InvalidSpec("linux: a bundle for this machine has such a section", path="linux")
    if spec.process is None:
        raise InvalidSpec("process: there is nothing to run", path="process")
    if spec.root is None:
        raise InvalidSpec("root: there is no root file system", path="root")
    path = os.path.normpath(os.path.join(bundle, spec.root.path))
    if not os.path.isdir(path):
        missing = "is not a directory" if os.path.exists(path) else "does not exist"
        raise InvalidSpec(f"root.path: {path} {missing}", path="root.path")
    if spec.process.rlimits:
        warn_of_limits(spec.process.rlimits)
    own = any(each.type == "user" for each in spec.linux.namespaces or ())
    return spec.replace(
        root=spec.root.replace(path=path),
        process=grantable(spec.process, user_namespace=own),
        mounts=tuple(_placed(mount, bundle) for mount in spec.mounts or ()),
        linux=_counted(spec.linux, spec.oci_version),
    )


def _counted(linux: Linux, version: str) -> Linux:
    """Let a limit of no process at all be one of one: the container's own is there.

    Before version 1.3 of the specification it was there wherever a writer had said nothing.
    """
    resources = linux.resources
    if resources is None or resources.pids is None or resources.pids.limit != 0:
        return linux
    if int(version.split(".")[1]) < _ZERO_COUNTS_SINCE:
        return linux
    return linux.replace(resources=resources.replace(pids=resources.pids.replace(limit=1)))


def _placed(mount: Mount, bundle: str) -> Mount:
    """Let a path of the host begin at the bundle unless it begins at the root."""
    binds = mount.type == "bind" or not {"bind", "rbind"}.isdisjoint(mount.options or ())
    if not binds or not mount.source or mount.source.startswith("/"):
        return mount
    return mount.replace(source=os.path.join(bundle, mount.source))
