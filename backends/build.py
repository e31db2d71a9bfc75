"""The build hook: compiles what the platform needs, and writes down what could not be compiled.

A missing compiler never fails an install. The package then carries `_build.json`, and
`cloche backends` shows its reason and remedy in place of what was to be compiled.

`CLOCHE_PLATFORM_TAG` names another platform to build a wheel for, with `CC` a compiler for it;
`wheels.py` sets both.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any, NamedTuple

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

REPORT = "_build.json"
PROGRAM = "cloche-oci"
SCRIPT = """#!/usr/bin/env python3
from cloche_cli.oci.program import main

main()
"""


class Native(NamedTuple):
    """What one package has compiled for a platform."""

    package: str
    #: Functions of compile.py, each of which makes one file.
    builds: tuple[str, ...]
    #: What those files are called.
    files: tuple[str, ...]
    #: What to do where they could not be compiled.
    remedy: str
    #: Which of the files are programs to be called by their names; without them Python is.
    programs: tuple[str, ...] = ()


COMPILER = (
    "apt-get install gcc libc6-dev python3-dev, "
    "then pip install --force-reinstall --no-cache-dir from where Cloche came from"
)
LINUX = (
    Native(
        "cloche_linux",
        ("build_helper", "build_extension", "build_launcher"),
        ("_helper", "_native*.so"),
        COMPILER,
        ("cloche-oci",),
    ),
    Native("cloche_oci", ("build_init",), ("_init",), COMPILER),
)
WINDOWS = (
    Native(
        "cloche_hcs",
        ("build_vmcompute_for_windows",),
        ("_vmcompute*.pyd",),
        "install Cloche from its wheel for Windows, which has it compiled, or put the gcc of "
        "MinGW-w64 on the PATH, "
        "then pip install --force-reinstall --no-cache-dir from where Cloche came from",
    ),
)


class NativeBuildHook(BuildHookInterface[Any]):
    """Adds the platform's compiled files to a wheel, or the reason why they are not there."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles; an editable install gets the results in its source tree (git ignores them)."""
        platform = os.environ.get("CLOCHE_PLATFORM_TAG", "")
        natives = _natives(platform)
        build_data["tag"] = f"py3-none-{platform or 'any'}"
        self.scratch = TemporaryDirectory(prefix="cloche-build-")
        if not _is_windows(platform):
            self._add_script(build_data["shared_scripts"])
        for native in natives:
            if self._add(native, version, build_data):
                build_data["pure_python"] = False
                build_data["tag"] = _tag(platform)

    def _add_script(self, scripts: dict[str, str]) -> None:
        """Adds `cloche-oci` as Python alone can have it; what is compiled takes its place."""
        script = Path(self.scratch.name, PROGRAM)
        script.write_text(SCRIPT, encoding="utf-8")
        script.chmod(0o755)
        scripts[str(script)] = PROGRAM

    def _add(self, native: Native, version: str, build_data: dict[str, Any]) -> bool:
        """Compiles one package's files and adds them; returns whether they could be compiled."""
        backends, scratch = Path(self.root, "backends"), Path(self.scratch.name, native.package)
        scratch.mkdir()
        made, complete = _compile(native, _load(backends / "compile.py"), scratch)
        if not complete:
            self.app.display_warning(made[0].read_text(encoding="utf-8"))
        programs = {str(file): file.name for file in made if file.name in native.programs}
        if programs:
            build_data["shared_scripts"] = programs
        rest = [file for file in made if str(file) not in programs]
        if version == "editable":
            _place(rest, native, backends / native.package)
        else:
            build_data["force_include"].update({str(m): f"{native.package}/{m.name}" for m in rest})
        return complete

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Removes what was compiled, now that the wheel has it."""
        self.scratch.cleanup()


def _natives(platform: str) -> tuple[Native, ...]:
    """What a platform, this one by default, has compiled."""
    if "linux" in platform or (not platform and sys.platform == "linux"):
        return LINUX
    return WINDOWS if _is_windows(platform) else ()


def _is_windows(platform: str) -> bool:
    return platform.startswith("win") or (not platform and sys.platform == "win32")


def _load(path: Path) -> ModuleType:
    """Loads a neighbour by its path: no build frontend puts this folder on the module path."""
    spec = importlib.util.spec_from_file_location("cloche_compile", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"not a module: {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _compile(native: Native, compiler: ModuleType, out: Path) -> tuple[list[Path], bool]:
    """Returns the native files, or, where one could not be built, only the report that says so."""
    made, causes, missing = [], [], []
    for build in native.builds:
        try:
            made.append(Path(getattr(compiler, build)(out)))
        except compiler.Missing as error:
            missing.append(error.package)
            causes.append(str(error))
        except compiler.CompilerFailed as error:
            causes.append(f"the compiler failed: {_last_error(str(error))}")
    if not causes:
        return made, True
    return [_report(causes, missing, native.remedy, out / REPORT)], False


def _last_error(output: str) -> str:
    """The line that says why, among all that a compiler prints."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "error:" in line), lines[-1] if lines else "")


def _report(causes: list[str], missing: list[str], remedy: str, path: Path) -> Path:
    document = {
        "missing": list(dict.fromkeys(missing)),
        "reason": f"installed without its compiled part: {'; '.join(dict.fromkeys(causes))}",
        "remedy": remedy,
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def _place(made: Iterable[Path], native: Native, package: Path) -> None:
    """Puts the results where an editable install finds them, and nothing stale beside them."""
    for pattern in (*native.files, REPORT):
        for stale in package.glob(pattern):
            stale.unlink()
    for path in made:
        shutil.copy2(path, package / path.name)


def _tag(platform: str) -> str:
    """The wheel's tag; a free-threaded Python has no limited API, so its wheels fit it alone."""
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    platform = platform or sysconfig.get_platform().replace("-", "_").replace(".", "_")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return f"{version}-{version}t-{platform}"
    return f"cp311-abi3-{platform}"
