"""How words become a command: docker's habits as tables, and agreement with Typer as a property."""

from __future__ import annotations

import pytest

from cloche_cli.containers import Ps
from cloche_cli.exec import Exec
from cloche_cli.image import Image
from cloche_cli.lifecycle import Kill, Remove
from cloche_cli.main import Cloche, find, read
from cloche_cli.parse import parse
from cloche_cli.run import Run
from cloche_cli.usage import HelpWanted, UsageError

#: The words that lead to each command.
PATHS = [(name,) for name in Cloche.commands] + [("image", name) for name in Image.commands]


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("-it", {"interactive": True, "tty": True}),
        ("-i -t", {"interactive": True, "tty": True}),
        ("--interactive --tty", {"interactive": True, "tty": True}),
        ("-m 256M", {"memory": "256M"}),
        ("-m256M", {"memory": "256M"}),
        ("-m=256M", {"memory": "256M"}),
        ("--memory 256M", {"memory": "256M"}),
        ("--memory=256M", {"memory": "256M"}),
        ("--memory=", {"memory": ""}),
        ("-m 1g -m 2g", {"memory": "2g"}),
        ("-eX=1", {"env": ["X=1"]}),
        ("-e=X=1", {"env": ["X=1"]}),
        ("-e X=1 --env Y --env=Z=a=b", {"env": ["X=1", "Y", "Z=a=b"]}),
        ("-itv /a:/b:ro", {"interactive": True, "tty": True, "volume": ["/a:/b:ro"]}),
        ("-itv/a:/b", {"interactive": True, "tty": True, "volume": ["/a:/b"]}),
        (r"-v C:\data:D:\data:ro", {"volume": [r"C:\data:D:\data:ro"]}),
        ("-w -", {"workdir": "-"}),
        ("-w --", {"workdir": "--"}),
        ("-e -it", {"env": ["-it"]}),
        ("--rm=true --init=false", {"remove": True, "init": False}),
        ("-i=false -t=1", {"interactive": False, "tty": True}),
        ("-l a=b --label c", {"label": ["a=b", "c"]}),
        ("--net=host", {"network": "host"}),
        ("--ulimit nofile=1:2 --cap-add ALL", {"ulimit": ["nofile=1:2"], "cap_add": ["ALL"]}),
        ("--debug --root /x", {"debug": True, "root": "/x"}),
    ],
)
def test_an_option_of_run_is_read_in_each_of_dockers_spellings(words, values):
    typed = parse(Run, [*words.split(" "), "IMAGE"])
    assert typed.values == {**values, "words": ["IMAGE"]}


@pytest.mark.parametrize(
    ("words", "separated", "rest"),
    [
        (["alpine", "ls", "-l"], False, ["alpine", "ls", "-l"]),
        (["alpine", "--", "ls"], False, ["alpine", "--", "ls"]),
        (["--", "true"], True, ["true"]),
        (["--", "--", "x"], True, ["--", "x"]),
        (["--"], True, []),
        (["-i", "--", "-x"], True, ["-x"]),
        (["alpine", "-i", "-h", "--name", "x"], False, ["alpine", "-i", "-h", "--name", "x"]),
        (["-", "x"], False, ["-", "x"]),
        (["-w", "/", "a", "--", "--"], False, ["a", "--", "--"]),
    ],
)
def test_the_options_of_run_end_at_the_first_word_that_is_none(words, separated, rest):
    typed = parse(Run, words)
    assert (typed.separated, typed.words) == (separated, rest)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["--", "true"], ["true"]),
        (["--", "sh", "-c", "x"], ["sh", "-c", "x"]),
        (["--", "--", "x"], ["--", "x"]),
        (["--rootfs", "/r", "true"], ["true"]),
        (["--rootfs", "/r", "--", "true", "--"], ["true", "--"]),
        (["--rootfs", "/r", "ls", "-l"], ["ls", "-l"]),
        (["--idle"], []),
        (["--idle", "--"], []),
        (["--rootfs", "/r", "--idle"], []),
        (["--rootfs", "/r", "--entrypoint", "x"], []),
    ],
)
def test_where_there_is_no_image_all_words_are_the_command(words, command):
    assert parse(Run, words).command() == (None, command)


