"""From start to end: exec, files, signals and terminals, by the maker and by another process."""

from __future__ import annotations

import signal

from .person import Person, told


def test_exec_is_inside_as_the_containers_root(person: Person) -> None:
    out = person.tells(
        """
        with engine.start(rootfs=ROOTFS, idle=True, hostname="box") as box:
            done = box.run(["sh", "-c", "id -u; hostname; readlink /proc/self/ns/user"],
                           capture_output=True, text=True)
            first = os.readlink(f"/proc/self/ns/user")
        tell([*done.stdout.split(), first])
        """
    )
    assert out[:2] == ["0", "box"]
    assert out[2] != out[3]


def test_files_are_read_and_written_from_outside(person: Person) -> None:
    out = person.tells(
        """
        with engine.start(rootfs=ROOTFS, idle=True) as box:
            box.write_text("/a", "content")
            owner = box.run(["stat", "-c", "%u:%g", "/a"], capture_output=True, text=True)
            box.run(["sh", "-c", "echo b > /b"])
            tell([owner.stdout, box.read_text("/a"), box.read_text("/b")])
        """
    )
    assert out == ["0:0\n", "content", "b\n"]


def test_kill_ends_every_process(person: Person) -> None:
    code = """
        with engine.start(["sh", "-c", "sleep 300 & sleep 300"], rootfs=ROOTFS) as box:
            server = box.exec(["sleep", "300"])
            box.kill()
            tell([box.wait(5), server.wait(5)])
        """
    assert person.tells(code) == [-signal.SIGKILL, -signal.SIGKILL]


def test_a_terminal_of_an_exec_can_be_resized(person: Person) -> None:
    out = person.tells(
        """
        with engine.start(rootfs=ROOTFS, idle=True) as box:
            process = box.exec(["sh", "-c", "stty size; read x; stty size"], tty=(80, 24))
            first = process.stdout.readline()
            process.resize(100, 40)
            process.stdin.write(b"\\n")
            process.stdin.flush()
            rest = [process.stdout.readline().decode() for line in range(2)]
            tell([first.decode(), rest, process.wait(5)])
        """
    )
    assert out == ["24 80\r\n", ["\r\n", "40 100\r\n"], 0]


def test_a_timeout_leaves_nothing_and_keeps_the_output(person: Person) -> None:
    code = """
        done = engine.run(["sh", "-c", "echo early; sleep 300"], rootfs=ROOTFS, timeout=0.5,
                          capture_output=True, text=True)
        tell([done.reason.value, done.stdout])
        """
    assert person.tells(code) == ["timeout", "early\n"]


#: A container that stays until a line comes in.
HOLD = """
    with engine.start(rootfs=ROOTFS, idle=True, name="held") as box:
        tell(box.inspect().pid)
        sys.stdin.readline()
    tell("released")
"""


def test_another_process_of_the_user_finds_executes_reads_and_writes(person: Person) -> None:
    with person.begin(HOLD) as holder:
        told(holder)
        out = person.tells(
            """
            box = engine.get("held")
            box.write_text("/a", "from another process")
            done = box.run(["cat", "/a"], capture_output=True, text=True)
            groups = box.run(["sh", "-c", "id -u"], capture_output=True, text=True)
            tell([box.state.value, done.stdout, groups.stdout, box.read_text("/a")])
            """
        )
        assert out == ["running", "from another process", "0\n", "from another process"]
        holder.communicate("\n", timeout=20)
        assert holder.returncode == 0


def test_another_process_of_the_user_kills_and_removes(person: Person) -> None:
    with person.begin(HOLD) as holder:
        told(holder)
        out = person.tells(
            """
            box = engine.get("held")
            box.kill()
            box.wait(5)
            box.remove()
            tell(refusal(lambda: engine.get("held"))[:2])
            """
        )
        assert out == ["NotFound", "no container held"]
        _, err = holder.communicate("\n", timeout=20)
        assert (holder.returncode, err) == (0, "")


def test_when_the_maker_is_killed_its_container_ends_and_the_next_clears_up(
    person: Person,
) -> None:
    with person.begin(HOLD) as holder:
        told(holder)
        holder.kill()
    left = person.leaves()
    assert "processes" not in left
    assert "containers" in left
    assert person.tells("tell([c.name for c in engine.list(all=True)])") == []
