"""Images for normal users: pulled, unpacked and run without any privilege."""

from __future__ import annotations

import pytest
from registries import images as made
from registries.fixtures import docker_registry, registry, upload

from cloche.images import Platform

from .person import Person

__all__ = ["docker_registry", "registry", "upload"]


@pytest.fixture
def image(registry: str, upload) -> str:
    here = {"os": "linux", "architecture": Platform.here().architecture}
    upload(made.busybox(platform=here), "bb:1")
    return f"{registry}/bb:1"


def test_a_name_is_all_it_takes(person: Person, image: str) -> None:
    out = person.tells(
        """
        done = engine.run([], image=os.environ["IMAGE"], capture_output=True, text=True)
        again = run("id -u; echo x >/x; cat /x", rootfs=None, image=os.environ["IMAGE"])
        tell([done.stdout, again, engine.images.verify()])
        """,
        IMAGE=image,
    )
    assert out == ["hello\n", "0\nx\n", []]


def test_an_image_goes_without_a_trace(person: Person, image: str) -> None:
    out = person.tells(
        """
        engine.run([], image=os.environ["IMAGE"], capture_output=True)
        removed = engine.images.remove(os.environ["IMAGE"])
        engine.images.prune()
        store = engine.workshop.chooser.store_called("overlay").backend
        tell([removed[0], engine.images.usage().count, len(list(store.unpacked()))])
        """,
        IMAGE=image,
    )
    assert out == [image, 0, 0]
