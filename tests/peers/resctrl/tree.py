"""A stand-in for the kernel's resctrl, which few processors have: its files, its rules, its words.

Run with a directory and a type of file system (``fuse.NAME``) it mounts itself there, writes a line
when it is ready, and one for each change: what is made, written and removed. Its machine has one
cache of twenty ways and memory whose bandwidth goes in steps of ten. Source of the rules:
``fs/resctrl`` of Linux, and its ``Documentation/filesystems/resctrl.rst``.
"""

from __future__ import annotations

import errno
import os
import sys

from resctrl.fuse import mount, serve

WHOLE = {"L3": {0: "fffff"}, "MB": {0: "100"}}
MOST_CLASSES = 4
MOST_MEASURED = 3
INFO = {
    "info/L3/cbm_mask": "fffff\n",
    "info/L3/min_cbm_bits": "1\n",
    "info/L3/num_closids": f"{MOST_CLASSES}\n",
    "info/MB/bandwidth_gran": "10\n",
    "info/MB/min_bandwidth": "10\n",
    "info/L3_MON/mon_features": "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n",
    "info/L3_MON/num_rmids": f"{MOST_MEASURED}\n",
}


class Refused(OSError):
    """What the kernel refuses, and says more about."""

    def __init__(self, number: int, told: str) -> None:
        super().__init__(number, os.strerror(number))
        self.told = told


class Resctrl:
    """The whole tree; "" is the class that everybody is in at first."""

    def __init__(self) -> None:
        self.shares = {"": {kind: dict(shares) for kind, shares in WHOLE.items()}}
        #: By the path of the class, or of the measured group in its ``mon_groups``.
        self.tasks: dict[str, set[int]] = {"": set()}
        self.status = "ok"

    def names(self, path: str) -> list[str] | None:
        entries = self._entries()
        if path and path not in entries:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if path and not entries[path]:
            return None
        begin = f"{path}/" if path else ""
        inside = (each.removeprefix(begin) for each in entries if each.startswith(begin))
        return sorted({each for each in inside if "/" not in each})

    def _entries(self) -> dict[str, bool]:
        """All paths, and whether they are directories."""
        files = {*INFO, "info/last_cmd_status"}
        files |= {f"{each}/tasks".lstrip("/") for each in self.tasks}
        files |= {f"{each}/schemata".lstrip("/") for each in self.shares}
        found = {f"{each}/mon_groups".lstrip("/"): True for each in self.shares}
        for file in files:
            found[file] = False
            while "/" in file:
                file = file.rpartition("/")[0]
                found[file] = True
        return found

    def read(self, path: str) -> str:
        if path in INFO:
            return INFO[path]
        if path == "info/last_cmd_status":
            return f"{self.status}\n"
        group, _, name = f"/{path}".rpartition("/")
        group = group.lstrip("/")
        if name == "tasks":
            return "".join(f"{pid}\n" for pid in sorted(self.tasks[group]) if _lives(pid))
        return "".join(_line(kind, shares) for kind, shares in self.shares[group].items())

    def mkdir(self, path: str) -> None:
        with_log("mkdir", path)
        if path in self._entries():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        above, _, _ = path.rpartition("/")
        if not above:
            self._limit(len(self.shares), MOST_CLASSES, "Out of CLOSIDs")
            self.shares[path] = {kind: dict(shares) for kind, shares in WHOLE.items()}
        elif above.rpartition("/")[2] == "mon_groups":
            measured = sum("mon_groups" in each for each in self.tasks)
            self._limit(measured, MOST_MEASURED, "Out of RMIDs")
        else:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        self.tasks[path], self.status = set(), "ok"

    def _limit(self, count: int, most: int, told: str) -> None:
        if count >= most:
            self.status = told
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def rmdir(self, path: str) -> None:
        with_log("rmdir", path)
        if path not in self.tasks or not path:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        for each in [each for each in self.tasks if f"{each}/".startswith(f"{path}/")]:
            self.tasks[""] |= self.tasks.pop(each) if path in self.shares else set()
            self.tasks.pop(each, None)
        self.shares.pop(path, None)

    def write(self, path: str, text: str) -> None:
        with_log("write", path, text)
        group, _, name = f"/{path}".rpartition("/")
        try:
            if name == "tasks":
                self._move(int(text), group.lstrip("/"))
            elif name == "schemata":
                self._share(text, group.lstrip("/"))
            else:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            self.status = "ok"
        except Refused as error:
            self.status = error.told
            raise

    def _move(self, pid: int, group: str) -> None:
        """A class is entered from anywhere, a measured group only from its class."""
        if not _lives(pid):
            raise ProcessLookupError(errno.ESRCH, os.strerror(errno.ESRCH))
        if group not in self.shares:
            owner = group.rpartition("mon_groups/")[0].rstrip("/")
            if pid not in self.tasks[owner]:
                raise Refused(errno.EINVAL, "Can't move task to different control group")
            self.tasks[group].add(pid)
            return
        for tasks in self.tasks.values():
            tasks.discard(pid)
        self.tasks[group].add(pid)

    def _share(self, text: str, group: str) -> None:
        """All lines or none; the last one has to end."""
        if not text.endswith("\n"):
            raise Refused(errno.EINVAL, "")
        wanted = [(kind, *share) for kind, share in _shares(text)]
        for kind, place, value in wanted:
            self.shares[group][kind][place] = value


def _shares(text: str) -> list[tuple[str, tuple[int, str]]]:
    found = []
    for line in text.splitlines():
        kind, _, shares = line.strip().partition(":")
        if kind not in WHOLE:
            raise Refused(errno.EINVAL, f"Unknown or unsupported resource name '{kind}'")
        for share in shares.split(";"):
            place, _, value = share.partition("=")
            if not place.isdigit() or int(place) not in WHOLE[kind]:
                raise Refused(errno.EINVAL, f"Missing or unknown domain '{place}'")
            found.append((kind, (int(place), _valid(kind, value))))
    return found


def _valid(kind: str, value: str) -> str:
    if kind == "MB":
        if not value.isdigit() or not 10 <= int(value) <= 100:
            raise Refused(errno.EINVAL, f"MB value {value} out of range [10,100]")
        return str(-(-int(value) // 10) * 10)
    bits = int(value, 16)
    if not 0 < bits <= 0xFFFFF:
        raise Refused(errno.EINVAL, f"Mask out of range {value}")
    if "0" in bin(bits)[2:].rstrip("0"):
        raise Refused(errno.EINVAL, f"The mask {value} has non-consecutive 1-bits")
    return f"{bits:x}"


def _line(kind: str, shares: dict[int, str]) -> str:
    told = ";".join(f"{place}={value}" for place, value in shares.items())
    return f"{kind:>6}:{told}\n"


def _lives(pid: int) -> bool:
    return os.path.isdir(f"/proc/{pid}")


def with_log(*words: str) -> None:
    print(*(word.encode("unicode_escape").decode() for word in words), flush=True)


if __name__ == "__main__":
    descriptor = mount(sys.argv[1], sys.argv[2])
    print("ready", flush=True)
    serve(descriptor, Resctrl())
