"""Images that podman builds: its builder calls the runtime by itself, for each line that runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from callers.podman import Podman

pytestmark = pytest.mark.slow

LINES = """
FROM localhost/box
RUN echo made > /made && id -u
RUN --mount=type=tmpfs,target=/volatile touch /volatile/x
USER 1000
RUN test $(id -u) = 1000 && test ! -w /etc
CMD cat /made
"""


@pytest.fixture(params=["podman", "tenants"])
def owner(request: pytest.FixtureRequest) -> Podman:
    return request.getfixturevalue(request.param)


@pytest.fixture
def context(owner: Podman) -> Path:
    """A directory that the owner may read."""
    place = owner.place / "context"
    place.mkdir(exist_ok=True)
    return place


def build(owner: Podman, context: Path, lines: str):
    (context / "Containerfile").write_text(lines)
    return owner("build", "--network=none", "--layers=false", "--tag=built", str(context))


def test_its_lines_run(owner: Podman, context: Path) -> None:
    built = build(owner, context, LINES)
    assert built.returncode == 0, built.stderr
    assert owner.run("built").stdout == "made\n"


def test_a_line_that_fails_has_its_own_code(owner: Podman, context: Path) -> None:
    assert build(owner, context, "FROM localhost/box\nRUN exit 9\n").returncode == 9


def test_a_line_whose_program_is_not_there_is_told(owner: Podman, context: Path) -> None:
    failed = build(owner, context, 'FROM localhost/box\nRUN ["/nosuch"]\n')
    assert failed.returncode != 0
    assert "stat /nosuch: no such file or directory" in failed.stderr
