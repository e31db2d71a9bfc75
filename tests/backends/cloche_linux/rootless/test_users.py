"""Users and groups of a normal user's container, and what becomes of them outside."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .person import Person

REMEDY = "install uidmap and give this user ranges in /etc/subuid and /etc/subgid"
OTHERS_GROUP = 3_000_000 + os.getpid()


def test_the_maps_are_what_the_user_has(person: Person) -> None:
    uids, gids = person.tells(
        'tell([run(f"cat /proc/self/{m}_map").split() for m in ("uid", "gid")])'
    )
    first, count = person.subordinate or (0, 0)
    more = ["1", str(first), str(count)] if count else []
    assert uids == ["0", str(person.uid), "1", *more]
    assert gids == ["0", str(person.gid), "1", *more]


def test_with_another_first_group_only_the_user_is_mapped(tenant: Person) -> None:
    """As after ``newgrp``: newgidmap maps nothing for such a process."""
    code = 'tell(run("cat /proc/self/uid_map /proc/self/gid_map").split())'
    told = tenant.tells(code, gid=OTHERS_GROUP)
    assert told == ["0", str(tenant.uid), "1", "0", str(OTHERS_GROUP), "1"]


def test_users_of_the_container_are_subordinate_ids_outside(tenant: Person) -> None:
    shared = tenant.home / "shared"
    told = tenant.tells(
        """
        os.mkdir(os.environ["SHARED"])
        os.chmod(os.environ["SHARED"], 0o777)
        shared = cloche.Mount.bind(os.environ["SHARED"], "/shared")
        run("touch /shared/roots", mounts=[shared])
        tell(run("id -u; id -g; touch /shared/anns", mounts=[shared], user="ann"))
        """,
        SHARED=str(shared),
    )
    assert told == "1000\n1000\n"
    assert tenant.subordinate is not None
    owners = {file.name: file.stat().st_uid for file in shared.iterdir()}
    assert owners == {"roots": tenant.uid, "anns": tenant.subordinate[0] + 999}


def test_what_a_user_of_the_container_keeps_to_itself_is_not_read_from_outside(
    tenant: Person,
) -> None:
    told = tenant.tells(
        """
        with engine.start(rootfs=ROOTFS, idle=True) as box:
            box.run(["sh", "-c", "mkdir /anns && chown ann /anns"])
            box.run(["sh", "-c", "echo x > /anns/open; umask 077; echo x > /anns/own"], user="ann")
            read = box.read_text("/anns/open")
            tell([read, refusal(lambda: box.read_text("/anns/own"))[:2]])
        """
    )
    assert told == ["x\n", ["Unavailable", "/anns/own: permission denied"]]


@pytest.mark.parametrize("user", ["ann", "1000", "1000:1000"])
def test_a_user_without_a_number_outside_is_refused(stranger: Person, user: str) -> None:
    told = stranger.tells(f"tell(refusal(lambda: run('true', user={user!r})))")
    assert told == [
        "Unavailable",
        "user: uid 1000 can't be had without root: it is not mapped",
        f"run as root, or {REMEDY}",
    ]


def test_a_group_without_a_number_outside_is_refused(stranger: Person) -> None:
    kind, line, _ = stranger.tells("tell(refusal(lambda: run('true', user='0:50')))")
    assert (kind, line) == (
        "Unavailable",
        "user: gid 50 can't be had without root: it is not mapped",
    )


@pytest.mark.parametrize("group", ["staff", "50"])
def test_further_groups_are_refused_unless_they_may_be_dropped(
    stranger: Person, group: str
) -> None:
    told = stranger.tells(f"tell(refusal(lambda: run('true', group_add=[{group!r}])))")
    assert told == [
        "Unavailable",
        "group_add: gid 50 can't be had without root: it is not mapped",
        f"{REMEDY}, or --allow-unenforced group_add",
    ]
    allowed = f"run('id -G', group_add=[{group!r}], allow_unenforced=['group_add'])"
    assert stranger.tells(f"tell({allowed})") == "0\n"


@pytest.mark.parametrize("group", ["staff", "50"])
def test_further_groups_are_there_where_they_are_mapped(tenant: Person, group: str) -> None:
    told = tenant.tells(
        f"""
        with engine.start(rootfs=ROOTFS, idle=True, group_add=[{group!r}]) as box:
            done = box.run(["id", "-G"], capture_output=True, text=True)
        tell([run("id -G", group_add=[{group!r}]), done.stdout])
        """
    )
    assert told == ["0 50\n", "0 50\n"]


def test_a_group_beyond_the_ranges_is_refused(tenant: Person) -> None:
    kind, line, _ = tenant.tells("tell(refusal(lambda: run('true', group_add=['70000'])))")
    assert (kind, line) == (
        "Unavailable",
        "group_add: gid 70000 can't be had without root: it is not mapped",
    )


@pytest.fixture
def group_file(lent: Path) -> str:
    """A file for the members of a group only."""
    file = lent / "for-the-group"
    file.write_text("secret")
    os.chown(file, 0, OTHERS_GROUP)
    file.chmod(0o640)
    return str(file)


def test_groups_of_the_user_stay_with_a_single_map(stranger: Person, group_file: str) -> None:
    """They can't be given up there: what they grant outside, they grant inside."""
    code = 'tell(run("cat /f 2>&1 || true", volumes=[os.environ["FILE"] + ":/f"]))'
    assert stranger.tells(code, groups=[OTHERS_GROUP], FILE=group_file) == "secret"
    assert "Permission denied" in stranger.tells(code, FILE=group_file)


def test_groups_of_the_user_are_given_up_with_ranges(tenant: Person, group_file: str) -> None:
    code = 'tell(run("cat /f 2>&1 || true", volumes=[os.environ["FILE"] + ":/f"]))'
    told = tenant.tells(code, groups=[OTHERS_GROUP], FILE=group_file)
    assert "Permission denied" in told


def test_maps_that_are_refused_are_an_error_in_the_mappers_words(tenant: Person) -> None:
    programs = tenant.home / "bin"
    programs.mkdir(exist_ok=True)
    for name in ("newuidmap", "newgidmap"):
        (programs / name).write_text("#!/bin/sh\necho no maps today >&2\nexit 1\n")
        (programs / name).chmod(0o755)
    told = tenant.tells("tell(refusal(lambda: run('true')))", PATH=f"{programs}:/usr/bin:/bin")
    assert told == [
        "Unavailable",
        "newgidmap refused the id maps: no maps today",
        "check the user's lines in /etc/subuid and /etc/subgid",
    ]
