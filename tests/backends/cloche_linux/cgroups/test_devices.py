"""Rules decide which devices a group may use, by the controller of v1 or the program of v2."""

from __future__ import annotations

import json

import pytest

from cloche.errors import InvalidSpec, Unavailable
from cloche.spec import LinuxDeviceCgroup, LinuxResources
from cloche_linux import cgroups
from cloche_linux.cgroups.devices import Access, fold, lines, with_defaults
from cloche_linux.programs import PROGRAMS

NOTHING = LinuxDeviceCgroup(allow=False, access="rwm")
#: 1:11, which only root may open, but root may.
KMSG = "/dev/kmsg"

OPEN = """
import errno, json, os
def attempt(path, flags):
    try:
        os.close(os.open(path, flags | os.O_NONBLOCK))
    except OSError as error:
        return errno.errorcode[error.errno]
    return "opened"
paths = ["/dev/null", "/dev/zero", "/dev/ptmx", "/dev/kmsg"]
print(json.dumps({p: [attempt(p, os.O_RDONLY), attempt(p, os.O_WRONLY)] for p in paths}))
"""


def rule(letters: str, *, allow: bool = True) -> LinuxDeviceCgroup:
    return LinuxDeviceCgroup(allow=allow, type="c", major=1, minor=11, access=letters)


@pytest.fixture
def attempts(groups, inside):
    """What comes of opening devices under rules: to read, to write."""

    def run(*rules: LinuxDeviceCgroup) -> dict[str, list[str]]:
        group = groups(LinuxResources(devices=rules), need_freezer=True, programs=PROGRAMS)
        return json.loads(inside.run(group, OPEN).stdout)

    return run


def test_a_device_that_no_rule_allows_is_refused_with_eperm(attempts):
    assert attempts(NOTHING)[KMSG] == ["EPERM", "EPERM"]


def test_without_rules_it_opens(attempts):
    assert attempts()[KMSG] == ["opened", "opened"]


def test_harmless_devices_open_whatever_the_rules(attempts):
    found = attempts(NOTHING)
    assert {found[path][0] for path in found if path != KMSG} == {"opened"}


def test_access_is_told_apart(attempts):
    assert attempts(NOTHING, rule("r"))[KMSG] == ["opened", "EPERM"]
    assert attempts(NOTHING, rule("w"))[KMSG] == ["EPERM", "opened"]


def test_a_later_rule_takes_back_what_an_earlier_one_gave(attempts):
    assert attempts(NOTHING, rule("rw"), rule("w", allow=False))[KMSG] == ["opened", "EPERM"]


def test_one_device_can_be_denied_of_all(attempts):
    everything = LinuxDeviceCgroup(allow=True, access="rwm")
    assert attempts(everything, rule("r", allow=False))[KMSG] == ["EPERM", "opened"]


def test_a_rule_for_all_devices_forgets_what_came_before():
    rules = (rule("r"), NOTHING, rule("w"))
    assert fold(rules) == Access(allowed=False, exceptions={("c", 1, 11): frozenset("w")})


def test_all_access_may_be_called_a():
    everything = {("c", 1, 11): frozenset("rwm")}
    assert fold((NOTHING, rule("rwa"))) == Access(allowed=False, exceptions=everything)
    assert list(lines((rule("rwa", allow=False),))) == [("devices.deny", "c 1:11 rwm")]
    with_defaults((rule("rwa"),))


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (LinuxDeviceCgroup(allow=True, type="p"), "linux.resources.devices[1].type"),
        (LinuxDeviceCgroup(allow=True, type="c", access="x"), "linux.resources.devices[1].access"),
        (LinuxDeviceCgroup(allow=True, type="c", major=2**31), "linux.resources.devices[1]"),
    ],
)
def test_a_rule_without_sense_is_named(wrong, path):
    with pytest.raises(InvalidSpec) as caught:
        with_defaults((NOTHING, wrong))
    assert caught.value.path == path


def test_rules_that_a_user_cannot_have_are_refused_with_a_remedy(python_as):
    code = (
        "from cloche.spec import LinuxDeviceCgroup, LinuxResources\n"
        "from cloche_linux import cgroups\n"
        "rules = (LinuxDeviceCgroup(allow=False),)\n"
        "try: cgroups.plan(LinuxResources(devices=rules), id='c1')\n"
        "except Exception as error: print(type(error).__name__, error, error.remedy, sep='|')\n"
        "print(cgroups.plan(LinuxResources(devices=rules), id='c1', unenforced={'devices'}))"
    )
    result = python_as(65534, code)
    assert result.stderr == ""
    refusal, dropped = result.stdout.splitlines()
    assert refusal.startswith(f"{Unavailable.__name__}|devices: ")
    assert refusal.endswith("|run as root, or --allow-unenforced devices")
    assert dropped == str(None)
    assert cgroups.plan(LinuxResources(devices=()), id="c1") is None
