"""Compiles the native Linux runtime's C: the static helper and the extension.

``build_helper`` and ``build_extension`` each make one file in a folder and return its path; the
build hook calls them. ``python backends/compile.py`` makes both in place, for an editable checkout.

``CC`` names another compiler, with arguments if need be (a cross compiler too); gcc and clang are
understood. Nothing but a C compiler, the kernel's and Python's headers and cffi is needed.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sysconfig
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

PACKAGE = Path(__file__).parent / "cloche_linux"
SOURCES = PACKAGE / "_native"
WARNINGS = ("-std=gnu11", "-Wall", "-Wextra", "-Werror")
FREESTANDING = (
    "-O2",
    "-ffreestanding",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-ffunction-sections",
    "-fdata-sections",
)
ALONE = ("-static", "-nostdlib", "-Wl,--gc-sections,-z,noexecstack,--build-id=none", "-s")
"""No C library, so nothing to initialise; not relocatable, so nothing to relocate."""

SANITIZERS = "-fsanitize=address,undefined"
HOSTED = (
    "-O1",
    "-g",
    "-DHOSTED",
    SANITIZERS,
    "-fno-sanitize-recover=all",
    "-fno-omit-frame-pointer",
    "-fno-builtin",
)


class Missing(Exception):
    """Something to compile with is not installed: ``package`` is Debian's name for it."""

    def __init__(self, package: str, reason: str) -> None:
        super().__init__(f"{package} is missing: {reason}")
        self.package = package
        self.reason = reason


class CompilerFailed(Exception):
    """The C does not compile; the message is the compiler's."""


def build_helper(
    out: Path,
    flags: Sequence[str] = FREESTANDING,
    link: Sequence[str] = ALONE,
    name: str = "_helper",
) -> Path:
    """Compile the helper. Raises Missing, or CompilerFailed.

    In two goes: a compiler that is told that there is no library may not look for headers either.
    """
    target = out.resolve() / name
    sources = sorted((SOURCES / "helper").glob("*.c"))
    with TemporaryDirectory(prefix="cloche-compile-") as scratch:
        _compile([*WARNINGS, *flags, "-c", *map(str, sources)], Path(scratch))
        objects = sorted(map(str, Path(scratch).glob("*.o")))
        _compile([*link, *objects, "-o", str(target)], Path(scratch))
    return target


def build_extension(out: Path) -> Path:
    """Compile the extension for the running Python, with the limited API where there is one."""
    target = out.resolve() / f"_native{_suffix()}"
    with TemporaryDirectory(prefix="cloche-compile-") as scratch:
        generated = Path(scratch, "_native.c")
        _generate(generated)
        sources = sorted((SOURCES / "extension").glob("*.c"))
        includes = [f"-I{SOURCES / 'extension'}", f"-I{sysconfig.get_path('include')}"]
        flags = ["-O2", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden", "-g0", "-s"]
        flags += [f"-ffile-prefix-map={scratch}=."]
        command = [*WARNINGS, *flags, *_limited_api(), *includes, *map(str, [generated, *sources])]
        _compile([*command, "-o", str(target)], Path(scratch))
    return target


def build_sanitized(out: Path, *defines: str) -> Path:
    """Compile the helper with a C library and the address and undefined behaviour sanitizers."""
    flags = [*HOSTED, *(f"-D{define}" for define in defines)]
    return build_helper(out, flags, [SANITIZERS], "_".join(["sanitized", *defines]).lower())


def _generate(target: Path) -> None:
    from cffi import FFI

    ffi = FFI()
    for header in ("message.h", "extension/module.h"):
        ffi.cdef((SOURCES / header).read_text("utf-8"))
    ffi.set_source("cloche_linux._native", '#include "extension.h"', py_limited_api=True)
    with redirect_stdout(StringIO()):  # it says that it generates
        ffi.emit_c_code(str(target))


def _is_free_threaded() -> bool:
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def _suffix() -> str:
    return str(sysconfig.get_config_var("EXT_SUFFIX")) if _is_free_threaded() else ".abi3.so"


def _limited_api() -> list[str]:
    return ["-D_CFFI_NO_LIMITED_API"] if _is_free_threaded() else ["-DPy_LIMITED_API=0x030B0000"]


def _compile(arguments: Sequence[str], directory: Path) -> None:
    compiler = shlex.split(os.environ.get("CC", "")) or ["gcc"]
    command = [*compiler, *arguments]
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Missing("gcc", f"{compiler[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise _explain(done.stderr)


def _explain(output: str) -> Exception:
    absent = re.search(r"fatal error: '?([\w./]+\.h)'?( file not found|: No such file)", output)
    if not absent:
        return CompilerFailed(output)
    package = "python3-dev" if absent[1] in ("Python.h", "pyconfig.h") else "libc6-dev"
    return Missing(package, f"no {absent[1]}")


def main() -> None:
    """Compile both in place, each replaced at once: programs may be running from them."""
    with TemporaryDirectory(prefix=".compile-", dir=PACKAGE) as scratch:
        for build in (build_helper, build_extension):
            made = build(Path(scratch))
            print(made.replace(PACKAGE / made.name))


if __name__ == "__main__":
    main()