@pytest.mark.parametrize(
    ("words", "image", "command"),
    [
        (["alpine"], "alpine", []),
        (["alpine", "ls", "-l"], "alpine", ["ls", "-l"]),
        (["alpine", "--", "ls"], "alpine", ["ls"]),
        (["alpine", "--", "--", "ls"], "alpine", ["--", "ls"]),
        (["-it", "--name", "x", "alpine", "sh", "-i"], "alpine", ["sh", "-i"]),
        (["--idle", "alpine"], "alpine", []),
        (["--entrypoint", "x", "alpine"], "alpine", []),
        (["alpine", "run", "--rootfs", "/r"], "alpine", ["run", "--rootfs", "/r"]),
    ],
)
def test_the_first_word_is_the_image(words, image, command):
    assert parse(Run, words).command() == (image, command)


@pytest.mark.parametrize(
    "words", [[], ["--"], ["--rootfs", "/r"], ["--rootfs", "/r", "--"], ["-it"], ["--name", "x"]]
)
def test_run_without_a_command_is_refused(words):
    with pytest.raises(UsageError, match="command"):
        parse(Run, words).command()


@pytest.mark.parametrize(
    ("words", "container", "command"),
    [
        (["box", "ls", "-l"], "box", ["ls", "-l"]),
        (["-it", "box", "sh", "-i"], "box", ["sh", "-i"]),
        (["box", "--", "ls"], "box", ["--", "ls"]),
        (["--", "box", "ls"], "box", ["ls"]),
    ],
)
def test_the_options_of_exec_end_at_the_container(words, container, command):
    typed = parse(Exec, words)
    assert (typed.container, typed.words) == (container, command)


def test_options_of_other_commands_may_stand_anywhere():
    typed = parse(Kill, ["a", "-s", "INT", "b", "--", "-c"])
    assert (typed.containers, typed.signal) == (["a", "b", "-c"], "INT")
    assert parse(Remove, ["box", "-f"]).force is True


def test_what_was_not_typed_has_its_default():
    typed = parse(Ps, [])
    assert (typed.all, typed.filter, typed.root, typed.debug) == (False, [], None, False)


def test_lists_are_not_shared_between_command_lines():
    parse(Run, ["-e", "A", "x"])
    assert parse(Run, ["x"]).env == []


@pytest.mark.parametrize(
    ("command", "words", "message"),
    [
        (Run, "--memry 1g x", "unknown option of run: --memry; did you mean --memory?"),
        (Run, "--memry=1g x", "unknown option of run: --memry; did you mean --memory?"),
        (Run, "-Z x", "unknown option of run: -Z"),
        (Run, "-iZ x", "unknown option of run: -Z"),
        (Run, "--no-such-thing-at-all x", "unknown option of run: --no-such-thing-at-all"),
        (Run, "-m", "-m needs a value"),
        (Run, "-im", "-m needs a value"),
        (Run, "--memory", "--memory needs a value"),
        (Run, "--tty=maybe x", "--tty: true or false, not maybe"),
        (Run, "-t=maybe x", "-t: true or false, not maybe"),
        (Exec, "", "exec: CONTAINER is missing"),
        (Exec, "box", "exec: COMMAND is missing"),
        (Remove, "", "rm: CONTAINER is missing"),
        (Ps, "box", "ps: unexpected argument: box"),
        (Ps, "-d", "unknown option of ps: -d"),
    ],
)
def test_what_is_not_understood_is_told_in_one_line(command, words, message):
    with pytest.raises(UsageError) as caught:
        parse(command, words.split())
    assert caught.value.message == message


