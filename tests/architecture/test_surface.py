"""What people import is what `cloche.__all__` names, what docs/api.md lists, and nothing else."""

from __future__ import annotations

import inspect
import tomllib
from importlib import import_module

import cloche


def first_sentence(item: object) -> str:
    """The first paragraph of the docstring, on one line."""
    return " ".join((inspect.getdoc(item) or "").split("\n\n")[0].split())


def test_every_name_of_the_front_door_resolves():
    missing = [name for name in cloche.__all__ if not hasattr(cloche, name)]
    assert missing == []


def test_dir_offers_every_name():
    assert set(cloche.__all__) <= set(dir(cloche))


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(cloche, "no_such_name")


def test_no_name_is_listed_twice_or_private():
    assert len(set(cloche.__all__)) == len(cloche.__all__)
    assert [name for name in cloche.__all__ if name.startswith("_") and name != "__version__"] == []


def test_every_class_and_function_says_what_it_is():
    silent = [
        name
        for name in cloche.__all__
        if callable(getattr(cloche, name)) and not first_sentence(getattr(cloche, name))
    ]
    assert silent == []


def test_the_reference_lists_the_front_door(root):
    """docs/api.md repeats each docstring's first paragraph; this prints the lines it must have."""
    callables = [name for name in cloche.__all__ if callable(getattr(cloche, name))]
    lines = [f"| `{name}` | {first_sentence(getattr(cloche, name))} |" for name in callables]
    text = (root / "docs/api.md").read_text(encoding="utf-8")
    listed = [line for line in text.splitlines() if line.startswith("| `")]
    assert sorted(listed) == sorted(lines), "docs/api.md must have:\n" + "\n".join(lines)


def test_every_entry_point_names_a_module(root):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    for module in project["entry-points"]["cloche"].values():
        assert inspect.ismodule(import_module(module))
    module, _, function = project["scripts"]["cloche"].partition(":")
    assert callable(getattr(import_module(module), function))


def test_typed_packages_say_so(rooms):
    """Type checkers believe annotations only beside a py.typed."""
    assert [name for name, folder in rooms.items() if not (folder / "py.typed").exists()] == []
