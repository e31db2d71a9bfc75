"""No name of a layer's tar file leads out of the layer, or means something else to Windows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import ImageError
from cloche_hcs.layers.names import layer_name, stream_name, whiteout


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Files", "Files"),
        ("Files/", "Files"),
        ("Files/a b/c.txt", r"Files\a b\c.txt"),
        ("Hives/System_Delta", r"Hives\System_Delta"),
        ("UtilityVM/Files/x", r"UtilityVM\Files\x"),
        ("Files/console", r"Files\console"),
        ("Files/com10", r"Files\com10"),
        ("Files/.x", r"Files\.x"),
    ],
)
def test_a_proper_name_is_the_same_in_windows_words(name: str, expected: str) -> None:
    assert layer_name(name) == expected


@pytest.mark.parametrize(
    "name",
    [
        "/Files/x", "\\Files\\x", "C:/x", "Files:x", "Files/..", "Files/../x", "Files/./x",
        "Files//x", "Files/a\\b", "Files/a:b", "Files/x:$DATA", "Files/con", "Files/NUL.txt",
        "Files/nul .txt", "Files/a/com1", "Files/lpt¹", "Files/conout$", "Files/x.", "Files/x ",
        "Files/a\0b", "Files/a*", "Files/\udc80", "", ".", "..", "etc/passwd", "files/x",
        "Files/" + "x" * 256, "Files/" + "x/" * 20_000 + "x",
    ],
)  # fmt: skip
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ImageError):
        layer_name(name)


def test_a_layer_of_another_platform_is_recognised() -> None:
    with pytest.raises(ImageError) as caught:
        layer_name("usr/bin/env")
    assert caught.value.hint == (
        "a Windows layer has Files, Hives and UtilityVM; is it of another platform?"
    )


@given(st.text(max_size=40))
def test_no_name_steps_out(name: str) -> None:
    try:
        components = layer_name("Files/" + name).split("\\")
    except ImageError:
        return
    assert components[0] == "Files"
    assert not {"", ".", ".."} & set(components)
    assert not any(":" in part or "/" in part for part in components)


@pytest.mark.parametrize(
    ("name", "gone"), [("Files/.wh.x", "Files/x"), ("Files/x", None), ("Files/a.wh.x", None)]
)
def test_whiteouts_name_what_is_gone(name: str, gone: str | None) -> None:
    assert whiteout(name) == gone


@pytest.mark.parametrize("name", ["Files/.wh.", "Files/.wh..wh..opq"])
def test_marks_that_windows_layers_do_not_have_are_refused(name: str) -> None:
    with pytest.raises(ImageError):
        whiteout(name)


def test_a_stream_belongs_to_the_file_before_it() -> None:
    assert stream_name("Files/a:s", "Files/a") == ":s:$DATA"
    assert stream_name("Files/a", "Files/a") is None


@pytest.mark.parametrize("name", ["Files/b:s", "Files/a:", "Files/a:s:$DATA", "Files/a:../b"])
def test_a_stream_of_another_file_is_refused(name: str) -> None:
    with pytest.raises(ImageError):
        stream_name(name, "Files/a")
