"""Compiles the C: the native runtime's helper, extension and launcher, an init, Windows' binding.

Each ``build_…`` makes one file in a folder and returns its path; the build hook calls those that a
platform needs. ``python backends/compile.py`` makes Linux' in place, for editable checkouts, and
the launcher among the programs of the environment, if there is one.

``CC`` names another compiler, with arguments if need be (a cross compiler too); gcc and clang are
understood. Nothing but a C compiler, the kernel's and Python's headers and cffi is needed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

PACKAGE = Path(__file__).parent / "cloche_linux"
SOURCES = PACKAGE / "_native"
INIT = Path(__file__).parent / "cloche_oci/_native"
BINDING = Path(__file__).parent / "cloche_hcs/_binding"
#: What the launcher is called where it is installed.
LAUNCHER = "cloche-oci"
MINGW = "x86_64-w64-mingw32-gcc"
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
    sources = sorted((SOURCES / "helper").glob("*.c"))
    return _compile_alone(sources, out.resolve() / name, flags, link)


def build_launcher(
    out: Path,
    flags: Sequence[str] = FREESTANDING,
    link: Sequence[str] = ALONE,
    name: str = LAUNCHER,
) -> Path:
    """Compile the program `cloche-oci`. Raises as `build_helper`."""
    sources = [*sorted((SOURCES / "launcher").glob("*.c")), SOURCES / "helper/text.c"]
    return _compile_alone(sources, out.resolve() / name, flags, [*link, *_apart(flags)])


def _apart(flags: Sequence[str]) -> list[str]:
    """Where the launcher has to be: an interpreter, whose memory it may take, is at 0x400000."""
    if flags is HOSTED:  # wherever its C library has it
        return []
    own = "--image-base" if "ziglang" in os.environ.get("CC", "") else "-Ttext-segment"
    return [f"-Wl,{own}=0x5f000000"]


def build_init(out: Path) -> Path:
    """Compile the first process of containers of OCI runtimes. Raises as `build_helper`."""
    flags = [*FREESTANDING, f"-I{SOURCES}"]
    return _compile_alone(sorted(INIT.glob("*.c")), out.resolve() / "_init", flags, ALONE)


def _compile_alone(
    sources: Sequence[Path], target: Path, flags: Sequence[str], link: Sequence[str]
) -> Path:
    with TemporaryDirectory(prefix="cloche-compile-") as scratch:
        files = map(str, sources)
        _compile([*WARNINGS, *flags, "-c", *files], Path(scratch))
        objects = sorted(map(str, Path(scratch).glob("*.o")))
        _compile([*link, *objects, "-o", str(target)], Path(scratch))
    return target


def build_extension(out: Path) -> Path:
    """Compile the extension for the running Python, with the limited API where there is one."""
    target = out.resolve() / f"_native{_suffix()}"
    with TemporaryDirectory(prefix="cloche-compile-") as scratch:
        names = ("message.h", "extension/module.h", "untar/module.h")
        headers = [SOURCES / name for name in names]
        generated = _generate("cloche_linux._native", headers, "extension.h", Path(scratch))
        folders = (SOURCES / "extension", SOURCES / "untar")
        sources = [c for folder in folders for c in sorted(folder.glob("*.c"))]
        includes = [f"-I{SOURCES / 'extension'}", f"-I{sysconfig.get_path('include')}"]
        flags = ["-O2", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden", "-g0", "-s"]
        flags += [f"-ffile-prefix-map={scratch}=."]
        command = [*WARNINGS, *flags, *_limited_api(), *includes, *map(str, [generated, *sources])]
        _compile([*command, "-o", str(target)], Path(scratch))
    return target


def build_vmcompute(
    out: Path,
    flags: Sequence[str] = ("-O2", "-g0", "-s"),
    *,
    windows: bool = sys.platform == "win32",
) -> Path:
    """Compile the binding of vmcompute.dll. Raises Missing, or CompilerFailed.

    For Windows from any machine; without ``windows`` for tests on this one, where the library is
    what `cloche_use_library` names.
    """
    target = out.resolve() / f"_vmcompute{'.pyd' if windows else _suffix()}"
    with TemporaryDirectory(prefix="cloche-compile-") as scratch:
        place = Path(scratch)
        headers = [BINDING / "vmcompute.h"]
        generated = _generate("cloche_hcs._vmcompute", headers, "binding.h", place)
        made_for = _for_windows(place) if windows else _for_this_machine()
        sources = map(str, [generated, *sorted(BINDING.glob("*.c"))])
        command = [*WARNINGS, *flags, "-shared", f"-ffile-prefix-map={scratch}=.", *_limited_api()]
        command += [f"-I{BINDING}", *sources, *made_for, "-o", str(target)]
        _compile(command, place, MINGW if windows and not _on_windows() else "gcc")
    return target


def build_vmcompute_for_windows(out: Path) -> Path:
    """Compile what a wheel for 64-bit Windows has. Raises Missing, or CompilerFailed."""
    return build_vmcompute(out, windows=True)


def build_sanitized(out: Path, *defines: str) -> Path:
    """Compile the helper with a C library and the address and undefined behaviour sanitizers."""
    flags = [*HOSTED, *(f"-D{define}" for define in defines)]
    return build_helper(out, flags, [SANITIZERS], "_".join(["sanitized", *defines]).lower())


def build_sanitized_launcher(out: Path) -> Path:
    """Compile the launcher with a C library and the sanitizers."""
    return build_launcher(out, HOSTED, [SANITIZERS])


def build_sanitized_untar(out: Path, *defines: str) -> Path:
    """Compile the untar as a program of its own, with the sanitizers."""
    target = out.resolve() / "_".join(["untar", *defines]).lower()
    folders = (SOURCES / "untar", SOURCES / "untar/alone")
    sources = [c for folder in folders for c in sorted(folder.glob("*.c"))]
    sources.append(SOURCES / "extension/trees.c")
    flags = [*HOSTED, *(f"-D{define}" for define in defines)]
    _compile([*WARNINGS, *flags, *map(str, sources), "-o", str(target)], out.resolve())
    return target


def _generate(module: str, headers: Sequence[Path], include: str, place: Path) -> Path:
    from cffi import FFI

    ffi, target = FFI(), place / f"{module.rpartition('.')[2]}.c"
    for header in headers:
        ffi.cdef(header.read_text("utf-8"))
    ffi.set_source(module, f'#include "{include}"', py_limited_api=True)
    with redirect_stdout(StringIO()):  # it says that it generates
        ffi.emit_c_code(str(target))
    return target


def _for_this_machine() -> list[str]:
    include = sysconfig.get_path("include")
    return [f"-I{include}", "-fPIC", "-pthread", "-fvisibility=hidden"]


def _on_windows() -> bool:
    return sys.platform == "win32"


def _for_windows(place: Path) -> list[str]:
    """What a compiler for Windows needs, there and elsewhere; all builds of one source agree."""
    exact = ["-static-libgcc", "-Wl,--no-insert-timestamp,--disable-auto-image-base"]
    if _on_windows():
        libraries = Path(sys.base_prefix, "libs")
        return [*exact, f"-I{sysconfig.get_path('include')}", f"-L{libraries}", "-lpython3"]
    return [*exact, f"-I{_windows_headers(place)}", str(_windows_import_library(place))]


def _windows_headers(place: Path) -> Path:
    """Python's headers, with the one that differs for Windows replaced."""
    headers = place / "include"
    shutil.copytree(sysconfig.get_path("include"), headers)
    shutil.copy(BINDING / "elsewhere/pyconfig.h", headers)
    return headers


