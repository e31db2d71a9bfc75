"""Documents are values: frozen, keyword-only, compared by what they hold, and cheap to import."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys

import pytest

from cloche import spec
from cloche.spec import (
    Document,
    Linux,
    LinuxMemory,
    LinuxNamespace,
    LinuxThrottleDevice,
    Mount,
    Process,
    Spec,
    User,
)

CLASSES = [getattr(spec, name) for name in spec.__all__ if name not in ("VERSION", "Document")]
EXAMPLE = Process(args=("true",), cwd="/", user=User(uid=7))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_class_is_a_dataclass_with_a_sentence_about_it(cls: type[Document]) -> None:
    assert dataclasses.is_dataclass(cls)
    assert issubclass(cls, Document)
    assert (cls.__doc__ or "").strip().endswith(".")


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_no_two_fields_of_a_class_share_a_json_name(cls: type[Document]) -> None:
    names = [cls.json_name(field.name) for field in dataclasses.fields(cls)]
    assert len(set(names)) == len(names)


def test_a_field_can_be_neither_set_nor_deleted() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        EXAMPLE.cwd = "/tmp"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del EXAMPLE.cwd
    assert EXAMPLE.cwd == "/"


def test_arguments_have_names() -> None:
    with pytest.raises(TypeError):
        LinuxNamespace("pid")  # type: ignore[call-arg]


def test_what_is_required_is_asked_for_and_what_is_unknown_refused() -> None:
    with pytest.raises(TypeError, match="Process needs cwd"):
        Process(args=("true",))  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Process has no field argv, path"):
        Process(cwd="/", path="/bin/true", argv=())  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="LinuxNamespace has no field kind"):
        LinuxNamespace(kind="pid")  # type: ignore[call-arg]


def test_equal_contents_are_equal_and_hash_alike() -> None:
    again = Process(user=User(uid=7), cwd="/", args=("true",))
    assert again == EXAMPLE
    assert hash(again) == hash(EXAMPLE)
    assert again.replace(cwd="/tmp") != EXAMPLE
    assert User() != Mount(destination="/")


def test_a_changed_copy_leaves_the_original() -> None:
    changed = dataclasses.replace(EXAMPLE, terminal=True)
    assert changed == EXAMPLE.replace(terminal=True)
    assert EXAMPLE.terminal is None
    assert changed.args == EXAMPLE.args


def test_values_survive_copying_and_pickling() -> None:
    value = Spec(oci_version="1.3.0", process=EXAMPLE, linux=Linux(sysctl={"net.x": "1"}))
    assert copy.deepcopy(value) == value
    assert pickle.loads(pickle.dumps(value)) == value


def test_what_is_absent_is_not_shown() -> None:
    assert repr(Mount(destination="/a", type="bind")) == "Mount(destination='/a', type='bind')"


def test_fields_and_json_names_are_inherited() -> None:
    assert LinuxThrottleDevice(major=8, minor=0, rate=1).minor == 0

    class Extended(LinuxMemory):
        """A class of someone else's."""

        tiered: bool | None = None

    assert Extended(limit=1, tiered=True).limit == 1
    assert Extended.json_name("kernel_tcp") == "kernelTCP"


def test_a_bind_mount_brings_submounts_and_keeps_to_itself() -> None:
    mount = Mount.bind("/src", "/dst", read_only=True)
    assert mount == Mount(
        destination="/dst", type="bind", source="/src", options=("rbind", "ro", "rprivate")
    )
    assert "rw" in (Mount.bind("/src", "/dst").options or ())


def test_a_tmpfs_says_its_size_if_it_has_one() -> None:
    assert "size=64m" in (Mount.tmpfs("/t", "64m").options or ())
    assert not any(option.startswith("size") for option in Mount.tmpfs("/t").options or ())


def imported_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys; print(*sys.modules)"
    path = [entry for entry in sys.path if entry]
    prefix = f"import sys; sys.path[:] = {path!r}\n"
    argv = [sys.executable, "-S", "-c", prefix + code]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_importing_the_specification_imports_neither_pydantic_nor_other_platforms() -> None:
    loaded = imported_by("import cloche.spec")
    heavy = {"pydantic", "asyncio", "json", "logging", "subprocess", "importlib.metadata"}
    assert loaded.isdisjoint(heavy)
    assert "cloche.spec.linux" in loaded
    assert loaded.isdisjoint({"cloche.spec.windows", "cloche.spec.vm", "cloche.spec.solaris"})


def test_a_section_of_another_platform_is_there_when_it_is_named() -> None:
    assert "cloche.spec.windows" in imported_by("from cloche.spec import Windows")
    with pytest.raises(AttributeError):
        _ = spec.Plan9
