"""Which unit a configuration means, and where its group is."""

from __future__ import annotations

import pytest

from cloche.errors import InvalidSpec
from cloche_linux.systemd.naming import slice_directory, unit_name


@pytest.mark.parametrize(
    ("path", "user", "slice", "unit"),
    [
        ("machine.slice:libpod:abc", False, "machine.slice", "libpod-abc.scope"),
        ("machine.slice:cri-containerd:abc", True, "machine.slice", "cri-containerd-abc.scope"),
        (":box:abc", False, "system.slice", "box-abc.scope"),
        (":box:abc", True, "user.slice", "box-abc.scope"),
        ("a.slice::abc", False, "a.slice", "abc.scope"),
        (None, False, "system.slice", r"cloche-a\x2bb.scope"),
        ("", True, "user.slice", r"cloche-a\x2bb.scope"),
    ],
)
def test_the_path_names_slice_prefix_and_name(path, user, slice, unit):
    found = unit_name(path, "a+b", user=user)
    assert (found.slice, found.unit) == (slice, unit)
    assert found.path == f"{slice}/{unit}"


@pytest.mark.parametrize(
    ("slice", "directory"),
    [
        ("a.slice", "a.slice"),
        ("a-b-c.slice", "a.slice/a-b.slice/a-b-c.slice"),
        ("-.slice", ""),
    ],
)
def test_dashes_in_a_slice_lead_downwards(slice, directory):
    assert slice_directory(slice) == directory


@pytest.mark.parametrize(
    "path",
    [
        "/absolute", "relative/path", "a.slice:box", "a.slice:b:c:d", "a.slice:box:",
        "a.slice:box:pod.slice", "a.scope:box:c", "-a.slice:b:c", "a--b.slice:b:c", "a-.slice:b:c",
        ".slice:b:c", "../a.slice:b:c", "a/b.slice:b:c", "a.slice:b:../c", "a.slice:b:c d",
        f"a.slice:b:{'c' * 300}",
    ],
)  # fmt: skip
def test_what_is_no_unit_is_refused_by_its_place(path):
    with pytest.raises(InvalidSpec, match=r"^linux\.cgroupsPath: ") as caught:
        unit_name(path, "box", user=False)
    assert caught.value.path == "linux.cgroupsPath"
