"""Users and groups by the container's own files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloche.errors import InvalidSpec, NotFound
from cloche.users import Account, group_id, resolve

PASSWD = b"root:x:0:0:root:/root:/bin/sh\nann:x:1000:100:Ann:/home/ann:/bin/sh\nbroken line\n"
GROUP = b"root:x:0:\nusers:x:100:\nwheel:x:10:root,ann\naudio:x:11:ann\n"


def read(path: str) -> bytes | None:
    return {"etc/passwd": PASSWD, "etc/group": GROUP}.get(path)


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ("ann", Account(uid=1000, gid=100, additional_gids=(10, 11), home="/home/ann")),
        ("1000", Account(uid=1000, gid=100, additional_gids=(10, 11), home="/home/ann")),
        ("ann:audio", Account(uid=1000, gid=11, home="/home/ann")),
        ("ann:77", Account(uid=1000, gid=77, home="/home/ann")),
        ("4242", Account(uid=4242, gid=0)),
        ("4242:wheel", Account(uid=4242, gid=10)),
        ("", Account(uid=0, gid=0, additional_gids=(10,), home="/root")),
        (":users", Account(uid=0, gid=100, home="/root")),
    ],
)
def test_a_user_is_resolved_as_docker_does(user: str, account: Account) -> None:
    assert resolve(user, read) == account


@pytest.mark.parametrize("user", ["bob", "ann:staff", "-1"])
def test_an_unknown_name_is_an_error_that_says_it(user: str) -> None:
    with pytest.raises(NotFound, match="in the container"):
        resolve(user, read)


def test_numbers_need_no_files() -> None:
    assert resolve("7:8", lambda path: None) == Account(uid=7, gid=8)


def test_a_group_is_resolved_alone() -> None:
    assert (group_id("wheel", read), group_id("99", read)) == (10, 99)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_hostile_files_give_an_account_or_not_found(passwd: bytes, group: bytes) -> None:
    files = {"etc/passwd": passwd, "etc/group": group}
    account = resolve("0:0", files.get)
    assert (account.uid, account.gid) == (0, 0) or b":" in passwd + group


HOSTILE = b"1000:x:0:0::/:/bin/sh\nann:x:1000:7::/:/bin/sh\n", b"1000:x:0:\nann:x:1000:\n"


def hostile(path: str) -> bytes | None:
    return dict(zip(("etc/passwd", "etc/group"), HOSTILE, strict=True)).get(path)


def test_a_number_is_never_a_name_whatever_the_image_calls_root() -> None:
    assert resolve("1000", hostile) == Account(uid=1000, gid=7, home="/")
    assert resolve("0001000:1000", hostile) == Account(uid=1000, gid=1000, home="/")
    assert group_id("1000", hostile) == 1000


@pytest.mark.parametrize("digits", [f"{2**32 - 1}", f"{2**32}", f"{2**64}", "1" * 5000])
def test_what_the_kernel_would_take_for_another_id_is_refused(digits: str) -> None:
    with pytest.raises(InvalidSpec, match="is no id"):
        resolve(digits, read)
    with pytest.raises(InvalidSpec, match="is no id"):
        group_id(digits, read)
    row = f"eve:x:{digits}:{digits}::/:\neve:x:{digits}:\n".encode()
    with pytest.raises(NotFound):
        resolve("eve", lambda path: row)


def test_a_line_with_a_nul_adds_no_variable() -> None:
    with pytest.raises(NotFound):
        resolve("eve", lambda path: b"eve:x:5:5::/x\0LD_PRELOAD=/evil:\n")
