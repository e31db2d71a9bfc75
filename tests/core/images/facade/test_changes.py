"""A Dockerfile's words change a configuration as a Dockerfile would."""

from __future__ import annotations

import pytest

from cloche import InvalidSpec
from cloche.images.changes import changed

CHANGES = [
    ('CMD ["a", "b c"]', {"Cmd": ["a", "b c"]}),
    ("CMD a b", {"Cmd": ["/bin/sh", "-c", "a b"]}),
    ('entrypoint ["a"]', {"Entrypoint": ["a"]}),
    ("ENV A=1 B='2 3'", {"Env": ["A=1", "B=2 3"]}),
    ("ENV A the rest", {"Env": ["A=the rest"]}),
    ("EXPOSE 80/tcp 443", {"ExposedPorts": {"80/tcp": {}, "443": {}}}),
    ('LABEL a="1 2" b=3', {"Labels": {"a": "1 2", "b": "3"}}),
    ("STOPSIGNAL SIGINT", {"StopSignal": "SIGINT"}),
    ("USER ann:staff", {"User": "ann:staff"}),
    ('VOLUME ["/a", "/b c"]', {"Volumes": {"/a": {}, "/b c": {}}}),
    ("WORKDIR /srv", {"WorkingDir": "/srv"}),
]


@pytest.mark.parametrize(("change", "expected"), CHANGES, ids=[c for c, _ in CHANGES])
def test_each_word_sets_its_field(change, expected):
    assert changed({}, [change]) == expected


def test_what_was_there_stays_and_the_last_one_counts():
    config = {"Env": ["A=1", "B=2"], "Labels": {"a": "1"}, "User": "ann", "Other": [1]}
    done = changed(config, ["ENV B=3 C=4", "LABEL b=2", "ENV A=5", "USER bob"])
    assert done == {
        "Env": ["A=5", "B=3", "C=4"],
        "Labels": {"a": "1", "b": "2"},
        "User": "bob",
        "Other": [1],
    }
    assert config["User"] == "ann"


@pytest.mark.parametrize(
    "change", ["", "CMD", "RUN x", "LABEL a=1 b", "STOPSIGNAL SIGX", "ENV A='"]
)
def test_anything_else_is_refused_by_its_text(change):
    with pytest.raises(InvalidSpec) as caught:
        changed({}, [change])
    assert caught.value.path == "changes"
    assert repr(change) in str(caught.value)
