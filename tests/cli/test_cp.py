"""``cloche cp`` with real containers: both ways, archives, and what is refused."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile

import pytest

from cloche_cli.cp import End, read_end


@pytest.fixture
def web(box) -> str:
    """A container that runs."""
    box("web")
    return "web"


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("web:/etc/passwd", End("web", "/etc/passwd")),
        ("web:etc", End("web", "etc")),
        ("web:/a:b", End("web", "/a:b")),
        ("./a:b", End(None, "./a:b")),
        ("/a:b", End(None, "/a:b")),
        ("dir/a:b", End(None, "dir/a:b")),
        (":x", End(None, ":x")),
        ("file", End(None, "file")),
        ("-", End(None, "-")),
    ],
)
def test_an_end_with_a_colon_is_a_containers_unless_it_is_a_path(text, end):
    assert read_end(text) == end


def test_a_file_goes_in_and_out(cloche, web, tmp_path):
    (tmp_path / "in").write_text("content")
    assert cloche("cp", "in", f"{web}:/tmp/there", cwd=tmp_path) == (0, "", "")
    assert cloche("exec", web, "cat", "/tmp/there").out == "content"
    assert cloche("cp", f"{web}:tmp/there", "out", cwd=tmp_path) == (0, "", "")
    assert (tmp_path / "out").read_text() == "content"


def test_a_directory_goes_in_under_its_name_and_what_is_in_it_without(cloche, web, tmp_path):
    (tmp_path / "d/sub").mkdir(parents=True)
    (tmp_path / "d/sub/f").write_text("content")
    assert cloche("cp", "d", f"{web}:/tmp", cwd=tmp_path).code == 0
    assert cloche("cp", "d/.", f"{web}:/tmp", cwd=tmp_path).code == 0
    assert cloche("exec", web, "cat", "/tmp/d/sub/f", "/tmp/sub/f").out == "contentcontent"
    assert cloche("cp", f"{web}:/tmp/d/.", "out", cwd=tmp_path).code == 0
    assert (tmp_path / "out/sub/f").read_text() == "content"


@pytest.mark.parametrize(("options", "owner"), [((), "0:0"), (("-a",), "12:34")])
def test_owners_are_kept_if_asked_for(cloche, web, tmp_path, options, owner):
    (tmp_path / "f").write_text("content")
    os.chown(tmp_path / "f", 12, 34)
    cloche("cp", *options, "f", f"{web}:/tmp/f", cwd=tmp_path)
    assert cloche("exec", web, "stat", "-c", "%u:%g", "/tmp/f").out == f"{owner}\n"
    cloche("cp", *options, f"{web}:/tmp/f", "out", cwd=tmp_path)
    found = (tmp_path / "out").stat()
    assert f"{found.st_uid}:{found.st_gid}" == owner


def test_an_archive_goes_through_pipes(cloche, program, environment, web, tmp_path):
    """As tar's own users have it: out of one container, through tar, and in again."""
    cloche("exec", web, "sh", "-c", "mkdir -p /tmp/d/e /tmp/new; echo one >/tmp/d/e/f")
    quoted = " ".join(program)
    line = (
        f"{quoted} cp {web}:/tmp/d - | tar -t && "
        f"{quoted} cp {web}:/tmp/d - | {quoted} cp - {web}:/tmp/new"
    )
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        env=environment, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "d/\nd/e/\nd/e/f\n", "")
    assert cloche("exec", web, "cat", "/tmp/new/d/e/f").out == "one\n"


def test_a_hostile_archive_is_told_by_its_entry(program, environment, web):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("../../evil"))
    done = subprocess.run(
        [*program, "cp", "-", f"{web}:/tmp"],
        input=file.getvalue(), env=environment, capture_output=True, timeout=60,
    )  # fmt: skip
    told = b"cloche: ../../evil leads upwards: not unpacked\n"
    assert (done.returncode, done.stdout, done.stderr) == (125, b"", told)


def test_a_reader_of_an_archive_that_has_gone_is_not_worth_a_word(start_cloche, cloche, web):
    cloche("exec", web, "sh", "-c", "head -c 3000000 /dev/zero >/tmp/zeros")
    words = ("cp", f"{web}:/tmp/zeros", "-")
    with start_cloche(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert len(process.stdout.read(5)) == 5
        process.stdout.close()
        assert (process.wait(timeout=30), process.stderr.read()) == (141, b"")


def test_no_link_of_the_container_leads_out(cloche, web, tmp_path):
    (tmp_path / "secret").write_text("secret")
    cloche("exec", web, "sh", "-c", f"ln -s {tmp_path} /tmp/way")
    said = cloche("cp", f"{web}:/tmp/way/secret", str(tmp_path / "out"))
    assert said.code == 125
    assert said.err == "cloche: /tmp/way/secret: there is no such file or directory\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("a", "b"), "cp: both ends are no containers", "one of them is CONTAINER:PATH"),
        (("a:/x", "b:/y"), "cp: both ends are containers", "one of them is CONTAINER:PATH"),
        (("a",), "cp: TARGET is missing", None),
        (("/etc/passwd", "no-such:/x"), "no container no-such", "foreground runs are removed"),
    ],
)
def test_what_cannot_be_copied_is_told_in_a_line(cloche, words, message, hint):
    said = cloche("cp", *words)
    lines = said.err.splitlines()
    assert (said.code, said.out, lines[0]) == (125, "", f"cloche: {message}")
    assert [line.startswith(f"hint: {hint}") for line in lines[1:]] == ([True] if hint else [])


def test_what_is_not_there_is_told(cloche, web, tmp_path):
    said = cloche("cp", "nothing", f"{web}:/tmp/x", cwd=tmp_path)
    assert (said.code, said.err) == (125, "cloche: nothing: there is no such file or directory\n")


def test_an_archive_is_not_shown_on_a_terminal(program, environment, web):
    main, side = os.openpty()
    try:
        done = subprocess.run(
            [*program, "cp", f"{web}:/etc/passwd", "-"],
            stdout=side, stderr=subprocess.PIPE, env=environment, text=True, timeout=60,
        )  # fmt: skip
    finally:
        os.close(main)
        os.close(side)
    assert done.returncode == 125
    assert done.stderr.splitlines()[0] == "cloche: cp: stdout is a terminal"


def test_a_drive_is_no_container_on_windows(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert read_end(r"C:\x") == End(None, r"C:\x")
    assert read_end(r"web:C:\x") == End("web", r"C:\x")
