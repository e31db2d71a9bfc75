"""state, list, ps, spec, features and events."""

from __future__ import annotations

import sys

assert sys.platform != "win32"

import os

from cloche.documents import write
from cloche.errors import AlreadyExists, ClocheError, InvalidSpec, NotFound
from cloche_cli.oci.places import found, home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloche.oci import Home
    from cloche_cli.oci.flags import Typed

__all__ = ["events", "features", "list_all", "ps", "spec", "state"]

_COLUMNS = ("ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER")


def state(typed: Typed, below: Typed) -> int:
    """Show a container's state."""
    _show(found(typed, below).describe())
    return 0


def list_all(typed: Typed, below: Typed) -> int:
    """List all containers; a place that the caller names, and that is not there, is an error."""
    place = home(typed)
    if typed.text("root") is not None and not os.path.isdir(place.path):
        raise NotFound(f"--root {place.path}: no such directory")
    if below.switch("quiet"):
        sys.stdout.write("".join(f"{each}\n" for each in place.ids()))
        return 0
    rows = [*_described(place)]
    if _is_json(below, "table"):
        _line(rows or None)
    else:
        _table(_COLUMNS, [[str(row[name.lower()]) for name in _COLUMNS] for row in rows])
    return 0


def _described(place: Home) -> Iterable[dict[str, object]]:
    """Pass over those that vanish meanwhile, and tell of those that can't be read."""
    for each in place.ids():
        try:
            yield place.get(each).describe()
        except ClocheError as error:
            sys.stderr.write(f"cloche: {each}: {error}\n")


def ps(typed: Typed, below: Typed) -> int:
    """List a container's processes."""
    options = below.words[1:]
    below.words[1:] = []
    pids = [*found(typed, below).pids()]
    if _is_json(below, "table"):
        _line(pids)
        return 0
    return _ps(pids, options or ["-ef"])


def _ps(pids: Sequence[int], options: Sequence[str]) -> int:
    """Let ps(1) list everything, and keep its heading and our lines."""
    from subprocess import run

    try:
        listed = run(["ps", *options], capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise ClocheError(f"ps: {error.strerror}", hint="--format json") from error
    heading, *lines = listed.stdout.splitlines() or [""]
    if listed.returncode or "PID" not in heading.split():
        raise InvalidSpec(f"ps: no column PID: {listed.stderr.strip()}", path="options")
    place, wanted = heading.split().index("PID"), {str(pid) for pid in pids}
    ours = [line for line in lines if (line.split() + [""] * place)[place] in wanted]
    sys.stdout.write("".join(f"{line}\n" for line in (heading, *ours)))
    return 0


def spec(typed: Typed, below: Typed) -> int:
    """Write a configuration to begin with."""
    from json import dumps

    from cloche.oci import template

    path = os.path.join(below.text("bundle") or ".", "config.json")
    text = dumps(template(rootless=below.switch("rootless")), indent="\t")
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text + "\n")
    except FileExistsError:
        raise AlreadyExists(
            f"File {path} exists. Remove it first", hint="it is not written over"
        ) from None
    except OSError as error:
        raise ClocheError(f"{path}: {error.strerror}") from error
    return 0


def features(typed: Typed, below: Typed) -> int:
    """Show what this runtime can do."""
    from json import dumps

    from cloche.oci import features as told

    sys.stdout.write(dumps(told(), indent=2) + "\n")
    return 0


def events(typed: Typed, below: Typed) -> int:
    """Show what a container uses: once, or again and again until it has ended."""
    from cloche_cli.oci.watching import watch

    return watch(found(typed, below), below)


def _is_json(below: Typed, usual: str) -> bool:
    form = below.text("format") or usual
    if form not in ("table", "json"):
        raise InvalidSpec(f"--format: {form!r} is neither table nor json", path="format")
    return form == "json"


def _line(value: object) -> None:
    sys.stdout.write(write(value).decode() + "\n")


def _show(value: dict[str, object]) -> None:
    """Without the pages of `json`, whose import takes longer: a line for each, and no deeper."""
    lines = (f"  {write(name).decode()}: {write(each).decode()}" for name, each in value.items())
    sys.stdout.write("{\n" + ",\n".join(lines) + "\n}\n")


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(heading, *rows, strict=True)]
    for row in (heading, *rows):
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("   ".join(cells).rstrip() + "\n")
