"""Installed distributions that are not: folders of metadata and modules on ``sys.path``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    """A directory that is searched first for modules and distributions."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path[1:]])
    return folder


@pytest.fixture
def install(site, monkeypatch) -> Callable[..., None]:
    """Installs a distribution that consists of plug-ins: names and the source of each."""
    monkeypatch.delenv("CLOCHE_PLUGINS")

    def install(distribution: str, version: str = "1.0", folder: Path = site, **plugins: str):
        metadata = folder / f"{distribution}-{version}.dist-info"
        metadata.mkdir(parents=True)
        lines = [f"{name} = {distribution}_{name}" for name in plugins]
        (metadata / "entry_points.txt").write_text("\n".join(["[cloche]", *lines, ""]))
        for name, source in plugins.items():
            module = f"{distribution}_{name}"
            (folder / f"{module}.py").write_text(source)
            monkeypatch.delitem(sys.modules, module, raising=False)

    return install


@pytest.fixture(autouse=True)
def _only_this_site(monkeypatch, request) -> None:
    """What is really installed in this environment is not found, by any of these tests."""
    from cloche import discovery

    real = discovery._metadata_folders

    def only(directory, changed):
        installed = "site-packages" in directory or "dist-packages" in directory
        return () if installed else real(directory, changed)

    monkeypatch.setattr(discovery, "_metadata_folders", only)