def _windows_import_library(place: Path) -> Path:
    """An import library of the names that cffi's code uses of Python's stable interface."""
    library = place / "libpython3.a"
    stub = [str(BINDING / "elsewhere/python3.c"), "-o", str(place / "python3.dll")]
    flags = ["-shared", "-nostdlib", "-Wl,--entry,0", f"-Wl,--out-implib,{library}"]
    _compile([*flags, *stub], place, MINGW)
    return library


def _is_free_threaded() -> bool:
    return bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def _suffix() -> str:
    return str(sysconfig.get_config_var("EXT_SUFFIX")) if _is_free_threaded() else ".abi3.so"


def _limited_api() -> list[str]:
    return ["-D_CFFI_NO_LIMITED_API"] if _is_free_threaded() else ["-DPy_LIMITED_API=0x030B0000"]


def _compile(arguments: Sequence[str], directory: Path, usual: str = "gcc") -> None:
    compiler = shlex.split(os.environ.get("CC", "")) or [usual]
    command = [*compiler, *arguments]
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    except OSError as error:
        package = "gcc" if usual == "gcc" else "gcc-mingw-w64-x86-64"
        raise Missing(package, f"{compiler[0]}: {error.strerror}") from error
    if done.returncode != 0:
        raise _explain(done.stderr)


def _explain(output: str) -> Exception:
    absent = re.search(r"fatal error: '?([\w./]+\.h)'?( file not found|: No such file)", output)
    if not absent:
        return CompilerFailed(output)
    package = "python3-dev" if absent[1] in ("Python.h", "pyconfig.h") else "libc6-dev"
    return Missing(package, f"no {absent[1]}")


def _programs() -> list[Path]:
    """Where this environment has the launcher, if it does."""
    folder = Path(sysconfig.get_path("scripts"))
    return [folder] if (folder / LAUNCHER).exists() else []


def main() -> None:
    """Compile all in place, each replaced at once: programs may be running from them."""
    for package, builds in (
        (PACKAGE, (build_helper, build_extension)),
        (INIT.parent, (build_init,)),
        *((folder, (build_launcher,)) for folder in _programs()),
    ):
        with TemporaryDirectory(prefix=".compile-", dir=package) as scratch:
            for build in builds:
                made = build(Path(scratch))
                print(made.replace(package / made.name))


if __name__ == "__main__":
    main()