@pytest.mark.parametrize("words", ["-d x", "-itd x", "--detach x"])
def test_a_container_may_be_left_to_itself(words):
    assert parse(Run, words.split()).detach


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("-p 80:80 x", "--network host"),
        ("-p80:80 x", "--network host"),
        ("--publish=80:80 x", "--network host"),
        ("--privileged x", "--cap-add"),
        ("--restart always x", "systemd"),
        ("--pid host x", "namespaces|each container"),
    ],
)
def test_dockers_options_that_are_not_here_are_refused_with_a_way_out(words, hint):
    with pytest.raises(UsageError, match=r"^-+\w+: \w+") as caught:
        parse(Run, words.split())
    assert any(part in str(caught.value.hint) for part in hint.split("|"))


LATER = "restart logs attach build search top events rename update prune df doctor network pool"


@pytest.mark.parametrize("verb", LATER.split())
def test_commands_that_come_later_are_refused_with_a_way_out(verb):
    with pytest.raises(UsageError, match=f"^{verb}: ") as caught:
        find(verb)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("verb", "message"),
    [
        ("rnu", "unknown command: rnu; did you mean run?"),
        ("inspct", "unknown command: inspct; did you mean inspect?"),
        ("frobnicate", "unknown command: frobnicate"),
    ],
)
def test_an_unknown_command_is_told_with_what_it_may_have_been(verb, message):
    with pytest.raises(UsageError) as caught:
        find(verb)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("alias", "verb"), [("ls", "ps"), ("list", "ps"), ("unpause", "resume"), ("rm", "rm")]
)
def test_an_alias_is_the_command(alias, verb):
    assert find(alias) is find(verb)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
@pytest.mark.parametrize("word", ["-h", "--help"])
def test_h_is_help_for_every_command(path, word):
    with pytest.raises(HelpWanted) as caught:
        read([*path, word])
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("words", "path"),
    [
        ("", ()),
        ("help", ()),
        ("--help", ()),
        ("help image", ("image",)),
        ("image", ("image",)),
        ("image help", ("image",)),
        ("image help pull", ("image", "pull")),
        ("help image remove", ("image", "rm")),
        ("image list -h", ("image", "ls")),
    ],
)
def test_every_way_to_ask_leads_to_the_page_of_a_command(words, path):
    with pytest.raises(HelpWanted) as caught:
        read(words.split())
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("image pul", "unknown command of image: pul; did you mean pull?"),
        ("image pull", "image pull: NAME is missing"),
        ("pull", "pull: NAME is missing"),
        ("image pull --platfrm x", "unknown option of image pull: --platfrm; did you mean"),
        ("image --no-such", "unknown option of image: --no-such"),
        ("image tag a", "image tag: NAME is missing"),
        ("image tag a b c", "image tag: unexpected argument: c"),
        ("help image nothing", "unknown command of image: nothing"),
    ],
)
def test_what_is_wrong_is_told_by_the_words_that_lead_there(words, message):
    with pytest.raises(UsageError) as caught:
        read(words.split())
    assert caught.value.message.startswith(message)


def test_options_hold_for_whatever_they_stand_in_front_of():
    for words in ("--root /x image pull a", "image --root /x pull a", "image pull --root /x a"):
        assert read(words.split()).root == "/x"


def test_h_after_the_image_is_the_commands():
    assert parse(Run, ["alpine", "ls", "-h"]).words == ["alpine", "ls", "-h"]


def test_options_in_front_of_the_command_hold_for_it():
    typed = parse(Cloche, ["--root", "/x", "--debug", "ps", "-a"])
    assert (typed.root, typed.debug, typed.words) == ("/x", True, ["ps", "-a"])


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_no_spelling_means_two_options(path):
    """A spelling that two sections declare would silently be the first one's."""
    command = find(*path)
    declared = [
        name
        for owner in command.__mro__
        for field in vars(owner).values()
        if getattr(field, "name", None) not in command.without
        for name in getattr(field, "names", ())
    ]
    assert sorted(declared) == sorted(command.options)
