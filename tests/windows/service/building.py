"""Builds the stand-in service, and Cloche's binding for it: once for each state of the sources.

python tests/windows/service/building.py windows    vmcompute.dll, and the binding in the checkout
python tests/windows/service/building.py linux      the shared library, and the binding beside it
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

__all__ = ["binding_for_linux", "binding_for_windows", "service_for_linux", "service_for_windows"]

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
BACKENDS = ROOT / "backends"
CACHE = ROOT / "build" / "windows-service"
WARNINGS = ["-std=gnu11", "-Wall", "-Wextra", "-Werror"]
WINDOWS = ["x86_64-w64-mingw32-gcc", "-O2", "-g", "-static", "-shared", "-pthread"]
LIBRARIES = ["-lole32", "-lshlwapi", "-lpsapi", "-ladvapi32"]
LINUX = ["-O1", "-g", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden"]
SANITIZERS = ["-fsanitize=address,undefined", "-shared-libsan", "-fno-omit-frame-pointer"]


def service_for_windows() -> Path:
    """vmcompute.dll, by mingw."""
    command = [*WINDOWS, *WARNINGS, *_sources(without="_linux")]
    return _built("vmcompute.dll", command, LIBRARIES)


def service_for_linux(*, sanitized: bool = False, compiler: str = "gcc") -> Path:
    """The shared library for this machine; with the compiler's sanitizers if asked to."""
    flags = [*LINUX, *(SANITIZERS if sanitized else [])]
    command = [compiler, *flags, *WARNINGS, *_sources(without="_windows")]
    return _built("libvmcompute.so", command, [])


def binding_for_linux() -> Path:
    """The extension module ``cloche_hcs._vmcompute`` for this machine; no install has it."""
    compiler = _compiler()
    used = [*_binding_sources(), sys.version.encode()]
    return _kept(
        "_vmcompute.so", used, lambda place: compiler.build_vmcompute(place, windows=False)
    )


def binding_for_windows() -> Path:
    """The same for Windows, put where an install has it, in the checkout; git ignores it."""
    compiler = _compiler()
    made = _kept("_vmcompute.pyd", _binding_sources(), compiler.build_vmcompute_for_windows)
    target = BACKENDS / "cloche_hcs" / made.name
    if not target.exists() or target.read_bytes() != made.read_bytes():
        _put(target, made.read_bytes())
    return target


def _put(target: Path, content: bytes) -> None:
    """Replaced at once: a program may be running from it."""
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(target)


def _sources(*, without: str) -> list[str]:
    return [str(path) for path in sorted(HERE.glob("*.c")) if not path.stem.endswith(without)]


def _binding_sources() -> list[bytes]:
    paths = [BACKENDS / "compile.py", *sorted((BACKENDS / "cloche_hcs/_binding").rglob("*.[ch]"))]
    return [path.read_bytes() for path in paths]


def _built(name: str, command: list[str], libraries: list[str]) -> Path:
    def build(place: Path) -> Path:
        target = place / name
        done = subprocess.run(
            [*command, "-o", str(target), *libraries], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"the stand-in service does not compile:\n{done.stderr}")
        return target

    used = [path.read_bytes() for path in sorted(HERE.glob("*.[ch]"))]
    return _kept(name, [*used, *(argument.encode() for argument in command)], build)


def _kept(name: str, used: Iterable[bytes], build: Callable[[Path], Path]) -> Path:
    """What was built of the same before, or is now; several may build it at once."""
    digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in used))
    target = CACHE / digest.hexdigest()[:16] / name
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent) as scratch:
        build(Path(scratch)).replace(target)
    return target


def _compiler() -> ModuleType:
    """The project's own compiling, which is no package: found by its path."""
    spec = spec_from_file_location("cloche_compile", BACKENDS / "compile.py")
    if spec is None or spec.loader is None:
        raise ImportError("backends/compile.py is not there")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(platform: str) -> None:
    if platform == "windows":
        made = [service_for_windows(), binding_for_windows()]
    else:
        made = [service_for_linux(), binding_for_linux()]
    print(*made, sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
