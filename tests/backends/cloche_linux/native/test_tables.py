"""What C and Python both write down, they write down alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cloche_linux.plan
from cloche_linux import mount_steps, protocol, setup_steps, steps
from cloche_linux.protocol import Message
from cloche_linux.steps import Step

NATIVE = Path(cloche_linux.plan.__file__).parent / "_native"


def constants(name: str, pattern: str) -> dict[str, int]:
    found = re.findall(pattern, (NATIVE / name).read_text("utf-8"), re.MULTILINE)
    return {key: int(value, 0) for key, value in found}


def test_every_step_has_the_same_name_and_number():
    rows = re.findall(
        r"^    STEP\((\d+), (\w+),", (NATIVE / "steps.h").read_text("utf-8"), re.MULTILINE
    )
    assert {name: int(number) for number, name in rows} == {step.name: step.value for step in Step}


def test_every_message_has_the_same_name_and_number():
    found = constants("protocol.h", r"^    MESSAGE_(\w+) = (\d+),")
    assert found == {message.name: message.value for message in Message}


FLAGS = ("HAS_SHELL", "NEW_PID_NAMESPACE", "HAS_PROGRAM", "KEPT")


@pytest.mark.parametrize("name", [*FLAGS, "ORDINAL", "PLACE"])
def test_the_flags_of_messages_agree(name):
    assert constants("protocol.h", r"MESSAGE_(\w+) = (\w+)")[name] == getattr(protocol, name)


def test_no_flag_of_messages_is_another_or_part_of_a_number():
    flags = {getattr(protocol, name) for name in FLAGS}
    assert flags == {1 << bit for bit in range(len(FLAGS))}
    assert max(flags) < 1 << protocol.ORDINAL < 1 << protocol.PLACE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLAN_MAGIC", steps.MAGIC),
        ("PLAN_VERSION", steps.VERSION),
        ("PLAN_MAX_STEPS", steps.MAX_STEPS),
        ("DETACHED", steps.DETACHED),
        ("KEPT", steps.KEPT),
        ("RECURSIVE", setup_steps.RECURSIVE),
        ("USE_SCRATCH", setup_steps.USE_SCRATCH),
        ("NEW_PID_NAMESPACE", setup_steps.NEW_PID_NAMESPACE),
        ("WAIT", setup_steps.WAIT),
        ("LISTEN", setup_steps.LISTEN),
        ("VERIFY_SOURCE", mount_steps.VERIFY_SOURCE),
        ("RECURSIVE_ATTRIBUTES", mount_steps.RECURSIVE_ATTRIBUTES),
    ],
)
def test_the_plans_numbers_agree(name, value):
    assert constants("plan.h", r"^    (\w+) = (\w+),")[name] == value
