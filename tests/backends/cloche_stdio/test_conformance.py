"""The four drivers keep the contract of stdio drivers."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from cloche.stdio import StdioDescriptor, StreamTarget
from cloche.testing import StdioSubject, StdioSuite
from cloche_stdio.plugin import cloche_stdio_drivers


def descriptor(name: str) -> StdioDescriptor:
    return next(each for each in cloche_stdio_drivers() if each.name == name)


class Files(StdioSubject):
    def __init__(self, home: Path) -> None:
        super().__init__(descriptor("file"))
        self._paths = (str(home / f"file{n}") for n in count())
        self._home = home

    def source(self, data: bytes) -> StreamTarget:
        path = next(self._paths)
        Path(path).write_bytes(data)
        return StreamTarget(driver="file", argument=path)

    def sink(self) -> StreamTarget:
        return StreamTarget(driver="file", argument=next(self._paths))

    def arrived(self, sink: StreamTarget) -> bytes:
        return Path(str(sink.argument)).read_bytes()

    def wrong(self) -> StreamTarget:
        return StreamTarget(driver="file", argument=str(self._home))


class Inherited(Files):
    """Descriptors of files that this process holds open until the test ends."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.driver = descriptor("inherit")
        self._held: dict[int, str] = {}

    def _hold(self, path: object, flags: int) -> StreamTarget:
        fd = os.open(str(path), flags)
        os.set_inheritable(fd, False)
        self._held[fd] = str(path)
        return StreamTarget(driver="inherit", argument=fd)

    def source(self, data: bytes) -> StreamTarget:
        return self._hold(super().source(data).argument, os.O_RDONLY)

    def sink(self) -> StreamTarget:
        return self._hold(super().sink().argument, os.O_WRONLY | os.O_CREAT)

    def arrived(self, sink: StreamTarget) -> bytes:
        assert isinstance(sink.argument, int)
        return Path(self._held[sink.argument]).read_bytes()

    def wrong(self) -> StreamTarget:
        return StreamTarget(driver="inherit", argument=1 << 30)

    def __del__(self) -> None:
        for fd in self._held:
            os.close(fd)


class Nothing(StdioSubject):
    is_nothing = True


class TestInherit(StdioSuite):
    def subject(self, home: Path) -> StdioSubject:
        return Inherited(home)


class TestNull(StdioSuite):
    def subject(self, home: Path) -> StdioSubject:
        return Nothing(descriptor("null"))


class TestPipe(StdioSuite):
    def subject(self, home: Path) -> StdioSubject:
        return StdioSubject(descriptor("pipe"))


class TestFile(StdioSuite):
    def subject(self, home: Path) -> StdioSubject:
        return Files(home)
