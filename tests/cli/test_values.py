"""Options whose values the command line itself reads: mounts, variables, numbers, runtimes."""

from __future__ import annotations

import pytest

from cloche import Mount
from cloche_cli.mounts import read_mount
from cloche_cli.parse import parse
from cloche_cli.run import Run
from cloche_cli.usage import UsageError


def parameters(*words: str) -> dict[str, object]:
    """What the Python interface is asked for; what was not typed is left away."""
    asked = parse(Run, [*words, "--", "true"]).parameters()
    return {name: value for name, value in asked.items() if value not in (None, False, [])}


@pytest.mark.parametrize(
    ("text", "mount"),
    [
        ("type=bind,source=/a,target=/b", Mount.bind("/a", "/b")),
        ("type=bind,src=/a,dst=/b,readonly", Mount.bind("/a", "/b", read_only=True)),
        ("src=/a,destination=/b,ro=true", Mount.bind("/a", "/b", read_only=True)),
        ("src=/a,dst=/b,readonly=false", Mount.bind("/a", "/b")),
        ("src=/a,dst=/b,bind-recursive=disabled", Mount.bind("/a", "/b", recursive=False)),
        (r"type=bind,source=C:\a,target=D:\b", Mount.bind(r"C:\a", r"D:\b")),
        ('type=bind,"source=/a,b",target=/c', Mount.bind("/a,b", "/c")),
        ("type=bind,source=/a=b,target=/c", Mount.bind("/a=b", "/c")),
        ("type=tmpfs,target=/t", Mount.tmpfs("/t")),
        (
            "type=tmpfs,dst=/t,tmpfs-size=1M,tmpfs-mode=1777",
            Mount.tmpfs("/t", size="1M", mode=0o1777),
        ),
    ],
)
def test_a_mount_is_read_as_docker_reads_it(text, mount):
    assert read_mount(text) == mount


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("type=volume,source=a,target=/b", "type is bind or tmpfs, not volume"),
        ("type=bind,target=/b", "source is missing"),
        ("type=bind,source=/a", "target is missing"),
        ("type=tmpfs", "target is missing"),
        ("type=tmpfs,source=/a,target=/b", "tmpfs has no source"),
        ("type=bind,source=/a,target=/b,colour=red", "bind has no colour"),
        ("type=tmpfs,target=/b,mode=rwx", "mode is octal, not rwx"),
        ("", "source is missing|bind has no "),
    ],
)
def test_a_mount_that_is_wrong_is_told_with_the_text_that_was_typed(text, message):
    with pytest.raises(UsageError) as caught:
        read_mount(text)
    assert str(caught.value).startswith(f"--mount {text}: ")
    assert any(part in str(caught.value) for part in message.split("|"))


def test_variables_come_from_files_first_and_are_passed_on_as_written(tmp_path):
    file = tmp_path / "env"
    file.write_text('# comment\n\nA=1\n  B = 2 \nC="q"\nPATH\n#D=1\nE=x#y\n', encoding="utf-8")
    typed = parse(Run, ["-e", "A=3", "--env-file", str(file), "-e", "F", "x"])
    assert typed.variables() == ["A=1", "B = 2 ", 'C="q"', "PATH", "E=x#y", "A=3", "F"]


@pytest.mark.parametrize(
    ("content", "message"), [(None, "No such file or directory"), (b"\xff=1\n", "not UTF-8")]
)
def test_a_file_of_variables_that_cannot_be_read_is_an_error(tmp_path, content, message):
    file = tmp_path / "env"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        parse(Run, ["--env-file", str(file), "x"]).variables()
    assert caught.value.message == f"--env-file {file}: {message}"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ([], {}),
        (["-m", "1g", "--memory-swap", "-1"], {"memory": "1g", "memory_swap": "-1"}),
        (["--cpus", "0.5", "-c", "512"], {"cpus": "0.5", "cpu_shares": 512}),
        (["--pids-limit", "-1", "--oom-score-adj=500"], {"pids_limit": -1, "oom_score_adj": 500}),
        (["-u", "1:2", "-w", "/x"], {"user": "1:2", "workdir": "/x"}),
        (["--init"], {"init": True}),
        (["--ulimit", "nofile=1"], {"ulimits": ["nofile=1"]}),
        (
            ["--device", "/dev/kvm", "--sysctl", "a=1"],
            {"devices": ["/dev/kvm"], "sysctls": ["a=1"]},
        ),
        (["-l", "a=1", "--name", "n"], {"labels": ["a=1"], "name": "n"}),
        (["--runtime", "linux"], {"runtime": "linux"}),
        (["--runtime", "runc"], {"runtime": "oci:runc"}),
        (["--runtime", "crun"], {"runtime": "oci:crun"}),
        (["--runtime", "/opt/x/runsc"], {"runtime": "oci:/opt/x/runsc"}),
        (["--runtime", "oci:runc"], {"runtime": "oci:runc"}),
        (["--runtime", "oci:/opt/x/runsc"], {"runtime": "oci:/opt/x/runsc"}),
        (["--allow-unenforced", "pids-limit"], {"allow_unenforced": ["pids_limit"]}),
        (["--rm"], {}),
        (["--keep"], {"keep": True}),
    ],
)
def test_options_become_the_words_of_the_python_interface(words, asked):
    assert parameters(*words) == asked


def test_init_can_be_switched_off():
    assert parse(Run, ["--init=false", "--", "x"]).parameters()["init"] is False
    assert parse(Run, ["--", "x"]).parameters()["init"] is None


@pytest.mark.parametrize("option", ["--pids-limit", "--cpu-shares", "--oom-score-adj"])
def test_a_number_that_is_none_is_told_with_its_option(option):
    with pytest.raises(UsageError, match=f"^{option}: a whole number, not many$"):
        parameters(option, "many")


def test_keeping_and_removing_exclude_each_other():
    with pytest.raises(UsageError, match="--keep and --rm exclude each other"):
        parameters("--keep", "--rm")
