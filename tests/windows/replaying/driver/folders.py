r"""The folders of a scenario: made first, and what each step changes in them.

Everything lies in ``C:\oracle``. Our records are below ``C:\oracle\root``, in places of our own;
the first implementation kept a folder ``<id>`` there, with a file ``layer`` that names the folder
of the sandbox layer. A record of ours is that folder, if it is there, and that file, if the layers
beside which the sandbox lies stand in it.
"""

from __future__ import annotations

import json
import ntpath
import os
import shutil
import stat
from pathlib import Path
from typing import Any

__all__ = ["ROOT", "Folders"]

TREE = Path("C:\\oracle")
ROOT, WORK, LAYERS = TREE / "root", TREE / "cwd", TREE / "layers"
#: A root in which Cloche has found out what there is to know about the machine.
KNOWN = Path("C:\\known")

Entry = dict[str, Any]


class Folders:
    """The tree of one scenario, and how it was when somebody last looked."""

    def __init__(self) -> None:
        self._seen: dict[str, Entry] = {}
        #: The folders of layers of containers, by id: what their records have to name.
        self.layers: dict[str, list[str]] = {}

    def make(self, setup: dict[str, Any]) -> None:
        """Make what a scenario finds, on a machine on which Cloche has been used before."""
        self.begin(setup)
        shutil.copytree(KNOWN, ROOT, dirs_exist_ok=True)

    def begin(self, setup: dict[str, Any]) -> None:
        """Wipe what is there, and make folders and files."""
        wipe()
        for folder in (ROOT, WORK, LAYERS, *map(Path, setup["dirs"])):
            folder.mkdir(parents=True, exist_ok=True)
        for path, content in setup["files"].items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(content, "utf-8")
        os.chdir(WORK)

    def keep(self) -> None:
        """Let every later tree begin with what is in the root of this one."""
        shutil.copytree(ROOT, KNOWN)

    def look(self) -> None:
        """Remember how it is now."""
        self._seen = self._all()

    def changes(self) -> list[Entry]:
        """What has changed since somebody last looked."""
        before, after = self._seen, self._all()
        self._seen = after
        changes = [{"change": "removed", "path": path} for path in before if path not in after]
        for path, entry in after.items():
            if path not in before:
                changes.append({"change": "added", "path": path, **entry})
            elif before[path] != entry:
                changes.append({"change": "changed", "path": path, **entry})
        return sorted(changes, key=lambda change: str(change["path"]))

    def _all(self) -> dict[str, Entry]:
        found: dict[str, Entry] = {}
        for top in (WORK, LAYERS):
            for folder, folders, files in os.walk(top):
                found |= {f"{folder}\\{name}": {"dir": True} for name in folders}
                found |= {f"{folder}\\{name}": described(Path(folder, name)) for name in files}
        return found | self._records()

    def _records(self) -> dict[str, Entry]:
        """Records of ours, as the first implementation would have kept them."""
        found: dict[str, Entry] = {}
        for name, layers in self.layers.items():
            for folder in record_folders(name):
                found[f"{ROOT}\\{name}"] = {"dir": True}
                if names(folder, layers):
                    content = f"{ntpath.dirname(layers[0])}\\{name}"
                    found[f"{ROOT}\\{name}\\layer"] = {"content": content}
        return found


def wipe() -> None:
    """Take the whole tree away, whatever is read-only in it."""
    os.chdir("C:\\")
    for path in TREE.rglob("*"):
        path.chmod(stat.S_IWRITE | stat.S_IREAD)
    if TREE.exists():
        shutil.rmtree(TREE)


def record_folders(id: str) -> list[Path]:
    """Where something is kept about a container: folders that are called by its id."""
    return [Path(folder, id) for folder, folders, _ in os.walk(ROOT) if id in folders]


def described(path: Path) -> Entry:
    """A file with its content."""
    entry: Entry = {"content": path.read_text("utf-8", errors="replace")}
    if path.stat().st_file_attributes & stat.FILE_ATTRIBUTE_READONLY:
        entry["readonly"] = True
    return entry


def names(record: Path, layers: list[str]) -> bool:
    """Whether all layers stand in one of the files of a record."""
    written = [json.dumps(layer, ensure_ascii=False)[1:-1] for layer in layers]
    texts = (
        path.read_text("utf-8", errors="replace") for path in record.rglob("*") if path.is_file()
    )
    return bool(layers) and any(all(layer in text for layer in written) for text in texts)
