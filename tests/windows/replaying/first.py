"""The first implementation by the book: the calls it makes for a scenario in which nothing fails.

Where we refuse or leave out what it did, nothing of its calls is left to compare with. That they
were its calls, and not something else, is then known by this.
"""

from __future__ import annotations

import ntpath
from collections.abc import Callable, Iterator
from typing import Any

from replaying.trace import Call

__all__ = ["CLOSE_INPUT", "First"]

QUERY = {"PropertyTypes": ["PendingUpdates"]}
CLOSE_INPUT = {"Operation": "CloseHandle", "CloseHandle": {"Handle": "StdIn"}}
PENDING, INVALID, EXISTS = "0xc0370103", "0xc0370105", "0x800700b7"


class Container:
    """What is known of one container."""

    def __init__(self, new: dict[str, Any]) -> None:
        self.id: str = new["id"]
        self.conf: dict[str, Any] = new.get("conf") or {}
        self.spec: dict[str, Any] = new["spec"]
        self.io: dict[str, Any] = new.get("io") or {}
        self.layers: list[str] = self.conf.get("layers") or []
        self.home = ntpath.dirname(self.layers[0]) if self.layers else ""
        self.folder = ntpath.join(self.home, self.id)
        self.runs = False
        self.system = self.callback = self.process = self.process_callback = ""


