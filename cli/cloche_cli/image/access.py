"""``login`` and ``logout``."""

from __future__ import annotations

import sys
from typing import ClassVar

from cloche_cli.declare import Command, argument, flag, text
from cloche_cli.usage import UsageError

__all__ = ["Login", "Logout"]

_USUAL = "docker.io"


class Login(Command):
    """Log in to a registry: docker.io, if none is named.

    The password is asked for, or read from stdin. It is kept where docker keeps it: in a credential
    helper if one is configured, else in config.json, readable by its owner.
    """

    verb: ClassVar[str] = "login"
    user = text("-u", "--username", value="NAME", help="The user; asked for if it is missing.")
    password_stdin = flag("--password-stdin", help="Read the password from stdin.")
    password = text("-p", "--password", value="…", help="Refused: everybody sees what was typed.")
    registry = argument("[REGISTRY]", required=False)

    def __call__(self) -> int:
        """Ask the registry, and keep what it accepts."""
        if self.password is not None:
            raise UsageError(
                "-p: every process list shows it",
                hint="--password-stdin reads it: cloche login -u NAME --password-stdin <FILE",
            )
        registry = self.registry or _USUAL
        user, password = self._credentials(registry)
        with self.engine() as engine:
            engine.images.login(registry, user, password)
        print(f"logged in to {registry} as {user}")
        return 0

    def _credentials(self, registry: str) -> tuple[str, str]:
        if self.password_stdin:
            if not self.user:
                raise UsageError("--password-stdin: it needs --username beside it")
            return self.user, _line(sys.stdin.read())
        if not sys.stdin.isatty():
            raise UsageError(
                "login: stdin is not a terminal, so nobody can be asked",
                hint="-u NAME --password-stdin reads a password from it",
            )
        user = self.user or _ask(f"Name for {registry}: ")
        return user, _secret(f"Password of {user}: ")


class Logout(Command):
    """Forget what a registry was told: docker.io, if none is named."""

    verb: ClassVar[str] = "logout"
    registry = argument("[REGISTRY]", required=False)

    def __call__(self) -> int:
        """Forget it."""
        registry = self.registry or _USUAL
        with self.engine() as engine:
            forgotten = engine.images.logout(registry)
        print(f"logged out of {registry}" if forgotten else f"nothing was kept for {registry}")
        return 0


def _line(read: str) -> str:
    """Without the line's end that echo has put there; nothing else is taken away."""
    password = read.removesuffix("\n").removesuffix("\r")
    if not password:
        raise UsageError("--password-stdin: there is none")
    return password


def _ask(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip()
    if not answer:
        raise UsageError("login: the name is missing")
    return answer


def _secret(question: str) -> str:
    """Ask without showing what is typed."""
    from getpass import getpass

    password = getpass(question)
    if not password:
        raise UsageError("login: the password is missing")
    return password
