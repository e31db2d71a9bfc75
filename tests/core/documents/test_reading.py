"""Documents are read as strictly as pydantic would, without it, and faults are named by path."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, NewType, cast, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from cloche import documents, spec
from cloche.documents.explain import adapter
from cloche.documents.names import json_names
from cloche.errors import InvalidSpec
from cloche.spec import Document, Linux, Spec, Windows
from cloche.spec.integers import Bounded

JSON = Any
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
anything: st.SearchStrategy[JSON] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=3,
)


def hints_of(cls: type[Document]) -> dict[str, object]:
    adapter(Spec)  # gives config.py the names that it imports for type checkers only
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def valid(hint: Any) -> st.SearchStrategy[JSON]:
    """JSON that is what the annotation says."""
    arguments = get_args(hint)
    if get_origin(hint) is UnionType:
        return st.one_of(*map(valid, arguments))
    if get_origin(hint) is tuple:
        return st.lists(valid(arguments[0]), max_size=2)
    if get_origin(hint) is Mapping:
        return st.dictionaries(text, valid(arguments[1]), max_size=2)
    if issubclass(hint, Bounded):
        return st.integers(hint.low, hint.high) | st.sampled_from([hint.low, hint.high])
    if issubclass(hint, Document):
        return st.deferred(lambda: document(hint))
    return {str: text, bool: st.booleans(), NoneType: st.none(), object: anything}[hint]


def document(cls: type[Document]) -> st.SearchStrategy[dict[str, JSON]]:
    names, hints = json_names(cls), hints_of(cls)
    needed = set(cls.__required__)
    fields = {name: valid(hint) for name, hint in hints.items()}
    return st.fixed_dictionaries(
        {names[name]: fields[name] for name in needed},
        optional={names[name]: fields[name] for name in names if name not in needed},
    )


@st.composite
def damaged(draw: st.DrawFn, cls: type[Document]) -> JSON:
    """A document with something put in the place of one of its parts."""
    whole = {"": draw(document(cls))}
    parts: list[tuple[JSON, JSON]] = []
    remaining: list[JSON] = [whole]
    while remaining:
        part = remaining.pop()
        keys = list(part) if isinstance(part, dict) else range(len(part))
        parts += [(part, key) for key in keys]
        remaining += [part[key] for key in keys if isinstance(part[key], (dict, list))]
    part, key = draw(st.sampled_from(parts))
    part[key] = draw(anything | st.sampled_from([-1, 2**32, 2**64, 1.0, "1", True]))
    return whole[""]


def pydantic_reads(cls: type[Document], text: str) -> Document | None:
    try:
        found: Document = adapter(cast(type, cls)).validate_json(text, strict=True)
    except ValidationError:
        return None
    return found


def we_read(cls: type[Document], text: str) -> Document | None:
    try:
        return documents.read(cls, text)
    except InvalidSpec:
        return None


@settings(max_examples=150, deadline=None)
@given(data=document(Spec))
def test_valid_documents_are_read_and_written_as_they_were(data: JSON) -> None:
    value = documents.read(Spec, json.dumps(data), strict=True)
    assert pydantic_reads(Spec, json.dumps(data)) == value
    again = documents.read(Spec, documents.write(value), strict=True)
    assert again == value
    assert documents.read(Spec, data) == value


@settings(max_examples=300, deadline=None)
@given(data=damaged(Spec) | damaged(Linux) | damaged(Windows))
def test_damaged_documents_are_refused_where_pydantic_refuses_them(data: JSON) -> None:
    for cls in (Spec, Linux, Windows):
        text = json.dumps(data)
        assert we_read(cls, text) == pydantic_reads(cls, text)


MINIMAL: dict[str, JSON] = {"ociVersion": "1.3.0"}


@pytest.mark.parametrize(
    ("change", "path", "what"),
    [
        ({"ociVersion": 1}, "ociVersion", "string"),
        ({"process": {"cwd": "/", "args": ["sh", 1]}}, "process.args[1]", "string"),
        ({"process": {"args": ["sh"]}}, "process.cwd", "required"),
        ({"mounts": [{"destination": "/"}, {}]}, "mounts[1].destination", "required"),
        ({"linux": {"sysctl": {"net.x": 1}}}, 'linux.sysctl["net.x"]', "string"),
        (
            {"linux": {"uidMappings": [{"containerID": 0, "hostID": -1, "size": 1}]}},
            "linux.uidMappings[0].hostID",
            "greater than or equal to 0",
        ),
        ({"windows": {"layerFolders": "C:"}}, "windows.layerFolders", "array"),
    ],
)
def test_a_fault_is_named_by_its_path_and_said_in_words(
    change: dict[str, JSON], path: str, what: str
) -> None:
    with pytest.raises(InvalidSpec) as caught:
        documents.read(Spec, json.dumps({**MINIMAL, **change}))
    assert caught.value.path == path
    assert str(caught.value).startswith(f"{path}: ")
    assert what in str(caught.value)


@pytest.mark.parametrize("broken", [b"", b"{", b"\xff", b'{"a": NaN}', "[" * 100_000])
def test_what_is_not_json_is_refused_as_that(broken: bytes | str) -> None:
    with pytest.raises(InvalidSpec, match="not JSON"):
        documents.read(Spec, broken)


@pytest.mark.parametrize("other", ["[]", "1", '"x"', "null"])
def test_what_is_no_object_is_refused(other: str) -> None:
    with pytest.raises(InvalidSpec, match="object"):
        documents.read(Spec, other)


@pytest.mark.parametrize(
    ("extra", "path"),
    [
        ({"x": 1}, "x"),
        ({"process": {"cwd": "/", "user": {"name": "x"}}}, "process.user.name"),
        ({"mounts": [{"destination": "/"}, {"destination": "/", "x": {}}]}, "mounts[1].x"),
        ({"linux": {"netDevices": {"eth0": {"x": 1}}}}, "linux.netDevices.eth0.x"),
    ],
)
def test_unknown_fields_are_ignored_in_others_documents_and_refused_in_ours(
    extra: dict[str, JSON], path: str
) -> None:
    data = json.dumps({**MINIMAL, **extra})
    documents.read(Spec, data)
    with pytest.raises(InvalidSpec, match="no such field") as caught:
        documents.read(Spec, data, strict=True)
    assert caught.value.path == path


def test_values_that_were_refused_are_not_repeated_in_the_error() -> None:
    """They may be secrets: an environment variable, a credential."""
    with pytest.raises(InvalidSpec) as caught:
        documents.read(Spec, '{"ociVersion": "1", "process": {"cwd": "/", "env": "TOKEN=hunter2"}}')
    assert "hunter2" not in str(caught.value)


class Colour(Enum):
    """Something with names."""

    RED = "red"


Name = NewType("Name", str)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Plain:
    """A dataclass of someone who never heard of Document."""

    name: Name
    colour: Colour = Colour.RED
    kind: Literal["a", "b"] = "a"
    ratio: float = 0.5
    parts: list[int] = dataclasses.field(default_factory=list)
    inner: Plain | None = None
    extra: Mapping[str, object] | None = None


def test_any_dataclass_is_a_document() -> None:
    value = Plain(name=Name("x"), parts=[1], inner=Plain(name=Name("y")), extra={"k": [None, 1]})
    text = documents.write(value)
    assert json.loads(text)["inner"] == {
        "name": "y",
        "colour": "red",
        "kind": "a",
        "ratio": 0.5,
        "parts": [],
    }
    assert documents.read(Plain, text, strict=True) == value
    for wrong in ('{"name": 1}', '{"name": "", "kind": "c"}', '{"name": "", "colour": []}', "{}"):
        with pytest.raises(InvalidSpec):
            documents.read(Plain, wrong)


def test_an_integer_is_a_number_but_a_truth_is_none() -> None:
    assert documents.read(Plain, '{"name": "", "ratio": 1}').ratio == 1.0
    for wrong in ('{"name": "", "ratio": true}', '{"name": "", "parts": [true]}'):
        with pytest.raises(InvalidSpec):
            documents.read(Plain, wrong)


def test_reading_and_writing_valid_documents_does_not_import_pydantic() -> None:
    code = (
        "from cloche import documents, spec; import sys;"
        'value = documents.read(spec.Spec, \'{"ociVersion": "1.0.2", "linux": {}}\', strict=True);'
        "documents.write(value); documents.check(value); print(*sys.modules)"
    )
    path = f"import sys; sys.path[:] = {[entry for entry in sys.path if entry]!r}; "
    argv = [sys.executable, "-S", "-c", path + code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    assert "cloche.documents.reader" in done.stdout.split()
    assert "pydantic" not in done.stdout.split()


def test_every_class_of_the_specification_can_be_read() -> None:
    for name in spec.__all__:
        cls = getattr(spec, name)
        if name not in ("VERSION", "Document") and not cls.__required__:
            assert documents.read(cls, "{}", strict=True) == cls()
