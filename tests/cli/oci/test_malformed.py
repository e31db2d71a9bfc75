"""Configurations that nobody wrote so: the fault is named by its path, and nothing is made.

Each is a valid one with something broken in it: in its values, in its text, or in its bytes.
"""

from __future__ import annotations

import copy
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cloche.documents import read
from cloche.documents.explain import adapter
from cloche.errors import ClocheError, InvalidSpec
from cloche.oci import BundleContainer
from cloche.spec import Spec
from cloche_cli.oci import creating, program, telling

from .copies import run_in_copy
from .test_documents import WRONG, broken, places, whole

# Warnings are told, and no errors.
pytestmark = pytest.mark.filterwarnings("default")

#: How many of each kind are tried: more where there is time for a campaign.
EXAMPLES = int(os.environ.get("CLOCHE_OCI_EXAMPLES", "60"))
DEEP = 100_000
GROUPS = "cloche-malformed"
SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

HUGE = st.sampled_from(
    [2**31, 2**32, 2**63, 2**64, -(2**63) - 1, 10**400, 1e308, "x" * 100_000, ["x"] * 10_000]
)
NASTY = st.sampled_from(["\0", "a\0b", "\ud800", "../..", "/", "", " ", "%s", "\n", "a=b"])


class Told(NamedTuple):
    """How a creation ended: what was said of it, and the error behind that."""

    code: int
    words: str
    error: BaseException | None


class Twice(dict[str, Any]):
    """An object with one of its keys twice, which JSON does not forbid."""

    def __init__(self, values: dict[str, Any], again: str, value: object) -> None:
        super().__init__(values)
        self.again = again, value

    def items(self) -> Any:
        return [*super().items(), self.again]


def without(config: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(config)
    at: Any = changed
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return changed


def doubled(config: dict[str, Any], path: tuple[Any, ...], value: object) -> dict[str, Any]:
    """The object around a place, with that key a second time; lists have no keys."""
    if isinstance(path[-1], int):
        return broken(config, path, value)
    at: Any = config
    for key in path[:-1]:
        at = at[key]
    twice = Twice(at, path[-1], value)
    return twice if len(path) == 1 else broken(config, path[:-1], twice)


@st.composite
def damaged_values(draw: st.DrawFn, config: dict[str, Any]) -> bytes:
    """One to three places with another value, without one, or with two."""
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(config)))
        wrong = draw(WRONG | HUGE | NASTY)
        change = draw(st.sampled_from([broken, doubled, lambda c, p, _: without(c, p)]))
        config = change(config, path, wrong)
        if change is doubled:  # what is there twice has no place of its own
            break
    return json.dumps(config).encode()


@st.composite
def damaged_bytes(draw: st.DrawFn, config: dict[str, Any]) -> bytes:
    """The text cut off, with bytes in it that are none of UTF-8, or with a deep nest in it."""
    text = json.dumps(config).encode()
    at = draw(st.integers(0, len(text)))
    insert = draw(
        st.sampled_from([b"\xff", b"\xc3", b"\0", b"\xed\xa0\x80", b",", b"}", b"\xef\xbb\xbf",
                         b"[" * DEEP, b'{"a":' * DEEP, b"NaN", b"1e999", b"\\"])
        | st.binary(max_size=4)
    )  # fmt: skip
    return draw(st.sampled_from([text[:at], text[:at] + insert + text[at:], insert]))


