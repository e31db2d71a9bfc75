"""Makes the checkout known to the Windows Python: its source folders and its entry points.

    checkout.py SITE_PACKAGES

It does what an editable install does there, without running anything of Windows.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def main(site: Path) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project, build = settings["project"], settings["tool"]["hatch"]["build"]
    folders = [windows_path(ROOT / name) for name in build["dev-mode-dirs"]]
    (site / "cloche-checkout.pth").write_text("\n".join(folders) + "\n")
    information = site / f"{project['name']}-{project['version']}.dist-info"
    information.mkdir(exist_ok=True)
    (information / "METADATA").write_text(metadata(project))
    (information / "entry_points.txt").write_text(entry_points(project))
    (information / "RECORD").write_text("")


def windows_path(path: Path) -> str:
    """Wine shows the whole file system of Linux as drive Z."""
    return "Z:" + str(path).replace("/", "\\")


def metadata(project: dict[str, str]) -> str:
    return f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"


def entry_points(project: dict[str, dict[str, dict[str, str]]]) -> str:
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    sections = [[f"[{group}]", *map(" = ".join, names.items())] for group, names in groups.items()]
    return "\n".join(line for section in sections for line in section) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
