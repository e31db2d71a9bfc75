"""The default Windows container: whatever its image and Windows itself give it."""

from __future__ import annotations

from cloche.spec import VERSION, Process, Root, Spec, Windows

__all__ = ["windows_process", "windows_spec"]


def windows_process(
    args: tuple[str, ...] | None = None,
    *,
    command_line: str | None = None,
    env: tuple[str, ...] | None = None,
    cwd: str = "C:\\",
    terminal: bool | None = None,
) -> Process:
    """A process by its arguments, or by a command line in the program's own quoting."""
    return Process(args=args, command_line=command_line, env=env, cwd=cwd, terminal=terminal)


def windows_spec(
    process: Process,
    layer_folders: tuple[str, ...],
    *,
    root: Root | None = None,
    hostname: str | None = None,
) -> Spec:
    """A container over layers, the uppermost first.

    No root is given for a container that gets a virtual machine of its own.
    """
    windows = Windows(layer_folders=layer_folders)
    return Spec(oci_version=VERSION, process=process, root=root, hostname=hostname, windows=windows)