class First:
    """The implementation, with what it has made so far."""

    def __init__(self, scenario: dict[str, Any], guids: dict[str, str]) -> None:
        self._hcs = scenario.get("hcs") or {}
        self._steps = scenario["steps"]
        self._there = {path.lower() for path in scenario["setup"]["dirs"]}
        #: By the names of layers.
        self._guids = guids
        self._made: dict[str, Container] = {}
        self._counts = {"system": 0, "callback": 0, "process": 0}
        self._contexts = 0

    @property
    def knows(self) -> bool:
        """Whether the scenario is one in which nothing fails, of steps that it knows."""
        known = {"new", *VERBS, *IDLE}
        steers = set(self._hcs) <= {"processes"}
        return steers and all(step["op"] in known for step in self._steps)

    def play(self) -> list[Call]:
        """All calls of the scenario, as if nothing failed; unknown steps make none."""
        calls = []
        for number, step in enumerate(self._steps):
            for call in self._play(step):
                call.step = number
                calls.append(call)
        return calls

    def clear_up(self, new: dict[str, Any]) -> list[Call]:
        """The calls that take away a container's layer."""
        return [*_clear_up(Container(new))]

    def _play(self, step: dict[str, Any]) -> Iterator[Call]:
        name = step.get("c", "c")
        if step["op"] == "new":
            yield from self._new(name, Container(step))
        elif name in self._made and step["op"] in VERBS:
            yield from VERBS[step["op"]](self, self._made[name])

    def _new(self, name: str, made: Container) -> Iterator[Call]:
        yield from self._ask(made.layers)
        yield from self._ask(made.layers)
        there = any(each.folder.lower() == made.folder.lower() for each in self._made.values())
        info, layers = _info(made.home), [*self._descriptors(made.layers)]
        yield _call(
            "CreateSandboxLayer", hr=EXISTS if there else "0x00000000",
            info=info, id=made.id, parent=made.layers[0], descriptors=layers,
        )  # fmt: skip
        if there:
            return
        yield _call("ActivateLayer", info=info, id=made.id)
        yield from self._ask(made.layers)
        yield _call("PrepareLayer", info=info, id=made.id, descriptors=layers)
        volume = volume_of(made.id)
        size, place = {"length": len(volume) + 1}, {"info": info, "id": made.id}
        yield _call("GetLayerMountPath", size, **place, length=0, buffer=None)
        yield _call("GetLayerMountPath", {**size, "path": volume}, **place, **size, buffer="given")
        self._made[name] = made
        yield from self._create(made, volume)

    def _create(self, made: Container, volume: str) -> Iterator[Call]:
        made.system = self._next("system")
        yield _call(
            "HcsCreateComputeSystem", {"computeSystem": made.system}, PENDING,
            id=made.id, configuration=self._configuration(made, volume), identity=0,
        )  # fmt: skip
        made.callback = self._next("callback")
        yield _call(
            "HcsRegisterComputeSystemCallback", {"callbackHandle": made.callback},
            computeSystem=made.system, callback="fn", context=self._context(),
        )  # fmt: skip

    def _start(self, made: Container) -> Iterator[Call]:
        made.runs = True
        yield _call("HcsStartComputeSystem", hr=PENDING, computeSystem=made.system, options="")
        made.process = self._next("process")
        pid = 996 + 4 * self._counts["process"]
        yield _call(
            "HcsCreateProcess",
            {"process": made.process, "processInformation": _pipes(pid, made.io)},
            computeSystem=made.system,
            processParameters=_parameters(made.spec.get("process") or {}, made.io),
        )
        made.process_callback = self._next("callback")
        yield _call(
            "HcsRegisterProcessCallback", {"callbackHandle": made.process_callback},
            process=made.process, callback="fn", context=self._context(),
        )  # fmt: skip
        if not made.io.get("Stdin"):
            yield _call("HcsModifyProcess", process=made.process, settings=CLOSE_INPUT)

    def _exitcode(self, made: Container) -> Iterator[Call]:
        process = (self._hcs.get("processes") or [{}])[0]
        document = {
            "ProcessId": 1000,
            "Exited": True,
            "ExitCode": process.get("exitCode", 0),
            "LastWaitResult": 0,
        }
        if made.process:
            out: dict[str, object] = {"processProperties": document}
            yield _call("HcsGetProcessProperties", out, process=made.process)

    def _remove(self, made: Container) -> Iterator[Call]:
        system = {"computeSystem": made.system}
        document = {
            "Id": made.id,
            "Name": made.id,
            "SystemType": "Container",
            "Owner": "containerd",
            "AreUpdatesPending": False,
        }
        yield _call(
            "HcsGetComputeSystemProperties", {"properties": document}, **system, propertyQuery=QUERY
        )
        hr = PENDING if made.runs else INVALID
        yield _call("HcsShutdownComputeSystem", hr=hr, **system, options="")
        if not made.runs:
            yield _call("HcsTerminateComputeSystem", hr=PENDING, **system, options="")
        if made.process:
            yield _call("HcsUnregisterProcessCallback", callbackHandle=made.process_callback)
            yield _call("HcsCloseProcess", process=made.process)
        yield _call("HcsUnregisterComputeSystemCallback", callbackHandle=made.callback)
        yield _call("HcsCloseComputeSystem", computeSystem=made.system)
        yield from _clear_up(made)

    def _ask(self, layers: list[str]) -> Iterator[Call]:
        for name in map(ntpath.basename, layers):
            yield _call("NameToGuid", {"guid": self._guids.get(name)}, name=name)

    def _descriptors(self, layers: list[str]) -> Iterator[dict[str, object]]:
        for path in layers:
            yield {"LayerId": self._guids.get(ntpath.basename(path)), "Flags": 0, "Path": path}

    def _configuration(self, made: Container, volume: str) -> dict[str, object]:
        conf = made.conf
        layers = [*self._descriptors(made.layers)]
        document: dict[str, object] = {
            "SystemType": "Container",
            "Name": made.id,
            "Owner": "containerd",
            "IsDummy": False,
            "VolumePath": volume,
            "IgnoreFlushesDuringBoot": bool(conf.get("ignoreFlushesDuringBoot")),
            "LayerFolderPath": made.folder,
            "Layers": [{"ID": each["LayerId"], "Path": each["Path"]} for each in layers],
            "HostName": made.spec.get("hostname", ""),
            "MappedDirectories": [_mapped(each) for each in made.spec.get("mounts") or []] or None,
            "HvPartition": bool(conf.get("useHyperV")),
            "EndpointList": conf.get("networkEndpoints"),
            "Servicing": False,
            "AllowUnqualifiedDNSQuery": bool(conf.get("allowUnqualifiedDNSQuery")),
        }
        further = {
            "Credentials": conf.get("credentials"),
            "NetworkSharedContainerName": conf.get("NetworkSharedContainerID"),
            "DNSSearchList": ",".join(conf.get("dnsSearchList") or []),
            "HvRuntime": conf.get("useHyperV") and self._utility_vm(made.layers),
        }
        return document | {key: value for key, value in further.items() if value}

    def _utility_vm(self, layers: list[str]) -> dict[str, str] | None:
        images = (f"{layer}\\UtilityVM" for layer in layers)
        return next(({"ImagePath": each} for each in images if each.lower() in self._there), None)

    def _next(self, kind: str) -> str:
        self._counts[kind] += 1
        return f"{kind}#{self._counts[kind]}"

    def _context(self) -> int:
        self._contexts += 1
        return self._contexts - 1


