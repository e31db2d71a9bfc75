"""Helper programs that keep secrets in the platform's own store (docker-credential-helpers).

``docker-credential-NAME get|store|erase``: what they are told and what they say goes through pipes,
so no secret is ever an argument.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from cloche.errors import InvalidSpec, Unavailable
from cloche.images.foreign import excerpt
from cloche.values import Value

from .credential_files import plain_name

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Helper"]

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_MISSING = "credentials not found"


class Helper(Value):
    """One of these programs."""

    name: str
    #: In seconds: the keychain behind it may ask somebody.
    timeout: float = 60.0

    @classmethod
    def of(cls, content: Mapping[str, Any], registry: str) -> Helper | None:
        """The one that a file names for a registry (``credHelpers``), or for all (``credsStore``).

        Raises InvalidSpec for what can't be the name of one.
        """
        helpers = content.get("credHelpers")
        for key, name in helpers.items() if isinstance(helpers, dict) else ():
            if plain_name(key) == registry:
                return cls._named(name, "credHelpers")
        store = content.get("credsStore")
        return cls._named(store, "credsStore") if store else None

    @classmethod
    def _named(cls, name: object, key: str) -> Helper:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidSpec(f"{key}: {excerpt(str(name), 60)!r} is no helper", path=key)
        return cls(name)

    @property
    def program(self) -> str:
        """What it is called."""
        return f"docker-credential-{self.name}"

    def get(self, server: str) -> tuple[str, str] | None:
        """User and secret for a server; None if it has none."""
        code, output = self._run("get", server)
        if code and _MISSING in output:
            return None
        if code:
            raise self._failed("get", output)
        try:
            found = json.loads(output)
            username, secret = found["Username"], found["Secret"]
        except (ValueError, KeyError, TypeError):
            raise Unavailable(f"{self.program} get: its answer is none") from None
        return (str(username), str(secret)) if secret else None

    def store(self, server: str, username: str, secret: str) -> None:
        """Have it keep a secret."""
        entry = {"ServerURL": server, "Username": username, "Secret": secret}
        code, output = self._run("store", json.dumps(entry))
        if code:
            raise self._failed("store", output.replace(secret, "***") if secret else output)

    def erase(self, server: str) -> bool:
        """Have it forget one; False if it had none."""
        code, output = self._run("erase", server)
        if code and _MISSING not in output:
            raise self._failed("erase", output)
        return not code

    def _run(self, verb: str, text: str) -> tuple[int, str]:
        import shutil
        import subprocess

        path = shutil.which(self.program)
        if path is None:
            raise Unavailable(
                f"{self.program} is not installed, but the credentials are said to be there",
                remedy="install it, or take credsStore and credHelpers out of config.json",
            )
        try:
            done = subprocess.run(
                [path, verb], input=text.encode(), capture_output=True, timeout=self.timeout
            )
        except (subprocess.TimeoutExpired, OSError) as error:
            what = type(error).__name__
            raise Unavailable(f"{self.program} {verb}: {what}", remedy="try it by hand") from None
        return done.returncode, done.stdout.decode(errors="replace")

    def _failed(self, verb: str, output: str) -> Unavailable:
        return Unavailable(f"{self.program} {verb}: {excerpt(output) or 'failed'}")