@pytest.fixture
def create(busybox: Path, tmp_path: Path, monkeypatch) -> Iterator[Callable[[bytes], Told]]:
    """Tries to make a container of a configuration, and sees that it leaves nothing."""
    if os.geteuid() != 0:
        pytest.skip("bundles with ids of this machine need root")
    errors: list[BaseException] = []
    fail = telling.fail

    def noted(error: BaseException, *more: Any) -> int:
        errors.append(error)
        return fail(error, *more)

    make_one = creating._make

    def released(*words: Any, **more: Any) -> BundleContainer:
        """Its descriptors are left to the end of a command's process, which this one is not."""
        made = make_one(*words, **more)
        made.container.close()
        return made

    monkeypatch.setattr(telling, "fail", noted)
    monkeypatch.setattr(creating, "_make", released)
    state = tmp_path / "state"

    def run(*words: str) -> tuple[int, str]:
        words_of_it = StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stderr", words_of_it)
            return program.run(["--root", str(state), *words]), words_of_it.getvalue()

    def make(data: bytes) -> Told:
        errors.clear()
        (tmp_path / "config.json").write_bytes(data)
        code, words = run("create", "--bundle", str(tmp_path), "box")
        told = Told(code, words, errors[0] if errors else None)
        if code == 0:
            assert run_in_copy(["--root", str(state), "delete", "--force", "box"])[0] == 0
        assert (list(state.glob("*")), _left(tmp_path)) == ([], []), (told, data[:4000])
        return told

    yield make
    for directory in Path("/sys/fs/cgroup").glob(f"*/{GROUPS}"):
        with suppress(OSError):  # another worker's are still in it
            directory.rmdir()


def _group(place: Path) -> str:
    return f"{GROUPS}/{os.getpid()}-{place.name}"


def _left(place: Path) -> list[str]:
    """Control groups of the test's, and mounts below its directory."""
    groups = [str(each) for each in Path("/sys/fs/cgroup").glob(f"*/{_group(place)}")]
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return groups + [line for line in mounts if str(place) in line]


def valid(busybox: Path, place: Path) -> dict[str, Any]:
    config = whole(busybox)
    config["linux"]["cgroupsPath"] = _group(place)
    return config


def check(told: Told, data: bytes) -> None:
    """Whatever it was: one line without a traceback, and of a wrong document its place."""
    if told.code == 0:
        return
    assert isinstance(told.error, ClocheError), repr(told.error)
    line = told.words.splitlines()[0]
    assert "Traceback" not in told.words
    if isinstance(told.error, InvalidSpec):
        path = told.error.path
        said = line.removeprefix("cloche: ")
        if not path:  # then it is the whole file that is wrong
            said = said.partition("config.json: ")[2] or said
        assert said.startswith(tuple(f"{each}: " for each in _beginnings(path))), line
        assert path or not _is_object(data), line


def _beginnings(path: str) -> tuple[str, ...]:
    """How a message begins: with the place, if there is any in what is to be a document."""
    return (path,) if path else ("not JSON", "document")


def _is_object(data: bytes) -> bool:
    try:
        return isinstance(json.loads(data.decode(), parse_constant=_refuse), dict)
    except (ValueError, RecursionError):
        return False


def _refuse(constant: str) -> object:
    raise ValueError(constant)


@SETTINGS
@given(data=st.data())
def test_wrong_values_are_named_by_their_place(data, create, busybox, tmp_path) -> None:
    text = data.draw(damaged_values(valid(busybox, tmp_path)))
    check(create(text), text)


@SETTINGS
@given(data=st.data())
def test_what_is_no_json_is_said_to_be_none(data, create, busybox, tmp_path) -> None:
    text = data.draw(damaged_bytes(valid(busybox, tmp_path)))
    check(create(text), text)


@SETTINGS
@given(data=st.data())
def test_the_fast_reader_refuses_what_pydantic_refuses(data, busybox, tmp_path) -> None:
    config = valid(busybox, tmp_path)
    text = data.draw(damaged_values(config) | damaged_bytes(config))
    assume(b"\\ud" not in text)  # names of files that are no text are written so, and read
    assert _fast(text) == _slow(text)


def _fast(text: bytes) -> Spec | None:
    try:
        return read(Spec, text)
    except InvalidSpec:
        return None


def _slow(text: bytes) -> Spec | None:
    try:
        found: Spec = adapter(Spec).validate_json(text, strict=True)
    except ValidationError:
        return None
    return found


def test_what_is_broken_is_a_valid_configuration(create, busybox, tmp_path) -> None:
    """The control."""
    assert create(json.dumps(valid(busybox, tmp_path)).encode()).code == 0
