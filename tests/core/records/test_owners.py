"""Owners: which processes still live, told by locks the kernel lets go of."""

from __future__ import annotations

import os
import signal

from cloche.owners import Owner, forget_the_dead, is_alive, let_go, owned
from cloche.testing.lab import descriptors

HOLD = "from cloche.owners import owned\nwith owned(run) as name: print(name, flush=True)"


def test_this_process_lives(run, owner):
    assert is_alive(f"{run}/owners", owner)
    assert owner.startswith(f"{os.getpid()}-")


def test_one_owner_for_a_process_and_place(run, owner, tmp_path):
    elsewhere = str(tmp_path / "elsewhere")
    with owned(run) as same, owned(elsewhere) as other:
        assert same == owner
        assert other != owner
    let_go(elsewhere, lambda _: False)


def test_where_it_has_no_container_it_lets_go_and_is_another_one_next_time(run):
    before = descriptors()
    with owned(run) as first:
        pass
    let_go(run, lambda owner: owner == first)
    assert is_alive(f"{run}/owners", first)
    let_go(run, lambda owner: False)
    assert (os.listdir(f"{run}/owners"), descriptors()) == ([], before)
    with owned(run) as second:
        assert second != first
    let_go(run, lambda owner: False)


def test_while_a_container_is_given_its_name_nobody_lets_go(run):
    with owned(run) as name:
        let_go(run, lambda owner: False)
        assert is_alive(f"{run}/owners", name)
    let_go(run, lambda owner: False)
    assert not is_alive(f"{run}/owners", name)


def test_another_process_lives_until_it_is_killed(run, owner, other_process):
    other = other_process(HOLD)
    assert is_alive(f"{run}/owners", other.line)
    other.kill()
    other.wait()
    assert not is_alive(f"{run}/owners", other.line)


def test_the_dead_are_forgotten_and_the_living_are_not(run, owner, other_process):
    other, killed = other_process(HOLD), other_process(HOLD)
    killed.kill()
    killed.wait()
    forget_the_dead(f"{run}/owners")
    assert set(os.listdir(f"{run}/owners")) == {owner, other.line}


def test_a_process_that_ends_well_leaves_no_file(run, owner, other_process):
    other = other_process(HOLD + "\nsys.exit()")
    other.wait()
    assert os.listdir(f"{run}/owners") == [owner]


def test_a_forked_child_does_not_keep_its_parent_alive(run, other_process):
    """The child has the parent's descriptors; the lock has to end with the parent all the same."""
    other = other_process(
        "import os\nfrom cloche.owners import owned\nwith owned(run) as name: pass\n"
        "if not os.fork(): print(name, os.getpid(), flush=True); time.sleep(60); os._exit(0)"
    )
    name, child = other.line.split()
    other.kill()
    other.wait()
    try:
        assert not is_alive(f"{run}/owners", name)
    finally:
        os.kill(int(child), signal.SIGKILL)


def test_a_forked_child_holds_containers_of_its_own(run, owner, other_process):
    other = other_process(
        "import os\nfrom cloche.owners import owned\nwith owned(run) as name: pass\n"
        "if not os.fork():\n"
        "    with owned(run) as own: print(name, own, flush=True)\n"
        "    time.sleep(0.1); os._exit(0)\n"
        "os.wait()"
    )
    parent, child = other.line.split()
    assert parent != child


def test_an_owner_just_being_made_is_not_taken_for_dead(run, owner, monkeypatch):
    """Another process looks between its making and its locking: it makes itself anew."""
    from cloche import owners

    directory, lock = f"{run}/owners", owners.try_lock
    calls = []

    def forgotten_meanwhile(fd):
        calls.append(fd)
        if len(calls) == 1:
            forget_the_dead(directory)
        return lock(fd)

    monkeypatch.setattr(owners, "try_lock", forgotten_meanwhile)
    made = Owner(directory)
    assert is_alive(directory, made.name)
    made.close(forget=True)
