"""Names, leases and collections in any order do what a few sets would."""

from __future__ import annotations

import json
import shutil
import tempfile

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from cloche.images import Descriptor
from cloche.images.content import Content, Lease
from cloche.images.media import INDEX, MANIFEST

NAMES = st.sampled_from(["a:1", "A:1", "host:5000/b/c:2"])


class Store(RuleBasedStateMachine):
    """``there`` is what should be there: by digest, what each blob leads to."""

    manifests = Bundle("manifests")
    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.mkdtemp()
        self.content = Content(f"{self.place}/images")
        self.there: dict[str, set[str]] = {}
        self.all: dict[str, Descriptor] = {}
        self.leads: dict[str, set[str]] = {}
        self.names: dict[str, Descriptor] = {}
        self.held: dict[str, tuple[Lease, set[str]]] = {}

    def _put(self, data: bytes, kind: str, leads: set[str]) -> Descriptor:
        found = self.content.put(data, kind)
        self.there[found.digest] = self.leads[found.digest] = leads
        self.all[found.digest] = found
        return found

    @rule(target=manifests, layers=st.lists(st.binary(min_size=1, max_size=2), max_size=3))
    def image(self, layers: list[bytes]) -> Descriptor:
        parts = [self._put(b"\0" + layer, "a/b", set()) for layer in [b"config", *layers]]
        entries = [{"mediaType": "a/b", "digest": p.digest, "size": p.size} for p in parts]
        document = {"schemaVersion": 2, "config": entries[0], "layers": entries[1:]}
        return self._put(json.dumps(document).encode(), MANIFEST, {p.digest for p in parts})

    @rule(target=manifests, children=st.lists(manifests, min_size=1, max_size=2))
    def index(self, children: list[Descriptor]) -> Descriptor:
        entries = [
            {"mediaType": c.media_type, "digest": c.digest, "size": c.size} for c in children
        ]
        document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}
        return self._put(json.dumps(document).encode(), INDEX, {c.digest for c in children})

    @rule(name=NAMES, manifest=manifests)
    def name(self, name: str, manifest: Descriptor) -> None:
        if manifest.digest in self.there:
            self.content.names.set(name, manifest)
            self.names[name] = manifest

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        assert self.content.names.remove(name) == (name in self.names)
        self.names.pop(name, None)

    @rule(target=leases, manifest=manifests)
    def hold(self, manifest: Descriptor) -> str:
        lease = self.content.leases.hold(manifest.digest, reason="model")
        self.held[lease.name] = lease, {manifest.digest}
        return lease.name

    @rule(name=leases, manifest=manifests)
    def hold_more(self, name: str, manifest: Descriptor) -> None:
        lease, digests = self.held[name]
        lease.add(manifest.digest)
        digests.add(manifest.digest)

    @rule(name=consumes(leases))
    def let_go(self, name: str) -> None:
        self.held.pop(name)[0].close()

    @rule(roots=st.lists(manifests, max_size=2))
    def collect(self, roots: list[Descriptor]) -> None:
        used = self._used({root.digest for root in roots})
        expected = {digest for digest in self.there if digest not in used}
        removed = set(self.content.collect([root.digest for root in roots]).removed)
        assert removed == expected
        for digest in removed:
            del self.there[digest]

    def _used(self, roots: set[str]) -> set[str]:
        pending = roots | {each.digest for each in self.names.values()}
        pending |= {digest for _, digests in self.held.values() for digest in digests}
        used: set[str] = set()
        while pending:
            digest = pending.pop()
            used.add(digest)
            pending |= self.there.get(digest, set()) - used
        return used

    @invariant()
    def names_are_as_given(self) -> None:
        assert self.content.names.list() == self.names

    @invariant()
    def usage_is_as_counted(self) -> None:
        usage = self.content.usage()
        assert usage.count == len(self.there)
        unused = self.there.keys() - self._used(set())
        assert usage.reclaimable == sum(self.all[digest].size for digest in unused)

    def teardown(self) -> None:
        for lease, _ in self.held.values():
            lease.close()
        shutil.rmtree(self.place)


Store.TestCase.settings = settings(deadline=None, max_examples=20, stateful_step_count=20)
TestStore = Store.TestCase
