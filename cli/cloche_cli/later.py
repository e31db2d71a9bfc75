"""What docker's users type and is not here (yet): each is known, and refused with a way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["COMMANDS", "EVERYWHERE", "OPTIONS", "command", "option"]


class Refusal(NamedTuple):
    """What is not here, and what to do instead."""

    what: str
    hint: str


_DETACHED = Refusal(
    "only cloche run leaves things running",
    "a shell leaves others running: cloche exec … &",
)
_RESTART = Refusal("this is not here yet", "cloche stop NAME, cloche rm NAME, and run it again")
_ATTACHED = Refusal("nothing is attached to afterwards", "cloche exec -it NAME sh looks inside")
_SEARCH = Refusal("registries are not searched", "cloche pull NAME, if you know what you look for")
_STREAMS = Refusal(
    "a foreground run has all its streams, and every signal", "-i passes stdin on, -t is a terminal"
)
_LOGS = Refusal(
    "logs are not kept yet",
    "what a foreground run prints can be sent to a file: cloche run … >FILE",
)
_ATTACH = Refusal("attaching is not here yet", "cloche exec -it NAME sh opens a shell beside it")
_VOLUMES = Refusal("there are no volumes of our own", "-v SRC:DST shows a directory inside")
_FORMAT = Refusal("there are no templates", "--json prints everything: cloche … --json | jq …")
_NETWORKS = Refusal(
    "there are no networks of our own", "--network host is this machine's own network"
)
_BUILD = Refusal(
    "Cloche builds no images", "any builder will do; cloche load -i FILE takes what it made"
)
_EVENTS = Refusal("this is not here yet", "cloche ps and cloche stats show what is there")
_UPDATE = Refusal("changing a container is not here yet", "run it again with the new options")
_SPACE = Refusal("this is not here yet", "cloche rm and cloche image prune remove what is kept")
_CONFIG = Refusal("this is not here yet", "cloche backends says what works here and why not")
_SERVICES = Refusal("Cloche has no daemon that restarts things", "let systemd run: cloche run …")
_PRIVILEGED = Refusal(
    "Cloche has no switch that turns everything off",
    "name what is needed: --cap-add, --device, --security-opt",
)
_NAMESPACES = Refusal(
    "namespaces are not shared", "each container has its own; only --network host is shared"
)
_POOL = Refusal("pools are not here yet", "cloche run --idle --name NAME, then cloche exec NAME …")

#: Commands of docker's, podman's and our own to come.
COMMANDS: Mapping[str, Refusal] = {
    name: refusal
    for names, refusal in {
        "restart": _RESTART,
        "search": _SEARCH,
        "logs": _LOGS,
        "attach": _ATTACH,
        "build buildx": _BUILD,
        "top events": _EVENTS,
        "rename update": _UPDATE,
        "prune df system": _SPACE,
        "doctor info": _CONFIG,
        "network port": _NETWORKS,
        "compose service swarm": _SERVICES,
        "pool": _POOL,
    }.items()
    for name in names.split()
}

OPTIONS: Mapping[str, Refusal] = {
    name: refusal
    for names, refusal in {
        "-d --detach": _DETACHED,
        "--detach-keys": _ATTACHED,
        "-a --attach --sig-proxy": _STREAMS,
        "-p --publish -P --publish-all --expose --ip --ip6 --link --mac-address": _NETWORKS,
        "--network-alias --dns --dns-search --dns-option --add-host": _NETWORKS,
        "--privileged": _PRIVILEGED,
        "--pid --ipc --uts --userns --cgroupns --cgroup-parent": _NAMESPACES,
        "--restart --health-cmd --health-interval --health-retries --health-timeout": _SERVICES,
        "--log-driver --log-opt": _LOGS,
        "--volumes-from --volume-driver": _VOLUMES,
    }.items()
    for name in names.split()
}

#: Options of whatever shows something.
EVERYWHERE: Mapping[str, Refusal] = {"--format": _FORMAT}


def command(verb: str) -> UsageError | None:
    """Refuse a command that is known and not here; None if nobody knows it."""
    return _refuse(verb, COMMANDS.get(verb))


def option(name: str, *, runs: bool) -> UsageError | None:
    """Refuse an option that is known and not here; None if nobody knows it.

    ``runs``: it was given to a command that runs others.
    """
    return _refuse(name, (OPTIONS if runs else EVERYWHERE).get(name))


def _refuse(word: str, refusal: Refusal | None) -> UsageError | None:
    return refusal and UsageError(f"{word}: {refusal.what}", hint=refusal.hint)
