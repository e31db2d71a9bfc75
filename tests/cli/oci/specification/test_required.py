"""Properties that a configuration must have: without one it is an error, with all it is none."""

from __future__ import annotations

from .changes import DELETE, Change, every, linux, placed, process, top

BLOCK = {"major": 254, "minor": 0}
RULE = {"names": ["sync"], "action": "SCMP_ACT_ERRNO"}
ARGUMENT = {"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}


def nothing(_: object) -> None:
    """The configuration has it already."""


def resources(**values: object) -> Change:
    return linux(resources=values)


def filtered(**more: object) -> Change:
    return linux(seccomp={"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{**RULE, **more}]})


def throttled(name: str) -> Change:
    return resources(blockIO={name: [{**BLOCK, "rate": 1 << 40}]})


mapped = every(
    linux(
        uidMappings=[{"containerID": 0, "hostID": 0, "size": 1000}],
        gidMappings=[{"containerID": 0, "hostID": 0, "size": 1000}],
    ),
    lambda config: config["linux"]["namespaces"].append({"type": "user"}),
)
device = linux(devices=[{"path": "/dev/own", "type": "c", "major": 1, "minor": 3}])
rule = resources(devices=[{"allow": True, "type": "c", "major": 1, "minor": 3, "access": "r"}])

#: What each needs around it, by the path of what is left out.
REQUIRED: dict[str, Change] = {
    "ociVersion": nothing,
    "root": nothing,
    "root.path": nothing,
    "mounts[0].destination": nothing,
    "process.cwd": nothing,
    "process.args": nothing,
    "process.user.uid": nothing,
    "process.user.gid": nothing,
    "process.consoleSize.height": process(consoleSize={"height": 20, "width": 80}),
    "process.consoleSize.width": process(consoleSize={"height": 20, "width": 80}),
    **{
        f"process.rlimits[0].{key}": process(
            rlimits=[{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]
        )
        for key in ("type", "soft", "hard")
    },
    "process.scheduler.policy": process(scheduler={"policy": "SCHED_BATCH", "nice": 1}),
    "process.ioPriority.class": process(ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 4}),
    "process.ioPriority.priority": process(ioPriority={"class": "IOPRIO_CLASS_BE", "priority": 4}),
    **{
        f"hooks.{kind}[0].path": top(hooks={kind: [{"path": "/bin/true", "args": ["true"]}]})
        for kind in ("prestart", "createRuntime")
    },
    "linux.namespaces[0].type": nothing,
    **{f"linux.uidMappings[0].{key}": mapped for key in ("containerID", "hostID", "size")},
    "linux.devices[0].type": device,
    "linux.devices[0].path": device,
    "linux.devices[0].major": device,
    "linux.resources.devices[0].allow": rule,
    "linux.seccomp.defaultAction": filtered(),
    "linux.seccomp.syscalls[0].names": filtered(),
    "linux.seccomp.syscalls[0].action": filtered(),
    **{
        f"linux.seccomp.syscalls[0].args[0].{key}": filtered(args=[ARGUMENT])
        for key in ("index", "value", "op")
    },
    "linux.personality.domain": linux(personality={"domain": "LINUX32"}),
    **{
        f"linux.resources.blockIO.{name}[0].{key}": throttled(name)
        for name in ("throttleReadBpsDevice", "throttleWriteIOPSDevice")
        for key in ("major", "minor", "rate")
    },
}

#: The same for what this machine has nothing for, so that it is no error to lack something else.
LACKING: dict[str, Change] = {
    **{
        f"linux.resources.blockIO.weightDevice[0].{key}": resources(
            blockIO={"weightDevice": [{**BLOCK, "weight": 100}]}
        )
        for key in ("major", "minor")
    },
    **{
        f"linux.resources.hugepageLimits[0].{key}": resources(
            hugepageLimits=[{"pageSize": "2MB", "limit": 1 << 21}]
        )
        for key in ("pageSize", "limit")
    },
    **{
        f"linux.resources.network.priorities[0].{key}": resources(
            network={"priorities": [{"name": "lo", "priority": 1}]}
        )
        for key in ("name", "priority")
    },
    "linux.memoryPolicy.mode": linux(memoryPolicy={"mode": "MPOL_DEFAULT"}),
}


def test_without_a_property_that_must_be_there_no_container_is_made(runtime) -> None:
    without = {
        path: every(around, placed(path, DELETE))
        for path, around in {**REQUIRED, **LACKING}.items()
    }
    assert [path for path, change in without.items() if runtime.accepts(change)] == []


def test_with_all_of_them_one_is_made(runtime) -> None:
    """The control: what is refused above is refused for what it lacks."""
    ways = {id(around): (path, around) for path, around in REQUIRED.items()}
    assert [path for path, around in ways.values() if not runtime.accepts(around)] == []
