"""From a name to a running container: pulled from a real registry, run by the real kernel."""

from __future__ import annotations

import gzip

import pytest
from registries import images as made

from cloche import ImageError, InvalidState
from cloche.images import Platform

#: This machine's, and one that it is not.
HERE = {"os": "linux", "architecture": Platform.here().architecture}
ELSEWHERE = {"os": "linux", "architecture": "s390x"}


@pytest.fixture
def output(engine, registry):
    """What a container of an image of the registry prints."""

    def run(name, args=(), **options):
        options.setdefault("check", True)
        image = f"{registry}/{name}"
        return engine.run([*args], image=image, capture_output=True, text=True, **options).stdout

    return run


def test_a_name_is_all_it_takes(output, upload):
    upload(made.busybox(platform=HERE), "bb:1")
    assert output("bb:1") == "hello\n"
    assert output("bb:1", ["sh", "-c", "echo $PATH; ls /"]).startswith("/bin\nbin\n")


def test_what_the_image_says_holds(output, upload):
    config = {
        "Entrypoint": ["/bin/sh", "-c"],
        "Cmd": ["id -u; id -g; pwd; echo $A $B"],
        "Env": ["PATH=/bin", "A=1", "B=2"],
        "User": "ann:9",
        "WorkingDir": "made/here",
    }
    users = made.archive({"etc/passwd": b"root:x:0:0::/:/bin/sh\nann:x:7:8::/:/bin/sh\n"})
    base = made.busybox(platform=HERE)
    (layer,) = [data for data in base.blobs.values() if data[:2] == b"\x1f\x8b"]
    upload(made.image(gzip.decompress(layer), users, config=config, platform=HERE), "says:1")
    assert output("says:1", env={"B": "3"}) == "7\n9\n/made/here\n1 3\n"


def test_of_an_index_this_machines_image_is_taken(output, upload):
    other = made.busybox(platform=ELSEWHERE, config={"Cmd": ["/bin/echo", "other"]})
    mine = made.busybox(platform=HERE, config={"Cmd": ["/bin/echo", "mine"]})
    upload(made.index(other, mine), "both:1")
    assert output("both:1") == "mine\n"
    assert output("both:1", platform="linux/s390x") == "other\n"


def test_an_index_without_it_says_what_there_is(output, upload):
    upload(made.index(made.busybox(platform=ELSEWHERE)), "other:1")
    with pytest.raises(ImageError, match=r"no image for linux/.*; there is linux/s390x") as caught:
        output("other:1")
    assert caught.value.hint == "--platform linux/s390x takes another"


def test_an_image_of_another_platform_is_refused_before_its_layers_come(
    engine, registry, upload, docker_registry
):
    image = made.busybox(platform=ELSEWHERE)
    upload(image, "single:1")
    with pytest.raises(ImageError, match="single:1 is for linux/s390x, not for linux/") as caught:
        engine.images.pull(f"{registry}/single:1")
    assert caught.value.hint == "--platform linux/s390x takes it all the same"
    (layer,) = [digest for digest, data in image.blobs.items() if data[:2] == b"\x1f\x8b"]
    assert f"GET /v2/single/blobs/{layer}" not in docker_registry.log()
    engine.images.pull(f"{registry}/single:1", platform="linux/s390x")
    assert f"GET /v2/single/blobs/{layer}" in docker_registry.log()


def test_what_is_no_image_is_not_pulled(engine, registry, docker_registry):
    config = {"config": "application/vnd.oci.empty.v1+json"}
    made.put(docker_registry.url, "chart:1", made.image(b"x", types={**made.TYPES, **config}))
    with pytest.raises(ImageError, match="chart:1 is no image: its configuration is application/"):
        engine.images.pull(f"{registry}/chart:1")


def test_a_pinned_image_that_is_here_is_not_asked_for(output, upload, docker_registry):
    digest = upload(made.busybox(platform=HERE), "pinned:1")
    assert output(f"pinned@{digest}") == "hello\n"
    asked = docker_registry.log().count("http.request")
    assert output(f"pinned@{digest}") == "hello\n"
    assert output(f"pinned@{digest}", pull="always") == "hello\n"
    assert docker_registry.log().count("http.request") == asked


def test_always_takes_what_the_name_stands_for_now(output, upload):
    upload(made.busybox(platform=HERE, config={"Cmd": ["/bin/echo", "old"]}), "moved:1")
    assert output("moved:1") == "old\n"
    upload(made.busybox(platform=HERE, config={"Cmd": ["/bin/echo", "new"]}), "moved:1")
    assert output("moved:1") == "old\n"
    assert output("moved:1", pull="always") == "new\n"
    assert output("moved:1", pull="never") == "new\n"


def test_what_is_nowhere_says_so(output):
    with pytest.raises(ImageError, match=r"image not found: 127.0.0.1:[0-9]+/nowhere") as caught:
        output("nowhere")
    assert "has it, and by which tag" in caught.value.hint


