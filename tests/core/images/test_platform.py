"""Of an index the image is chosen that containerd would choose, on Windows by Microsoft's rule."""

from __future__ import annotations

import pytest

from cloche.errors import ImageError, InvalidSpec
from cloche.images import media
from cloche.images.digest import digest_of
from cloche.images.manifest import Descriptor, Index
from cloche.images.platform import Platform, choose
from cloche.images.windows import WindowsVersion, images_for, runs_on


def entry(platform, *, media_type=media.MANIFEST, number=0):
    if isinstance(platform, str):
        platform = Platform.parse(platform)
    digest = digest_of(f"{platform} {number}".encode())
    return Descriptor(media_type=media_type, digest=digest, size=1, platform=platform)


def chosen(wanted, *platforms, **options):
    index = Index(manifests=tuple(map(entry, platforms)))
    found = choose(index, Platform.parse(wanted), **options)
    return str(found.platform)


class TestNames:
    @pytest.mark.parametrize(
        ("text", "normal"),
        [
            ("linux/amd64", "linux/amd64"),
            ("linux/x86_64", "linux/amd64"),
            ("Linux/AMD64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm64/8", "linux/arm64"),
            ("linux/arm64/v9.0", "linux/arm64/v9"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/armel", "linux/arm/v6"),
            ("linux/arm/6", "linux/arm/v6"),
            ("linux/i686", "linux/386"),
            ("macos/arm64", "darwin/arm64"),
            ("windows(10.0.17763)/amd64", "windows(10.0.17763)/amd64"),
            ("linux/riscv64", "linux/riscv64"),
        ],
    )
    def test_names_are_those_that_images_use(self, text, normal):
        assert str(Platform.parse(text)) == normal
        assert Platform.parse(normal) == Platform.parse(text)

    def test_what_is_left_out_is_this_machines(self):
        here = Platform.here()
        assert Platform.parse(here.os).architecture == here.architecture
        assert Platform.parse("riscv64") == Platform(here.os, "riscv64")

    @pytest.mark.parametrize("text", ["", "/", "a/", "a/b/c/d", "a b/c", "a/b\n", "a(b/c", "ä/b"])
    def test_anything_else_is_refused(self, text):
        with pytest.raises(InvalidSpec, match="is not OS/ARCHITECTURE") as caught:
            Platform.parse(text)
        assert caught.value.path == "platform"


class TestVariants:
    @pytest.mark.parametrize(
        ("wanted", "order"),
        [
            ("linux/amd64", "amd64 386"),
            ("linux/amd64/v3", "amd64/v3 amd64/v2 amd64 386"),
            ("linux/arm/v7", "arm/v7 arm/v6 arm/v5"),
            ("linux/arm/v6", "arm/v6 arm/v5"),
            ("linux/arm64", "arm64 ARM"),
            ("linux/arm64/v8.1", "arm64/v8.1 arm64 ARM"),
            (
                "linux/arm64/v9",
                "arm64/v9 arm64/v8.5 arm64/v8.4 arm64/v8.3 arm64/v8.2 arm64/v8.1 arm64 ARM",
            ),
            ("linux/s390x", "s390x"),
        ],
    )
    def test_the_order_is_containerds(self, wanted, order):
        arm = "arm/v8 arm/v7 arm/v6 arm/v5"
        found = [str(each) for each in Platform.parse(wanted).runnable()]
        assert found == [f"linux/{each}" for each in order.replace("ARM", arm).split()]

    def test_the_best_is_chosen_wherever_it_stands(self):
        there = ("linux/arm/v5", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8")
        assert chosen("linux/arm/v7", *there) == "linux/arm/v7"
        assert chosen("linux/arm/v6", *there) == "linux/arm/v6"
        assert chosen("linux/arm64", *there) == "linux/arm64"
        assert chosen("linux/arm64", *there[:2]) == "linux/arm/v6"
        assert chosen("linux/amd64", "linux/386", "linux/amd64") == "linux/amd64"

    def test_what_is_too_new_for_the_machine_is_not_chosen(self):
        with pytest.raises(ImageError, match="no image for linux/arm/v6"):
            chosen("linux/arm/v6", "linux/arm/v7")
        with pytest.raises(ImageError):
            chosen("linux/amd64", "linux/amd64/v3")

    def test_an_error_lists_what_there_is(self):
        with pytest.raises(ImageError, match="there is linux/amd64, linux/arm/v7") as caught:
            chosen("linux/s390x", "linux/arm/v7", "linux/amd64")
        assert caught.value.hint == "--platform linux/amd64 takes another"
        with pytest.raises(ImageError, match="there is none at all"):
            chosen("linux/s390x")


class TestWhatIsNoImage:
    def test_attestations_are_passed_over(self):
        unknown = Platform("unknown", "unknown")
        assert chosen("linux/amd64", unknown, "linux/amd64") == "linux/amd64"
        with pytest.raises(ImageError, match="none at all"):
            chosen("linux/amd64", unknown)

    def test_what_is_no_manifest_is_passed_over(self):
        index = Index(manifests=(entry("linux/amd64", media_type="text/plain"),))
        with pytest.raises(ImageError):
            choose(index, Platform.parse("linux/amd64"))

    def test_one_that_says_nothing_is_the_last_resort(self):
        silent = entry(None)
        fitting = entry("linux/amd64")
        wanted = Platform.parse("linux/amd64")
        assert choose(Index(manifests=(silent, fitting)), wanted) == fitting
        assert choose(Index(manifests=(silent, entry("linux/arm64"))), wanted) == silent

    def test_an_index_in_an_index_may_be_chosen(self):
        nested = entry("linux/amd64", media_type=media.INDEX)
        assert choose(Index(manifests=(nested,)), Platform.parse("linux/amd64")) == nested


class TestWindows:
    ALL = tuple(
        f"windows({version})/amd64"
        for version in ("10.0.17763.5", "10.0.20348.1", "10.0.20348.20", "10.0.26100.1")
    )

    @pytest.mark.parametrize(
        ("host", "image"),
        [
            ("10.0.17763", "10.0.17763.5"),
            ("10.0.20348.999", "10.0.20348.20"),
            ("10.0.22621", "10.0.20348.20"),
            ("10.0.26100", "10.0.26100.1"),
        ],
    )
    def test_the_newest_that_runs_is_chosen(self, host, image):
        assert chosen(f"windows({host})/amd64", *self.ALL) == f"windows({image})/amd64"

    def test_what_does_not_run_is_not_chosen(self):
        with pytest.raises(ImageError, match=r"there is windows\(10\.0\.17763\.5\)"):
            chosen("windows(10.0.14393)/amd64", *self.ALL)

    def test_in_a_virtual_machine_older_ones_run(self):
        host = "windows(10.0.19045)/amd64"
        with pytest.raises(ImageError):
            chosen(host, *self.ALL)
        assert chosen(host, *self.ALL, vm=True) == self.ALL[0]

    def test_elsewhere_the_newest_is_taken(self):
        assert chosen("windows/amd64", *self.ALL) == self.ALL[-1]

    def test_one_without_a_version_runs_but_is_not_preferred(self):
        bare = "windows/amd64"
        host = "windows(10.0.20348)/amd64"
        assert chosen(host, bare, *self.ALL) == self.ALL[2]
        assert chosen(host, bare) == bare

    def test_a_version_that_is_none_is_nothing(self):
        odd = Platform("windows", "amd64", None, "10.0." + "9" * 5000)
        assert chosen("windows(10.0.20348)/amd64", odd, self.ALL[1]) == self.ALL[1]

    def test_the_rule_is_the_published_one(self):
        builds = {14393: [14393], 17763: [17763], 20348: [20348], 22000: range(20348, 22001)}
        builds |= {26100: range(20348, 26101), 27000: range(26100, 27001)}
        for host, images in builds.items():
            assert list(images_for(WindowsVersion(10, 0, host))) == list(images)
        assert not runs_on(WindowsVersion(6, 3, 9600), WindowsVersion(10, 0, 26100), vm=True)
