"""Builds the wheels for every platform on one Linux machine: `python backends/wheels.py`.

The compiler for Linux is `zig cc` from PyPI: it carries the headers of musl and of each old glibc,
for x86-64 and aarch64; that for Windows is Debian's gcc-mingw-w64-x86-64. The extensions need
nothing of Python but headers, since its limited API is resolved when they are loaded; so every
wheel can be built from here, and each is judged by what it wants of the system.

Arguments are platform tags (all of them without any); `--out DIR` is where wheels go (`dist`).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import StringTableSection

ROOT = Path(__file__).parents[1]
TARGETS = {
    "manylinux_2_17_x86_64": "x86_64-linux-gnu.2.17",
    "manylinux_2_17_aarch64": "aarch64-linux-gnu.2.17",
    "musllinux_1_2_x86_64": "x86_64-linux-musl",
    "musllinux_1_2_aarch64": "aarch64-linux-musl",
    "win_amd64": "",
}
ON_EVERY_WINDOWS = {"kernel32.dll", "msvcrt.dll", "python3.dll"}


def main() -> None:
    """Builds what the arguments name and prints a line for each wheel."""
    parser = argparse.ArgumentParser(description="Builds the wheels for every platform.")
    parser.add_argument("platforms", nargs="*", metavar="TAG", help=", ".join(TARGETS))
    parser.add_argument("--out", type=Path, default=Path("dist"), help="where wheels go")
    arguments = parser.parse_args()
    if unknown := set(arguments.platforms) - TARGETS.keys():
        parser.error(f"no such platform: {', '.join(sorted(unknown))}")
    for platform in arguments.platforms or TARGETS:
        print(wheel(platform, arguments.out.resolve()))


def wheel(platform: str, out: Path) -> Path:
    """Builds one wheel and returns it, after it was found true to its tag."""
    with TemporaryDirectory(prefix="cloche-wheel-") as scratch:
        environment = os.environ | {"CLOCHE_PLATFORM_TAG": platform}
        if target := TARGETS[platform]:
            environment["CC"] = _compiler(target, _python_headers(Path(scratch, "include")))
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", scratch]
        done = subprocess.run([*command, ROOT], env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stdout + done.stderr)
        (built,) = Path(scratch).glob("*.whl")
        if platform not in built.name:
            raise SystemExit(f"{built.name} instead of a wheel for {platform}: {_reason(built)}")
        _audit(built, platform)
        out.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(built, out / built.name))


def _compiler(target: str, python_headers: Path) -> str:
    """The command; `zig cc` knows no kernel headers for the helper, which has no C library."""
    libc = Path(_ziglang(), "lib/libc/include")
    machine = target.partition("-")[0].replace("x86_64", "x86")
    kernel = [f"-isystem {libc / name}" for name in (f"{machine}-linux-any", "any-linux-any")]
    return f"{sys.executable} -m ziglang cc -target {target} -I{python_headers} {' '.join(kernel)}"


def _ziglang() -> str:
    spec = importlib.util.find_spec("ziglang")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("ziglang is missing: pip install --group wheels")
    return spec.submodule_search_locations[0]


def _python_headers(folder: Path) -> Path:
    """Debian's pyconfig.h only includes that of the target, by a path that a cross compiler lacks.

    The host's stands in for it: on 64-bit Linux they agree in all that the limited API uses.
    """
    python = f"python{sysconfig.get_python_version()}"
    for machine in ("x86_64", "aarch64"):
        place = folder / f"{machine}-linux-gnu" / python
        place.mkdir(parents=True)
        shutil.copy(sysconfig.get_config_h_filename(), place)
    return folder


def _reason(wheel: Path) -> str:
    archive = zipfile.ZipFile(wheel)
    reports = (name for name in archive.namelist() if name.endswith("/_build.json"))
    return "".join(archive.read(report).decode() for report in reports)


def _audit(wheel: Path, platform: str) -> None:
    """Fails unless what the wheel wants of the system is there on every machine of its tag."""
    if platform.startswith("win"):
        if not (libraries := _windows_libraries(wheel)) <= ON_EVERY_WINDOWS:
            raise SystemExit(f"{wheel.name} needs more than Windows and Python: {libraries}")
        return
    if platform.startswith("musl"):
        if (libraries := _libraries(wheel)) != {"libc.so"}:
            raise SystemExit(f"{wheel.name} needs more than musl: {libraries}")
        return
    command = [sys.executable, "-m", "auditwheel", "show", str(wheel)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if f'"{platform}"' not in shown:
        raise SystemExit(f"{wheel.name} needs more than {platform} has:\n{shown}")


def _windows_libraries(wheel: Path) -> set[str]:
    """The DLLs that the binding is linked to; vmcompute.dll is none of them."""
    with TemporaryDirectory(prefix="cloche-wheel-") as scratch:
        binding = zipfile.ZipFile(wheel).extract("cloche_hcs/_vmcompute.pyd", scratch)
        command = ["x86_64-w64-mingw32-objdump", "--private-headers", binding]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {line.split()[-1].lower() for line in shown.splitlines() if "DLL Name:" in line}


def _libraries(wheel: Path) -> set[str]:
    """The shared libraries of the extension; `auditwheel` looks for musl's on a glibc machine."""
    with zipfile.ZipFile(wheel) as archive, archive.open("cloche_linux/_native.abi3.so") as file:
        elf = ELFFile(file)
        dynamic, names = map(elf.get_section_by_name, (".dynamic", ".dynstr"))
        assert isinstance(dynamic, DynamicSection)
        assert isinstance(names, StringTableSection)
        return {names.get_string(tag["d_val"]) for tag in dynamic.iter_tags("DT_NEEDED")}


if __name__ == "__main__":
    main()
