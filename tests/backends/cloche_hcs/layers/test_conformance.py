"""The contract of layer stores, over the service of the tests."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from cloche.layers import LayerStoreDescriptor
from cloche.probe import Supported
from cloche.testing import LayerKeepingSuite, LayerStoreSubject
from cloche_hcs.layers.store import FORMS, FilterStore


def archive(files: Mapping[str, bytes]) -> bytes:
    """A layer as Windows' images have them."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("Files", "Hives"):
            folder = tarfile.TarInfo(name)
            folder.type = tarfile.DIRTYPE
            tar.addfile(folder)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.pax_headers = {"MSWINDOWS.fileattr": "32"}
            tar.addfile(entry, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.usefixtures("service")
class TestFilterStore(LayerKeepingSuite):
    archives = (
        archive({"Files/lower": b"1" * 3000, "Files/both": b"1", "Hives/System_Base": b"hive"}),
        archive({"Files/upper": b"2", "Files/both": b"2", "Hives/System_Delta": b"hive"}),
    )

    def subject(self, home: Path) -> LayerStoreSubject:
        return LayerStoreSubject(
            store=LayerStoreDescriptor(
                name="filter",
                ceiling=80,
                offers=FORMS,
                kinds=frozenset({"directory", "image", "windows"}),
                probe=lambda argument: Supported(score=80),
                open=FilterStore.open,
            )
        )
