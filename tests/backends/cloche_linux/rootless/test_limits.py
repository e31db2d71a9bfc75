"""Limits take control groups, which a normal user has only where somebody has delegated them."""

from __future__ import annotations

import pytest

from .person import Person

LIMITS = {
    "memory": ("'64M'", "memory"),
    "cpus": ("0.5", "cpu"),
    "cpu_shares": ("100", "cpu"),
    "cpuset_cpus": ("'0'", "cpuset"),
    "pids_limit": ("10", "pids"),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_is_refused_by_name_unless_it_may_be_dropped(person: Person, limit: str) -> None:
    value, controller = LIMITS[limit]
    before = sorted(path.name for path in (person.home / "run").rglob("*"))
    told = person.tells(f"tell(refusal(lambda: run('true', {limit}={value})))")
    assert told == [
        "Unavailable",
        f"{limit}: user {person.name} has no delegated {controller} cgroup",
        f"run as root, or --allow-unenforced {limit}",
    ]
    made = {path.name for path in (person.home / "run").rglob("*")} - {*before}
    assert made <= {"cloche", "verdicts.json"}
    allowed = f"run('echo fine', {limit}={value}, allow_unenforced=[{limit!r}])"
    assert person.tells(f"tell({allowed})") == "fine\n"


def test_what_is_allowed_to_be_dropped_is_no_more_than_was_named(person: Person) -> None:
    code = "run('true', memory='64M', pids_limit=10, allow_unenforced=['memory'])"
    assert person.tells(f"tell(refusal(lambda: {code}))")[1:] == [
        f"pids_limit: user {person.name} has no delegated pids cgroup",
        "run as root, or --allow-unenforced pids_limit",
    ]


def test_pause_stats_and_update_are_refused_and_the_container_runs_on(person: Person) -> None:
    told = person.tells(
        """
        with engine.start(["sleep", "60"], rootfs=ROOTFS) as box:
            tell([refusal(box.pause), refusal(box.stats), box.state.value])
        """
    )
    assert told == [
        [
            "Unavailable",
            f"pause: user {person.name} has no delegated freezer cgroup",
            "run as root",
        ],
        ["Unavailable", "stats: this user has no delegated control group", "run as root"],
        "running",
    ]


def test_what_cannot_be_raised_is_lowered(person: Person) -> None:
    """Limits of a process, and its place in the queue of those that want of memory ends."""
    script = "ulimit -Hn; cat /proc/self/oom_score_adj"
    hard, score = person.tells(
        f"tell(run({script!r}, ulimits={{'nofile': (100, 10**9)}}, oom_score_adj=-900).split())"
    )
    assert int(hard) < 10**9
    assert int(score) >= 0


def test_a_device_is_shown_as_it_is_and_rules_for_it_are_refused(person: Person) -> None:
    told = person.tells("tell(run('stat -c %t:%T /dev/fuse', devices=['/dev/fuse']))")
    assert told == "a:e5\n"
    code = "run('true', devices=['/dev/fuse:/dev/fuse:r'])"
    assert person.tells(f"tell(refusal(lambda: {code}))") == [
        "Unavailable",
        f"devices: user {person.name} has no delegated devices cgroup",
        "run as root, or --allow-unenforced devices",
    ]
