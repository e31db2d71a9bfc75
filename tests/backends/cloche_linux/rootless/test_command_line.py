"""The command line in the hands of a normal user."""

from __future__ import annotations

import subprocess

from .person import Person


def cloche(person: Person, *words: str) -> tuple[int, str, list[str]]:
    done = subprocess.run(
        [*person.command, "-m", "cloche_cli", *words],
        env=person.surroundings(),
        user=person.uid,
        group=person.gid,
        extra_groups=[],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


def test_a_program_of_this_machine_runs(person: Person) -> None:
    assert cloche(person, "run", "--", "id", "-u") == (0, "0\n", [])


def test_a_limit_is_refused_with_both_ways_out(person: Person) -> None:
    assert cloche(person, "run", "--memory", "64M", "--", "true") == (
        125,
        "",
        [
            f"cloche: --memory: user {person.name} has no delegated memory cgroup",
            "hint: run as root, or --allow-unenforced memory",
        ],
    )
    allowed = ["--memory", "64M", "--allow-unenforced", "memory"]
    assert cloche(person, "run", *allowed, "--", "echo", "fine") == (0, "fine\n", [])


def test_groups_are_refused_with_the_way_out(stranger: Person) -> None:
    code, _, (line, hint) = cloche(stranger, "run", "--group-add", "50", "--", "true")
    assert code == 125
    assert line == "cloche: --group-add: gid 50 can't be had without root: it is not mapped"
    assert hint.endswith("in /etc/subuid and /etc/subgid, or --allow-unenforced group_add")


def test_what_is_lacking_is_listed(person: Person) -> None:
    code, out, err = cloche(person, "backends")
    assert (code, err) == (0, [])
    assert f"user {person.name} has no delegated memory cgroup" in " ".join(out.split())


def test_containers_of_others_are_not_there(stranger: Person) -> None:
    assert cloche(stranger, "kill", "somebody")[2][0] == "cloche: no container somebody"


def test_a_container_outlives_the_program(person: Person) -> None:
    code, made, err = cloche(person, "run", "-d", "--", "sh", "-c", "sleep 1; exit 7")
    assert (code, err) == (0, [])
    assert cloche(person, "wait", made.strip()) == (0, "7\n", [])
    assert cloche(person, "rm", made.strip())[0] == 0
    assert cloche(person, "ps", "-a", "-q") == (0, "", [])


def test_one_that_runs_can_be_ended(person: Person) -> None:
    made = cloche(person, "run", "-d", "--", "sleep", "600")[1].strip()
    assert cloche(person, "exec", made, "id", "-u") == (0, "0\n", [])
    assert cloche(person, "rm", "-f", made)[0] == 0
    assert cloche(person, "ps", "-a", "-q") == (0, "", [])
