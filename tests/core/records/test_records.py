"""Records: names, privacy, locks, and what another process sees."""

from __future__ import annotations

import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloche import InvalidSpec, NotFound, Unavailable
from cloche.defaults import linux_process, linux_spec
from cloche.journal import Note, Step
from cloche.records import check_name


def test_a_record_is_read_as_it_was_written(records, owner, header):
    record = records.create(owner, header(name="web", labels={"a": "b"}))
    record.note(Note(step=Step.STARTING, pid=7))
    record.close()
    entry = records.read(record.id)
    assert (entry.header, entry.owner, entry.step) == (
        header(name="web", labels={"a": "b"}),
        owner,
        Step.STARTING,
    )


def test_notes_go_on_after_closing(records, owner, header):
    record = records.create(owner, header())
    record.close()
    record.note(Note(step=Step.STARTING))
    record.removing()
    record.close()
    assert records.read(record.id).step is Step.REMOVING


def test_the_specification_comes_back(records, owner, header):
    spec = linux_spec(linux_process(("true",)))
    record = records.create(owner, header())
    with pytest.raises(NotFound):
        records.spec(record.id)
    record.creating(spec)
    record.close()
    assert records.spec(record.id) == spec


def test_nobody_else_can_look(records, owner, header, run):
    records.create(owner, header(name="web")).close()
    modes = {}
    for folder, _, files in os.walk(run):
        for name in (".", *files):
            path = os.path.normpath(os.path.join(folder, name))
            modes[path] = stat.S_IMODE(os.lstat(path).st_mode)
    assert {path: mode for path, mode in modes.items() if mode & 0o077} == {}


def test_a_place_of_somebody_else_is_refused(records, owner, header, run):
    os.chmod(run, 0o777)
    with pytest.raises(Unavailable, match="not a private directory"):
        records.create(owner, header())


def test_a_link_in_the_journals_place_is_not_followed(records, owner, header, run, tmp_path):
    record = records.create(owner, header())
    record.close()
    journal = os.path.join(record.directory, f"{owner}.journal")
    os.rename(journal, tmp_path / "moved")
    os.symlink(tmp_path / "moved", journal)
    before = (tmp_path / "moved").read_bytes()
    with pytest.raises(OSError, match="symbolic links"):
        record.note(Note(step=Step.REMOVING))
    assert (tmp_path / "moved").read_bytes() == before


@pytest.mark.parametrize("name", ["a", "A.b_c-9", "x" * 128])
def test_proper_names(name):
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "-a", "_a", ".a", "a/b", "a b", "a\n", "\u00e4", "x" * 129, "a\0", 7]
)
def test_improper_names(name):
    with pytest.raises(InvalidSpec, match="is not a proper name"):
        check_name(name)


def test_one_of_many_gets_the_name(records, owner, header):
    ids = [f"{number:012x}" for number in range(16)]
    for each in ids:
        records.create(owner, header(each)).close()
    answers = {}

    def reserve(each):
        answers[each] = records.reserve("web", each)

    threads = [threading.Thread(target=reserve, args=(each,)) for each in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    winners = [each for each, holder in answers.items() if holder is None]
    assert len(winners) == 1
    assert {holder for holder in answers.values() if holder} == set(winners)


def test_a_name_whose_container_is_gone_is_free(records, owner, header, run):
    records.create(owner, header("a")).close()
    assert records.reserve("web", "gone") is None
    assert records.reserve("web", "a") is None
    assert records.resolve("web") == "a"


def test_resolving(records, owner, header):
    for each in ("abc1", "abd2", "web"):
        records.create(owner, header(each)).close()
    records.reserve("box", "abc1")
    assert [records.resolve(word) for word in ("abc1", "box", "abd", "web")] == [
        "abc1",
        "abc1",
        "abd2",
        "web",
    ]
    with pytest.raises(InvalidSpec, match="ab is the beginning of 2 ids"):
        records.resolve("ab")
    with pytest.raises(NotFound, match="no container zz"):
        records.resolve("zz")


def test_removal_takes_everything_and_its_own_name_only(records, owner, header, run):
    record = records.create(owner, header("a", name="web"))
    records.create(owner, header("b", name="web")).close()
    records.reserve("web", "b")
    with open(os.path.join(record.directory, "backend's own"), "w") as file:
        file.write("x")
    os.makedirs(os.path.join(record.directory, "deep", "er"))
    os.symlink("/", os.path.join(record.directory, "deep", "link"))
    records.discard(record)
    assert (records.ids(), records.resolve("web")) == (["b"], "b")


def test_a_record_that_is_being_removed_is_locked(records, owner, header):
    record = records.create(owner, header())
    record.close()
    lock = records.lock(record.id)
    assert records.lock(record.id, wait=False) is None
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(records.lock, record.id)
        records.remove(record.id, None, lock)
        os.close(lock)
        with pytest.raises(NotFound):
            waiting.result(10)


def test_containers_are_counted_by_their_owner(records, owner, header):
    assert not records.has_of(owner)
    record = records.create(owner, header())
    assert (records.has_of(owner), records.has_of("1-1-00000000")) == (True, False)
    records.discard(record)
    assert not records.has_of(owner)


def test_an_empty_directory_is_nobodys(records, owner, header):
    """A process died before the first line; one that still lives tries again."""
    os.makedirs(records.directory("abc"))
    assert records.read("abc").owner is None
    assert records.remove_if_empty("abc")
    assert not records.exists("abc")


def test_creation_survives_that_its_empty_directory_is_taken(records, owner, header, monkeypatch):
    mkdir, taken = os.mkdir, []

    def mkdir_then_lose(path, *args):
        mkdir(path, *args)
        if str(path).endswith("abc") and not taken:
            taken.append(records.remove_if_empty("abc"))

    records.create(owner, header("first")).close()
    monkeypatch.setattr(os, "mkdir", mkdir_then_lose)
    records.create(owner, header("abc")).close()
    assert taken == [True]
    assert records.read("abc").header == header("abc")


@pytest.mark.parametrize("strange", ["a file", "no journal"])
def test_what_is_no_record_has_a_problem(records, owner, header, strange):
    records.create(owner, header("first")).close()
    place = records.directory("abc")
    if strange == "a file":
        open(place, "w").close()
    else:
        os.makedirs(os.path.join(place, "something"))
    assert records.read("abc").problem is not None