def test_a_program_of_this_machine_was_meant(engine, monkeypatch):
    monkeypatch.setenv("PATH", "/bin:/usr/bin")
    with pytest.raises(ImageError, match="image not found: true") as caught:
        engine.run([], image="true", pull="never")
    assert caught.value.hint == "a program of this machine: cloche run -- true"


def test_many_layers(output, upload):
    base = made.archive({"bin/busybox": _busybox(), "bin/cat": "busybox", "etc/n": b"base\n"})
    more = [made.archive({"etc/n": f"{n}\n".encode(), f"etc/{n}": b""}) for n in range(127)]
    upload(made.image(base, *more, platform=HERE), "many:1")
    assert output("many:1", ["/bin/cat", "/etc/n"]) == "126\n"


def test_upper_layers_take_away_what_lower_ones_have(output, upload):
    base = made.archive({"bin/busybox": _busybox(), "bin/ls": "busybox", "d/a": b"", "d/b": b""})
    upper = made.archive({"d/.wh.a": b"", "d/c": b""})
    upload(made.image(base, upper, platform=HERE), "whiteout:1")
    assert output("whiteout:1", ["/bin/ls", "/d"]) == "b\nc\n"


def _busybox() -> bytes:
    with open("/bin/busybox", "rb") as file:
        return file.read()


def test_containers_change_nothing_of_an_image(output, upload):
    upload(made.busybox(platform=HERE), "same:1")
    assert output("same:1", ["sh", "-c", "echo x >/x; rm -r /bin/ls; echo done"]) == "done\n"
    assert "x" not in output("same:1", ["ls", "/"]).split()


def test_a_wrong_layer_leaves_nothing_and_says_which(engine, registry, docker_registry):
    good, bad = made.busybox(platform=HERE), made.busybox(platform=HERE, config={"Env": ["A=1"]})
    other = made.image(made.archive({"a": b"a"}), platform=HERE)
    (layer,) = [d for d, data in other.blobs.items() if data[:2] == b"\x1f\x8b"]
    (own,) = [d for d, data in good.blobs.items() if data[:2] == b"\x1f\x8b"]
    wrong = bad.data.decode().replace(own, layer)
    wrong = wrong.replace(f'"size": {len(good.blobs[own])}', f'"size": {len(other.blobs[layer])}')
    image = made.Image(wrong.encode(), bad.media_type, {**bad.blobs, **other.blobs})
    made.put(docker_registry.url, "wrong:1", image)
    with pytest.raises(ImageError, match=f"layer {layer}: a layer is not what its image says"):
        engine.images.pull(f"{registry}/wrong:1")
    store = engine.workshop.chooser.store_called("overlay").backend
    assert list(store.unpacked()) == []
    assert engine.images.list() == []
    assert engine.images.verify() == []


def test_the_record_names_image_and_digest_and_holds_both(engine, registry, upload):
    digest = upload(made.busybox(platform=HERE), "held:1")
    name = f"{registry}/held:1"
    with engine.start(["sleep", "60"], image=name, name="user") as container:
        details = container.inspect()
        assert (details.image, details.image_digest) == (name, digest)
        with pytest.raises(InvalidState, match="is used by the container user"):
            engine.images.remove(name)
        engine.images.remove(name, force=True)
        assert container.run(["echo", "hi"], capture_output=True, text=True).stdout == "hi\n"
    engine.images.prune()
    assert engine.images.usage().count == 0


def test_an_idle_container_runs_none_of_its_commands(engine, registry, upload):
    upload(made.busybox(platform=HERE, config={"Entrypoint": ["/bin/false"]}), "idle:1")
    with engine.start(image=f"{registry}/idle:1", idle=True) as box:
        assert box.run(["/bin/echo", "hi"], capture_output=True).stdout == b"hi\n"


def test_a_commit_is_an_image_with_the_changes_on_top(engine, registry, upload):
    upload(made.busybox(platform=HERE), "base:1")
    with engine.start(image=f"{registry}/base:1", idle=True) as box:
        box.run(["sh", "-c", "mkdir /d; echo new >/d/new; rm /bin/cat"])
        image = engine.images.commit(
            box,
            "mine:1",
            author="Ann",
            message="new",
            changes=['CMD ["/bin/ls", "/d", "/bin/cat"]', "ENV A=1"],
        )
    assert len(image.diff_ids) == 2
    assert image.config.env == ("PATH=/bin", "A=1")
    done = engine.run([], image="mine:1", pull="never", capture_output=True, text=True)
    assert done.stdout == "/d:\nnew\n"
    assert "/bin/cat: No such file" in done.stderr
    step = engine.images.history("mine:1")[0]
    assert (step.author, step.comment, step.created_by) == ("Ann", "new", "cloche commit")
    engine.images.push("mine:1", f"{registry}/mine:1")
    engine.images.remove("mine:1")
    done = engine.run([], image=f"{registry}/mine:1", capture_output=True, text=True)
    assert done.stdout == "/d:\nnew\n"


def test_a_container_without_an_image_is_not_committed(engine):
    with engine.start(idle=True) as box, pytest.raises(InvalidState, match="not made from an"):
        engine.images.commit(box, "mine:1")
