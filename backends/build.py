"""The build hook: compiles what Linux needs, and writes down what could not be compiled.

A missing compiler never fails an install. The package then carries `_build.json`, and
`cloche backends` shows its reason and remedy in place of the native runtime.

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
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "cloche_linux"
REPORT = "_build.json"
REMEDY = (
    "apt-get install gcc libc6-dev python3-dev, "
    "then pip install --force-reinstall --no-cache-dir from where Cloche came from"
)


class NativeBuildHook(BuildHookInterface[Any]):
    """Adds the static helper and the extension to a wheel, or the reason why they are not there."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compiles; an editable install gets the results in its source tree (git ignores them)."""
        platform = os.environ.get("CLOCHE_PLATFORM_TAG", "")
        if not _is_linux(platform):
            build_data["tag"] = f"py3-none-{platform or 'any'}"
            return
        self.scratch = TemporaryDirectory(prefix="cloche-build-")
        backends = Path(self.root, "backends")
        made, complete = _compile(_load(backends / "compile.py"), Path(self.scratch.name))
        if complete:
            build_data["pure_python"] = False
            build_data["tag"] = _tag(platform)
        else:
            self.app.display_warning(made[0].read_text(encoding="utf-8"))
        if version == "editable":
            _place(made, backends / PACKAGE)
        else:
            build_data["force_include"].update({str(m): f"{PACKAGE}/{m.name}" for m in made})

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Removes what was compiled, now that the wheel has it."""
        if hasattr(self, "scratch"):
            self.scratch.cleanup()


def _is_linux(platform: str) -> bool:
    return "linux" in platform if platform else sys.platform == "linux"


def _load(path: Path) -> ModuleType:
    """Loads a neighbour by its path: no build frontend puts this folder on the module path."""
    spec = importlib.util.spec_from_file_location("cloche_compile", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"not a module: {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _compile(compiler: ModuleType, out: Path) -> tuple[list[Path], bool]:
    """Returns both native files, or, where one could not be built, only the report that says so."""
    made, causes, missing = [], [], []
    for build in (compiler.build_helper, compiler.build_extension):
        try:
            made.append(Path(build(out)))
        except compiler.Missing as error:
            missing.append(error.package)
            causes.append(str(error))
        except compiler.CompilerFailed as error:
            causes.append(f"the compiler failed: {_last_error(str(error))}")
    if not causes:
        return made, True
    return [_report(causes, missing, out / REPORT)], False


def _last_error(output: str) -> str:
    """The line that says why, among all that a compiler prints."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "error:" in line), lines[-1] if lines else "")


def _report(causes: list[str], missing: list[str], path: Path) -> Path:
    document = {
        "missing": list(dict.fromkeys(missing)),
        "reason": f"installed without its compiled part: {'; '.join(dict.fromkeys(causes))}",
        "remedy": REMEDY,
    }
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def _place(made: Iterable[Path], package: Path) -> None:
    """Puts the results where an editable install finds them, and nothing stale beside them."""
    for stale in (package / "_helper", package / REPORT, *package.glob("_native*.so")):
        stale.unlink(missing_ok=True)
    for path in made:
        shutil.copy2(path, package / path.name)


def _tag(platform: str) -> str:
    """The wheel's tag; a free-threaded Python has no limited API, so its wheels fit it alone."""
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    platform = platform or sysconfig.get_platform().replace("-", "_").replace(".", "_")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return f"{version}-{version}t-{platform}"
    return f"cp311-abi3-{platform}"
