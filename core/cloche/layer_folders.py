"""Folders of layers as Windows' filter driver keeps them: a layer's files, and who its parents are.

A layer's own files lie in ``Files``, beside ``Hives`` and perhaps ``UtilityVM``. The folders of the
layers below it are named by ``layerchain.json``, topmost first, as Docker and containerd write it;
a base layer has none, or an empty one.
"""

from __future__ import annotations

import os

from cloche.errors import InvalidSpec
from cloche.layers import Layer

__all__ = ["CHAIN", "is_layer_folder", "layers_from", "parents_of"]

CHAIN = "layerchain.json"
#: Bytes of a chain beyond which it is none: layers are at most some hundreds.
_LONGEST = 1 << 20


def is_layer_folder(path: str) -> bool:
    """Whether a directory is one layer of a Windows image, by what lies in it."""
    if os.path.lexists(os.path.join(path, CHAIN)):
        return True
    return all(os.path.isdir(os.path.join(path, part)) for part in ("Files", "Hives"))


def layers_from(path: str, parameter: str) -> tuple[Layer, ...]:
    """Name a layer and those below it, topmost first.

    Raises InvalidSpec, which ``parameter`` is the name for, for a folder that is no layer, and for
    a parent that is missing, or not named by an absolute path.
    """
    from pathlib import Path

    folders = (path, *parents_of(path, parameter))
    for folder in folders:
        if not os.path.isdir(os.path.join(folder, "Files")):
            raise InvalidSpec(
                f"{parameter}: {folder} is no layer of Windows: it has no Files",
                path=parameter,
                hint="name the folder of an image's topmost layer",
            )
    return tuple(Layer(kind="windows", path=Path(folder)) for folder in folders)


def parents_of(path: str, parameter: str) -> tuple[str, ...]:
    """Name the folders of the layers below one, topmost first; InvalidSpec as ``layers_from``."""
    file = os.path.join(path, CHAIN)
    chain = []
    for parent in _read(file, parameter):
        if not isinstance(parent, str) or not os.path.isabs(parent) or "\0" in parent:
            raise _wrong(parameter, file, f"{parent!r} is not an absolute path")
        if not os.path.isdir(parent):
            raise _wrong(parameter, file, f"{parent} does not exist")
        if os.path.samefile(parent, path):
            raise _wrong(parameter, file, "the layer is below itself")
        chain.append(parent)
    return tuple(chain)


def _read(file: str, parameter: str) -> list[object]:
    import json

    try:
        with open(file, "rb") as opened:
            content = opened.read(_LONGEST)
        chain: object = json.loads(content.decode("utf-8-sig"))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, RecursionError) as error:
        raise _wrong(parameter, file, str(error)) from error
    if chain is None:
        return []
    if not isinstance(chain, list):
        raise _wrong(parameter, file, "not a list of folders")
    return chain


def _wrong(parameter: str, file: str, why: str) -> InvalidSpec:
    return InvalidSpec(f"{parameter}: {file}: {why}", path=parameter)
