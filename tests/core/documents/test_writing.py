"""What is written is JSON that anybody can read, and large constants are rendered once."""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from enum import IntEnum
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche import documents
from cloche.spec import Linux, LinuxSeccomp, LinuxSyscall, Process, Spec, User


def test_absent_fields_are_left_out_and_false_and_empty_ones_are_not() -> None:
    value = Process(cwd="/", terminal=False, args=(), user=User())
    assert documents.to_json(value) == {
        "cwd": "/",
        "terminal": False,
        "args": [],
        "user": {"uid": 0, "gid": 0},
    }


def test_irregular_names_are_written_as_the_specification_spells_them() -> None:
    process = Process(cwd="/", no_new_privileges=True, oom_score_adj=-1)
    assert set(documents.to_json(process)) == {"cwd", "user", "noNewPrivileges", "oomScoreAdj"}
    assert documents.to_json(User(additional_gids=(1,)))["additionalGids"] == [1]


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_plain_values_are_written_as_the_standard_library_writes_them(value: object) -> None:
    assert documents.write(value).decode() == json.dumps(value, separators=(",", ":"))


def test_bytes_that_are_no_text_survive() -> None:
    argument = b"caf\xe9".decode("utf-8", "surrogateescape")
    text = documents.write(Process(cwd="/", args=(argument,)))
    again = documents.read(Process, text)
    assert (again.args or ("",))[0].encode("utf-8", "surrogateescape") == b"caf\xe9"


class Level(IntEnum):
    """A number with a name."""

    HIGH = 3


def test_named_numbers_paths_and_other_mappings_are_written_as_what_they_stand_for() -> None:
    value = {"a": Level.HIGH, "b": PurePosixPath("/x"), "c": OrderedDict(d=(1, 2))}
    assert documents.to_json(value) == {"a": 3, "b": "/x", "c": {"d": [1, 2]}}


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()])
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no JSON form"):
        documents.write({"value": value})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no JSON form"):
        documents.write([value])


def test_a_remembered_value_is_written_the_same_wherever_it_stands() -> None:
    rule = LinuxSyscall(names=("read",), action="SCMP_ACT_ALLOW")
    policy = LinuxSeccomp(default_action="SCMP_ACT_ERRNO", syscalls=(rule,))
    spec = Spec(oci_version="1.3.0", linux=Linux(seccomp=policy))
    before = documents.write(spec)
    assert documents.remember(policy) is policy
    assert documents.write(spec) == documents.write(spec) == before
    assert documents.write(policy) in before
