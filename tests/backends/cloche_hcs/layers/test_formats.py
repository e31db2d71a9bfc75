"""Times, extended attributes, links and security descriptors in Windows' own forms."""

from __future__ import annotations

import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import ImageError, NotSupported
from cloche_hcs.layers import attributes
from cloche_hcs.layers.filetimes import from_pax, to_pax
from cloche_hcs.layers.reparse import ReparsePoint
from cloche_hcs.layers.security import check_descriptor, from_sddl

EA_NAMES = st.from_regex(r"\A[A-Z$_.a-z0-9]{1,60}\Z")
TARGETS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=()), min_size=1, max_size=99
)
#: An administrators' descriptor without lists, self-relative.
DESCRIPTOR = struct.pack("<BBHIIII", 1, 0, 0x8000, 20, 0, 0, 0) + bytes.fromhex(
    "01020000000000052000000020020000"
)


@pytest.mark.parametrize(
    ("filetime", "text"),
    [
        (116_444_736_000_000_000, "0"),
        (116_444_736_000_000_001, "0.0000001"),
        (116_444_735_985_000_000, "-1.5"),
        (133_000_000_000_000_000, "1655526400"),
        (0, "-11644473600"),
    ],
)
def test_a_time_is_the_same_in_both_forms(filetime: int, text: str) -> None:
    assert (to_pax(filetime), from_pax(text)) == (text, filetime)


@given(st.integers(0, 2**63 - 1))
def test_every_time_survives(filetime: int) -> None:
    assert from_pax(to_pax(filetime)) == filetime


@pytest.mark.parametrize(
    "text", ["", "x", "1e9", "1.", ".5", "+1", "-11644473601", "9" * 13, "1\n"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ImageError):
        from_pax(text)


@given(st.dictionaries(EA_NAMES, st.binary(max_size=300), min_size=1, max_size=6))
def test_extended_attributes_survive(values: dict[str, bytes]) -> None:
    assert attributes.unpack(attributes.pack(values)) == values


def test_extended_attributes_lie_as_windows_wants_them() -> None:
    packed = attributes.pack({"A": b"xyz", "BC": b""})
    assert packed == b"\x10\0\0\0\0\1\3\0A\0xyz\0\0\0" + b"\0\0\0\0\0\2\0\0BC\0"


@given(st.binary(max_size=120))
def test_damaged_extended_attributes_are_refused(data: bytes) -> None:
    try:
        found = attributes.unpack(data)
    except ImageError:
        return
    assert all(len(value) <= len(data) for value in found.values())


@pytest.mark.parametrize("name", ["", "a/b", "a=b", "é", "a\0", "x" * 255])
def test_names_that_no_extended_attribute_has_are_refused(name: str) -> None:
    with pytest.raises(ImageError):
        attributes.pack({name: b""})


@given(TARGETS, st.booleans())
def test_links_survive(target: str, mount_point: bool) -> None:
    assert ReparsePoint.unpack(ReparsePoint(target, mount_point).pack()) == (target, mount_point)


@pytest.mark.parametrize(
    ("target", "kernel", "flags"),
    [
        (r"C:\x", r"\??\C:\x", 0),
        (r"..\x", r"..\x", 1),
        (r"\x", r"\x", 1),
        (r"\\server\share", r"\??\UNC\server\share", 0),
        (r"\\?\Volume{1}\x", r"\??\Volume{1}\x", 0),
    ],
)
def test_the_kernel_gets_a_name_of_its_own(target: str, kernel: str, flags: int) -> None:
    packed = ReparsePoint(target).pack()
    tag, length, start, size, _, _, found = struct.unpack_from("<IHxxHHHHI", packed)
    assert (tag, length, found) == (0xA000000C, len(packed) - 8, flags)
    assert packed[20 + start : 20 + start + size].decode("utf-16-le") == kernel


def test_a_mount_point_without_a_readable_name_shows_the_kernels() -> None:
    kernel = "\\??\\C:\\x".encode("utf-16-le")
    body = struct.pack("<HHHH", 0, len(kernel), 0, 0) + kernel
    packed = struct.pack("<IHH", 0xA0000003, len(body), 0) + body
    assert ReparsePoint.unpack(packed) == (r"C:\x", True)


def test_other_reparse_points_are_not_supported() -> None:
    with pytest.raises(NotSupported, match="0x8000001b"):
        ReparsePoint.unpack(struct.pack("<IHH", 0x8000001B, 0, 0))


@given(st.binary(max_size=80))
def test_damaged_reparse_points_are_refused(data: bytes) -> None:
    for tag in (0xA0000003, 0xA000000C):
        packed = struct.pack("<IHH", tag, len(data), 0) + data
        try:
            assert ReparsePoint.unpack(packed).target
        except ImageError:
            continue


@pytest.mark.parametrize("target", ["", "a\0b", "x" * 9000])
def test_targets_that_lead_nowhere_are_refused(target: str) -> None:
    with pytest.raises(ImageError):
        ReparsePoint(target).pack()


def test_a_proper_descriptor_is_left_alone() -> None:
    assert check_descriptor(DESCRIPTOR) == DESCRIPTOR


@pytest.mark.parametrize(
    "data",
    [b"", b"\2" + DESCRIPTOR[1:], DESCRIPTOR[:2] + b"\0\0" + DESCRIPTOR[4:], DESCRIPTOR[:20]],
    ids=["empty", "revision", "absolute", "cut off"],
)
def test_a_damaged_descriptor_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError):
        check_descriptor(data)


def test_a_descriptor_in_words_is_windows_to_translate() -> None:
    """``O:BA``: owned by the administrators, and nothing else is said."""
    if sys.platform == "win32":
        assert check_descriptor(from_sddl("O:BA")).endswith(DESCRIPTOR[20:])
        with pytest.raises(ImageError):
            from_sddl("no such words")
    else:
        with pytest.raises(NotSupported):
            from_sddl("O:BA")
