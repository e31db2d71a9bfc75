"""``cloche run``."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from cloche_cli.declare import Command, flag, rest
from cloche_cli.sections import (
    Containment,
    Environment,
    Files,
    Identity,
    Limits,
    Streams,
    images_here,
)
from cloche_cli.usage import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from cloche import Container, Engine, StartOptions
    from cloche.parameters import ProcessOptions

    #: ``Engine.start``, or ``Engine.create``.
    Make: TypeAlias = Callable[..., Container[Any]]

__all__ = ["Run"]

_POLICIES = ("always", "missing", "never")
_OCI_RUNTIMES = {"runc", "crun", "runsc", "youki", "kata-runtime"}


class Run(Identity, Streams, Environment, Files, Limits, Containment, Command):
    """Run a command in a new container, which is removed afterwards.

    Options end at IMAGE: what follows is the command's. With -- in the place of IMAGE there is
    none, and the command is a program of this machine: cloche run -- uname -a. The container sees
    the system's programs, not your files, and what it writes is gone afterwards.

    The network is off unless asked for: --network host.
    """

    verb: ClassVar[str] = "run"
    ends_at_argument: ClassVar[bool] = True
    detach = flag("-d", "--detach", help="Print its id and leave it running; it is kept.")
    words = rest("[IMAGE | --] [COMMAND]...", complete=images_here)

    def __call__(self) -> int:
        """Run it; returns its exit code, or 0 once it runs by itself."""
        if self.detach:
            from cloche_cli.detached import check

            check(self)
        image, args = self.command()
        with self.engine() as engine:
            if image is None:
                return self.act(engine, image, args)
            from cloche_cli.image.running import Wanted

            wanted = Wanted(image, args, self.platform, self.policy(), self.quiet)
            return wanted.run(engine, lambda: self.act(engine, image, args))

    def command(self) -> tuple[str | None, list[str]]:
        """Take the words apart: the image (None: there is none), and the command."""
        words = self.words
        if self.separated or self.rootfs or (self.idle and not words):
            return None, self._command(words)
        if not words:
            verb = self.verb
            raise UsageError(f"{verb}: no IMAGE, and no command after --; see cloche {verb} --help")
        image, *words = words
        return image, words[1:] if words[:1] == ["--"] else words

    def policy(self) -> str:
        """When to ask the registry for the image."""
        if self.pull is not None and self.pull not in _POLICIES:
            raise UsageError(f"--pull: {self.pull!r} is not one of {', '.join(_POLICIES)}")
        return self.pull or "missing"

    def _command(self, words: list[str]) -> list[str]:
        if not self.separated and words[:1] == ["--"]:
            words = words[1:]
        if not words and not self.idle and not self.entrypoint:
            verb = self.verb
            raise UsageError(f"{verb}: the command is missing; see cloche {verb} --help")
        return words

    def act(self, engine: Engine, image: str | None, args: list[str]) -> int:
        """Do it with what was taken apart."""
        if self.detach:
            print(self.begin(engine.start, image, args, {}).id)
            return 0
        if self.json:
            return self._run_captured(engine, image, args)
        from cloche_cli.foreground import attend, explain

        ending = attend(self, lambda streams: self.begin(engine.start, image, args, streams))
        subject = self.name or (args[0] if args else image or "the container")
        explain(ending, subject, timeout=self.timeout, memory=self.memory)
        return ending.exit_code

    def parameters(self) -> StartOptions:
        """Put what was typed into the words of the Python interface."""
        return {**self._process(), **self._container(), **self._root(), **self._limits()}

    def _process(self) -> StartOptions:
        return {
            "env": self.variables(),
            "user": self.user,
            "group_add": self.group_add,
            "workdir": self.workdir,
            "entrypoint": self.entrypoint,
            "init": self.init if "init" in self.values else None,
            "ulimits": self.ulimit,
            "oom_score_adj": _number("--oom-score-adj", self.oom_score_adj),
            "cap_add": self.cap_add,
            "cap_drop": self.cap_drop,
            "security_opt": self.security_opt,
        }

    def _container(self) -> StartOptions:
        if self.keep and self.remove:
            raise UsageError(f"{self.verb}: --keep and --rm exclude each other")
        return {
            "name": self.name,
            "replace": self.replace,
            "keep": not self.remove if self.is_detached else self.keep,
            "lifetime": "detached" if self.is_detached else None,
            "idle": self.idle,
            "labels": self.label,
            "stop_signal": self.stop_signal,
            "stop_timeout": self.stop_timeout,
            "hostname": self.hostname,
            "network": self.network,
            "isolation": self.isolation,  # type: ignore[typeddict-item]
            "platform": self.platform,
            "runtime": _runtime(self.runtime),
            "layer_store": self.layer_store,
            "stdio_driver": self.stdio_driver,
        }

    def _root(self) -> StartOptions:
        return {
            "rootfs": self.rootfs,
            "volumes": self.volume,
            "mounts": self.mounts(),
            "tmpfs": self.tmpfs,
            "devices": self.device,
            "read_only": self.read_only,
            "storage_size": self.storage_size,
            "shm_size": self.shm_size,
            "sysctls": self.sysctl,
        }

    def _limits(self) -> StartOptions:
        return {
            "memory": self.memory,
            "memory_swap": self.memory_swap,
            "cpus": self.cpus,
            "cpu_shares": _number("--cpu-shares", self.cpu_shares),
            "cpuset_cpus": self.cpuset_cpus,
            "pids_limit": _number("--pids-limit", self.pids_limit),
            "allow_unenforced": [name.replace("-", "_") for name in self.allow_unenforced],
        }

    @property
    def is_detached(self) -> bool:
        """Whether it is to outlive this program."""
        return self.detach

    def begin(
        self, make: Make, image: str | None, args: list[str], streams: ProcessOptions
    ) -> Container[Any]:
        """Make the container, and write down its id where that was asked for."""
        options: StartOptions = {**self.parameters(), **streams}
        if image is not None:
            options["image"], options["pull"] = image, "never"
        if self.cidfile is None:
            return make(args or None, **options)
        from cloche_cli.cidfile import writing_id

        return writing_id(self.cidfile, lambda: make(args or None, **options))

    def _run_captured(self, engine: Engine, image: str | None, args: list[str]) -> int:
        from cloche_cli.foreground import capture
        from cloche_cli.output import print_json

        if self.tty:
            raise UsageError("run: --json keeps the output, so there is no terminal for -t")
        ending, output, errors = capture(
            self, lambda streams: self.begin(engine.start, image, args, streams)
        )
        print_json(
            {
                "args": args,
                "exit_code": ending.exit_code,
                "reason": ending.reason.value,
                "stdout": output,
                "stderr": errors,
            }
        )
        return ending.exit_code


def _runtime(name: str | None) -> str | None:
    """A bare OCI runtime, or a path to one, is an argument of the ``oci`` backend."""
    if name and (name in _OCI_RUNTIMES or "/" in name.partition(":")[0]):
        return f"oci:{name}"
    return name


def _number(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{option}: a whole number, not {text}") from None