VERBS: dict[str, Callable[[First, Container], Iterator[Call]]] = {
    "start": First._start,
    "exitcode": First._exitcode,
    "remove": First._remove,
}
#: Steps that make no calls.
IDLE = frozenset({"pid", "pipes", "stdio", "sleep", "gc"})


def volume_of(id: str) -> str:
    """The stand-in's volume of a layer: FNV-1a of its id."""
    number = 2166136261
    for byte in id.encode():
        number = (number ^ byte) * 16777619 % 2**32
    return f"\\\\?\\Volume{{{number:08x}-0000-4000-8000-000000000000}}"


def _call(
    fn: str, out: dict[str, object] | None = None, hr: str = "0x00000000", **args: object
) -> Call:
    return Call(fn=fn, step=0, args=args, out=dict(out or {}), hr=hr)


def _info(home: str) -> dict[str, object]:
    return {"Flavour": 1, "HomeDir": home}


def _clear_up(made: Container) -> Iterator[Call]:
    home, name = ntpath.split(made.folder)
    for fn in ("UnprepareLayer", "DeactivateLayer"):
        yield _call(fn, info=_info(home), id=name)
    yield _call("DestroyLayer", info=_info(home), id=f"{made.folder}-removing")


def _mapped(mount: dict[str, Any]) -> dict[str, object]:
    return {
        "HostPath": mount.get("source", ""),
        "ContainerPath": mount["destination"],
        "ReadOnly": any(option.lower() == "ro" for option in mount.get("options") or []),
        "BandwidthMaximum": 0,
        "IOPSMaximum": 0,
    }


def _parameters(process: dict[str, Any], io: dict[str, Any]) -> dict[str, object]:
    pairs = (each.partition("=") for each in process.get("env") or [])
    return {
        "ApplicationName": "",
        "CommandLine": " ".join(process.get("args") or []),
        "User": (process.get("user") or {}).get("username", ""),
        "WorkingDirectory": process.get("cwd", ""),
        "Environment": {name: value for name, equals, value in pairs if equals},
        "EmulateConsole": False,
        "CreateStdInPipe": bool(io.get("Stdin")),
        "CreateStdOutPipe": bool(io.get("Stdout")),
        "CreateStdErrPipe": bool(io.get("Stderr")) and not io.get("Terminal"),
        "ConsoleSize": [0, 0],
    }


def _pipes(pid: int, io: dict[str, Any]) -> dict[str, object]:
    stderr = io.get("Stderr") and not io.get("Terminal")
    made = {"StdInput": io.get("Stdin"), "StdOutput": io.get("Stdout"), "StdError": stderr}
    return {"ProcessId": pid, **{key: "pipe" if asked else None for key, asked in made.items()}}
