"""The same without root: what a container of a normal user's may not become."""

from __future__ import annotations

from pathlib import Path

import pytest

from .person import Person

SETTING = """
    import shutil, tempfile
    place = tempfile.mkdtemp(dir=os.environ["HOME"])
    image = place + "/image"
    shutil.copytree(ROOTFS, image, symlinks=True)
    import atexit; atexit.register(shutil.rmtree, place)
"""


def test_an_image_chooses_neither_user_nor_directory_nor_program(person: Person) -> None:
    told = person.tells(
        SETTING
        + """
    open(image + "/etc/passwd", "w").write("0:x:1:1::/:\\n")
    os.symlink("/proc/self/fd/6", image + "/work")
    open(image + "/entry", "w").write("#!/proc/self/exe\\n")
    os.chmod(image + "/entry", 0o755)
    with engine.start(rootfs=image, idle=True) as box:
        entered = refusal(lambda: box.run(["pwd"], workdir="/work"))[1]
        entry = box.run(["/entry"], capture_output=True).returncode
        exe = box.run(["sh", "-c", ": > /proc/1/exe"], capture_output=True, text=True).stderr
    tell([run("id -u", rootfs=image, user="0"), entered, entry, exe])
        """
    )
    user, entered, entry, exe = told
    assert user == "0\n"
    assert "ELOOP" in entered or "ENOENT" in entered
    assert entry != 0
    assert "Permission denied" in exe


def test_its_root_is_the_user_and_nobody_more(person: Person, lent: Path) -> None:
    """By a directory that is shown: what is the user's can be changed, what is not can't."""
    shown = lent / f"shown-{person.uid}"
    shown.mkdir(mode=0o777)
    shown.chmod(0o777)
    (shown / "roots").write_text("roots")
    (shown / "roots").chmod(0o644)
    script = "echo mine > /shown/mine; echo x > /shown/roots; chown 0 /shown/roots; cat /shown/*"
    told = person.tells(
        f"""
    mount = cloche.Mount.bind(os.environ["SHOWN"], "/shown")
    done = engine.run(["sh", "-c", {script!r}], rootfs=ROOTFS, mounts=[mount],
                      capture_output=True, text=True)
    tell([done.stdout, done.stderr])
        """,
        SHOWN=str(shown),
    )
    assert told[0] == "mine\nroots"
    assert "Permission denied" in told[1]
    assert (shown / "roots").stat().st_uid == 0
    assert (shown / "mine").stat().st_uid == person.uid
    assert (shown / "roots").read_text() == "roots"


#: What is not readable to who executes it belongs to the namespace above, and its owner can't look.
UNREADABLE = """
mkdir /hidden; cp /bin/busybox /hidden; chmod 111 /hidden/busybox; cd /hidden
./busybox sh -c 'while :; do :; done' & (setsid ./busybox sh -c 'while :; do :; done' &)
./busybox sleep 60
"""


def test_whatever_hides_from_its_owner_is_ended_with_the_container(person: Person) -> None:
    """The fixture sees that nothing of the user's runs afterwards."""
    told = person.tells(
        f"""
    with engine.start(["sh", "-c", {UNREADABLE!r}], rootfs=ROOTFS) as box:
        time.sleep(0.3)
        box.kill()
        tell(box.wait(10))
        """
    )
    assert told == -9


@pytest.mark.parametrize("call", ["mount", "unshare"])
def test_the_filter_holds_for_its_root_too(person: Person, call: str) -> None:
    script = {"mount": "mount -t tmpfs none /tmp", "unshare": "unshare -U true"}[call] + " 2>&1"
    told = person.tells(
        f"""
    def said(**options):
        done = engine.run(["sh", "-c", {script!r}], rootfs=ROOTFS, capture_output=True, text=True,
                          **options)
        return [done.returncode == 0, done.stdout]
    free = dict(cap_add=["SYS_ADMIN"], security_opt=["seccomp=unconfined"])
    tell([said(), said(**free)])
        """
    )
    (denied, said), (allowed, _) = told
    assert (denied, allowed) == (False, True)
    assert "Operation not permitted" in said or "are you root" in said
