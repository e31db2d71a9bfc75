"""Options that several commands have, by the sections of their help pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloche_cli.declare import flag, many, text

if TYPE_CHECKING:
    from cloche import Mount
    from cloche_cli.declare import Complete

__all__ = [
    "Containment",
    "Environment",
    "Files",
    "Identity",
    "Limits",
    "Streams",
    "images_here",
    "one_of",
]


def _backends(kind: str) -> Complete:
    def complete(root: str | None) -> list[str]:
        from cloche_cli.completion import backends

        return backends(kind, root)

    return complete


def images_here(root: str | None) -> list[str]:
    """Propose the names of images that are here."""
    from cloche_cli.completion import images

    return images(root)


def one_of(*words: str) -> Complete:
    """Propose one of these words."""
    return lambda root: words


class Streams:
    """Input and output"""

    interactive = flag("-i", "--interactive", help="Pass stdin on; without it stdin is empty.")
    tty = flag("-t", "--tty", help="Give the process a terminal.")
    timeout = text("--timeout", value="TIME", help="Kill after 5, 5s or 1m, and exit with 124.")


class Environment:
    """The process"""

    env = many("-e", "--env", value="NAME[=VALUE]", help="Set a variable, or pass one on.")
    env_file = many("--env-file", value="FILE", help="Set variables from lines of a file.")
    user = text("-u", "--user", value="USER[:GROUP]", help="Run as this user, by name or number.")
    workdir = text("-w", "--workdir", value="DIR", help="Start in this directory.")

    def variables(self) -> list[str]:
        """Those of files come first: what is typed wins over what is written."""
        if not self.env_file:
            return self.env
        from cloche_cli.variables import read_variables

        return [line for path in self.env_file for line in read_variables(path)] + self.env


class Identity:
    """What is run, and what becomes of it"""

    name = text("--name", value="NAME", help="Name the container.")
    hostname = text("--hostname", value="NAME", help="The name it sees as its host's.")
    label = many("-l", "--label", value="KEY[=VALUE]", help="Attach a label.")
    replace = flag("--replace", help="Remove whatever has the name first.")
    keep = flag("--keep", help="Keep the container when it has ended, as -d does anyway.")
    remove = flag("--rm", help="Remove it when it has ended: what happens anyway without -d.")
    idle = flag("--idle", help="Run nothing: wait, for cloche exec, until it is stopped.")
    init = flag("--init", help="Run under a tiny init: the default; --init=false runs without.")
    entrypoint = text("--entrypoint", value="PROGRAM", help="Run this before the command.")
    pull = text(
        "--pull",
        value="always|missing|never",
        help="When to ask the registry for the image; default: when it is missing here.",
        complete=one_of("always", "missing", "never"),
    )
    platform = text("--platform", value="OS/ARCH", help="The image's, of several.")
    quiet = flag("-q", "--quiet", help="Show nothing of an image on its way.")
    stop_signal = text("--stop-signal", value="SIGNAL", help="What cloche stop sends first.")
    stop_timeout = text("--stop-timeout", value="TIME", help="How long cloche stop then waits.")
    cidfile = text("--cidfile", value="FILE", help="Write the id to a new file.")
    json = flag("--json", help="Capture the output; print it and the ending as one JSON object.")


class Files:
    """Files"""

    rootfs = text("--rootfs", value="DIR", help="A directory is the root; nothing in it changes.")
    volume = many("-v", "--volume", value="SRC:DST[:ro]", help="Show a file or directory inside.")
    mount = many(
        "--mount", value="type=…,…", help="The same in words: type=bind,source=…,target=…."
    )
    tmpfs = many("--tmpfs", value="DIR[:OPTIONS]", help="A directory in memory.")
    read_only = flag("--read-only", help="The root can't be written.")
    storage_size = text("--storage-size", value="SIZE", help="The most that changes may take.")
    shm_size = text("--shm-size", value="SIZE", help="The size of /dev/shm.")

    def mounts(self) -> list[Mount]:
        """Read what ``--mount`` says; those of ``--volume`` are read by the engine."""
        if not self.mount:
            return []
        from cloche_cli.mounts import read_mount

        return [read_mount(text) for text in self.mount]


class Limits:
    """Limits"""

    memory = text("-m", "--memory", value="SIZE", help="Memory: 256M, 1g; K, M, G are binary.")
    memory_swap = text(
        "--memory-swap", value="SIZE", help="Memory and swap together; -1: no limit."
    )
    cpus = text("--cpus", value="N", help="Processors, in parts: 0.5 is half of one.")
    cpu_shares = text("-c", "--cpu-shares", value="N", help="Weight against others.")
    cpuset_cpus = text("--cpuset-cpus", value="LIST", help="Which processors: 0-2,4.")
    pids_limit = text("--pids-limit", value="N", help="Processes and threads; -1: no limit.")
    ulimit = many("--ulimit", value="NAME=SOFT[:HARD]", help="A resource limit of the process.")
    oom_score_adj = text("--oom-score-adj", value="N", help="Who dies first when memory is short.")
    allow_unenforced = many(
        "--allow-unenforced", value="NAME", help="Do without this limit where it can't be had."
    )


class Containment:
    """What it may do, and what runs it"""

    network = text(
        "--network",
        "--net",
        value="none|host",
        help="The network is off unless asked for: host is this machine's.",
        complete=one_of("none", "host"),
    )
    group_add = many("--group-add", value="GROUP", help="Join a further group.")
    cap_add = many("--cap-add", value="CAP", help="Add a capability; ALL adds every one.")
    cap_drop = many("--cap-drop", value="CAP", help="Take a capability away; ALL takes every one.")
    security_opt = many(
        "--security-opt", value="OPTION", help="no-new-privileges, seccomp=FILE, …."
    )
    device = many("--device", value="SRC[:DST[:rwm]]", help="Give a device of this machine.")
    sysctl = many("--sysctl", value="NAME=VALUE", help="Set a kernel parameter of its own.")
    runtime = text(
        "--runtime",
        value="NAME",
        help="What runs it: a name of cloche backends; runc, crun or a path mean oci:….",
        complete=_backends("runtime"),
    )
    layer_store = text(
        "--layer-store",
        value="NAME",
        help="What makes its root.",
        complete=_backends("layer store"),
    )
    stdio_driver = text(
        "--stdio-driver",
        value="NAME",
        help="What connects its streams.",
        complete=_backends("stdio driver"),
    )
    isolation = text(
        "--isolation",
        value="process|vm|hyperv",
        help="Namespaces of this kernel, or a machine of its own.",
        complete=one_of("process", "vm", "hyperv"),
    )
