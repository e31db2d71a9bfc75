"""Registries that want to know who asks: by password, by token, by certificate."""

from __future__ import annotations

import json
import logging
import os
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from registries import images
from registries.authority import Authority
from registries.faulty import Faulty, challenge, reply
from registries.images import put
from registries.passwords import write_passwords
from registries.server import DockerRegistry
from registries.tokens import TokenServer

from cloche.errors import ClocheError, ImageError, Unavailable
from cloche.images.reference import Reference
from cloche.images.registry.credentials import Credentials, find_credentials
from cloche.images.registry.login import keep, log_in, log_out

PASSWORD = "correct horse"
ANN = Credentials(username="ann", password=PASSWORD)
IMAGE = images.image(images.archive({"a": b"content"}))


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def tls(tmp_path_factory, authority):
    """A registry with TLS that knows ann."""
    folder = tmp_path_factory.mktemp("tls")
    passwords = write_passwords(folder / "passwords", {"ann": PASSWORD})
    with DockerRegistry(folder, certificate=authority.server(), passwords=passwords) as started:
        yield started


@pytest.fixture
def trusting(tls, authority, tmp_path):
    """A certs.d in which this registry's authority is trusted."""
    folder = tmp_path / "certs.d" / tls.host
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_bytes(authority.certificate.file.read_bytes())
    return (str(folder.parent),)


def push(client, ref, content, image=IMAGE):
    for blob in image.blobs.values():
        descriptor, reader = content(blob)
        client.push_blob(ref, descriptor, reader)
    return client.push_manifest(ref, image.data, image.media_type)


class TestTls:
    def test_it_is_pushed_to_and_pulled_from(self, tls, connect, trusting, content):
        client = connect(tls.host, certificates=trusting, credentials=ANN)
        ref = Reference.parse(f"{tls.host}/it:1")
        push(client, ref, content)
        assert client.resolve(ref)[1] == IMAGE.data

    def test_an_authority_may_be_named_by_the_environment(
        self, tls, connect, authority, monkeypatch
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate.file))
        connect(tls.host, credentials=ANN).check_login()

    def test_an_unknown_authority_is_not_believed(self, tls, connect):
        with pytest.raises(Unavailable, match="certificate is not believed") as caught:
            connect(tls.host, credentials=ANN).check_login()
        assert f"/etc/docker/certs.d/{tls.host}/ca.crt" in (caught.value.hint or "")

    def test_any_certificate_will_do_where_that_is_said(self, tls, connect):
        connect(tls.host, insecure={tls.host}, credentials=ANN).check_login()

    def test_a_file_that_is_no_certificate_is_named(self, tls, connect, trusting):
        file = Path(trusting[0], tls.host, "ca.crt")
        file.write_text("nothing")
        with pytest.raises(ClocheError, match=str(file)):
            connect(tls.host, certificates=trusting).check_login()

    def test_a_certificate_of_ours_is_shown(self, connect, authority, tmp_path):
        """To a server that talks to nobody else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server, client = authority.server(), authority.client()
        context.load_cert_chain(server.file, server.key)
        context.load_verify_locations(authority.certificate.file)
        context.verify_mode = ssl.CERT_REQUIRED
        with Faulty(context) as asked:
            folder = tmp_path / "certs.d" / asked.host
            folder.mkdir(parents=True)
            (folder / "ca.crt").write_bytes(authority.certificate.file.read_bytes())
            folders = (str(folder.parent),)
            with pytest.raises(Unavailable):
                connect(asked.host, certificates=folders).check_login()
            (folder / "own.cert").write_bytes(client.file.read_bytes())
            (folder / "own.key").write_bytes(client.key.read_bytes())
            connect(asked.host, certificates=folders).check_login()
            assert asked.asked("/v2/") != []

    def test_plain_http_is_for_loopback_only(self, connect):
        """This name leads to loopback, too, but nobody could know."""
        with Faulty() as plain:
            port = plain.host.rpartition(":")[2]
            host = f"ip6-localhost.localdomain:{port}"
            with pytest.raises(Unavailable):
                connect(host).check_login()
            assert plain.requests == []

    def test_from_https_nothing_leads_to_http(self, connect, authority, tmp_path, content):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server = authority.server()
        context.load_cert_chain(server.file, server.key)
        descriptor, _ = content(b"content")
        with Faulty(context) as asked, Faulty() as plain:
            path = f"/v2/it/blobs/{descriptor.digest}"
            asked.on(path, reply(307, Location=f"http://{plain.host}/data"))
            client = connect(asked.host, insecure={asked.host})
            with pytest.raises(ImageError, match="from https to http"):
                list(client.fetch(Reference.parse(f"{asked.host}/it"), descriptor))
            asked.on("/v2/", challenge(f'Bearer realm="http://{plain.host}/token"'))
            with pytest.raises(ImageError, match="from https to http"):
                connect(asked.host, insecure={asked.host}, credentials=ANN).check_login()
            assert plain.requests == []


class TestPasswords:
    @pytest.mark.parametrize("who", [None, Credentials(username="ann", password="wrong one")])
    def test_who_is_not_known_is_denied(self, tls, connect, trusting, who):
        client = connect(tls.host, certificates=trusting, credentials=who)
        with pytest.raises(Unavailable, match="denies access") as caught:
            client.resolve(Reference.parse(f"{tls.host}/it:1"))
        assert f"cloche login {tls.host}" in (caught.value.hint or "")
        assert "wrong one" not in str(caught.value)

    def test_a_wrong_password_is_sent_once(self, connect):
        """Registries lock users out who are wrong too often."""
        with Faulty() as asked:
            asked.on("/v2/it/manifests/1", challenge('Basic realm="x"'))
            with pytest.raises(Unavailable):
                connect(asked.host, credentials=ANN).resolve(Reference.parse(f"{asked.host}/it:1"))
            sent = [headers.get("Authorization") for headers in asked.asked("/v2/it/manifests/1")]
            assert sent == [None, ANN.basic()]

    def test_an_unknown_way_to_authenticate_is_said(self, connect):
        with Faulty() as asked:
            asked.on("/v2/", challenge("Negotiate abc=="))
            with pytest.raises(Unavailable, match="authentication that is not known"):
                connect(asked.host, credentials=ANN).check_login()

    def test_a_login_is_checked_kept_used_and_forgotten(
        self, tls, connect, trusting, home, monkeypatch
    ):
        monkeypatch.setattr("cloche.images.registry.config.CERTIFICATES", trusting)
        from cloche.images.registry.config import RegistryConfig

        config = RegistryConfig(certificates=trusting)
        with pytest.raises(Unavailable):
            log_in(tls.host, "ann", "wrong", config=config)
        assert not (home / ".docker").exists()
        log_in(tls.host, "ann", PASSWORD, config=config)
        connect(tls.host, certificates=trusting).check_login()
        assert log_out(tls.host)
        with pytest.raises(Unavailable):
            connect(tls.host, certificates=trusting).check_login()
        assert not log_out(tls.host)

    def test_skopeo_finds_our_login_and_we_find_its(self, tls, trusting, connect, tmp_path):
        keep(tls.host, ANN)
        environment = os.environ | {"REGISTRY_AUTH_FILE": ""}
        folder = Path(trusting[0], tls.host)
        put_in = ["--dest-cert-dir", folder, f"docker://{tls.host}/skopeo:1"]
        write_layout(tmp_path / "layout", IMAGE)
        skopeo("copy", f"oci:{tmp_path}/layout", *put_in, env=environment)
        assert log_out(tls.host)
        theirs = tmp_path / "auth.json"
        arguments = ["--authfile", theirs, "--cert-dir", folder, "-u", "ann", "--password-stdin"]
        skopeo("login", *arguments, tls.host, input=PASSWORD)
        found = find_credentials(tls.host, "", {"REGISTRY_AUTH_FILE": str(theirs)})
        assert found == ANN


def skopeo(*arguments, env=None, input=None):
    done = subprocess.run(
        ["skopeo", *arguments], env=env, input=input, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def write_layout(folder, image):
    """An OCI image layout of one image."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    for digest, data in {**image.blobs, image.digest: image.data}.items():
        (blobs / digest.partition(":")[2]).write_bytes(data)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    index = {"schemaVersion": 2, "manifests": [image.descriptor]}
    (folder / "index.json").write_text(json.dumps(index))


class TestTokens:
    @pytest.fixture
    def tokens(self, authority):
        with TokenServer(authority.certificate, password=PASSWORD) as started:
            yield started

    @pytest.fixture
    def guarded(self, tokens, tmp_path):
        with DockerRegistry(tmp_path / "registry", tokens=tokens) as started:
            yield started

    @pytest.fixture
    def ref(self, guarded):
        return Reference.parse(f"{guarded.host}/some/it:1")

    def test_a_token_is_had_for_each_scope_once(self, guarded, tokens, connect, content, ref):
        client = connect(guarded.host, credentials=ANN)
        push(client, ref, content)
        assert client.resolve(ref)[1] == IMAGE.data
        scopes = [form["scope"] for _, form in tokens.asked]
        assert sorted(scopes) == ["repository:some/it:pull", "repository:some/it:pull,push"]

    def test_nobody_in_particular_may_read(self, guarded, connect, content, ref):
        push(connect(guarded.host, credentials=ANN), ref, content)
        anybody = connect(guarded.host)
        assert anybody.resolve(ref)[1] == IMAGE.data
        with pytest.raises(Unavailable, match="denies access to one who is not logged in"):
            anybody.push_manifest(ref, IMAGE.data, IMAGE.media_type)

    def test_an_identity_token_is_shown_instead_of_a_password(
        self, guarded, tokens, connect, content, ref
    ):
        identity = Credentials(identity_token=tokens.identity)
        push(connect(guarded.host, credentials=identity), ref, content)
        assert {method for method, _ in tokens.asked} == {"POST"}

    def test_a_wrong_one_is_denied(self, guarded, connect, ref):
        for wrong in (
            Credentials(identity_token="of another"),
            Credentials(username="ann", password="of another"),
        ):
            with pytest.raises(Unavailable, match="incorrect password") as caught:
                connect(guarded.host, credentials=wrong).resolve(ref)
            assert "of another" not in str(caught.value)

    @pytest.mark.parametrize(("lifetime", "fetched"), [(1, 2), (300, 1)])
    def test_a_token_that_has_ended_is_renewed(self, connect, lifetime, fetched):
        """Before its end: a life as short as that is over in the middle."""
        with Faulty() as asked:
            asked.on("/v2/", challenge(f'Bearer realm="http://{asked.host}/token"'))
            asked.on("/token", reply(200, {"token": "t", "expires_in": lifetime}))
            asked.on("/v2/it/tags/list", reply(200, {"tags": []}))
            client = connect(asked.host)
            client.tags(Reference.parse(f"{asked.host}/it"))
            time.sleep(0.6)
            client.tags(Reference.parse(f"{asked.host}/it"))
            assert len(asked.asked("/token")) == fetched

    def test_a_token_that_is_no_longer_taken_is_renewed(self, connect):
        with Faulty() as asked:
            realm = f'Bearer realm="http://{asked.host}/token",service="s"'
            asked.on("/v2/", challenge(realm))
            asked.on("/token", reply(200, {"token": "first"}), reply(200, {"token": "second"}))
            path = "/v2/it/tags/list"
            asked.on(path, challenge(realm), reply(200, {"tags": ["a"]}))
            client = connect(asked.host)
            assert client.tags(Reference.parse(f"{asked.host}/it")) == ["a"]
            sent = [headers.get("Authorization") for headers in asked.asked(path)]
            assert sent == ["Bearer first", "Bearer second"]

    def test_a_scope_that_the_registry_names_is_asked_for(self, connect):
        with Faulty() as asked:
            realm = f'Bearer realm="http://{asked.host}/token",scope="repository:other:pull"'
            path = "/v2/it/tags/list"
            asked.on(path, challenge(realm), reply(200, {"tags": []}))
            asked.on("/token", reply(200, {"access_token": "t"}))
            connect(asked.host).tags(Reference.parse(f"{asked.host}/it"))
            (query,) = [p for _, p, _, _ in asked.requests if p.startswith("/token")]
            assert "repository%3Aother%3Apull" in query
            assert "repository%3Ait%3Apull" in query

    @pytest.mark.parametrize(
        "realm", ["", "nowhere", "/token", "file:///etc/passwd", "ftp://a/", "http://"]
    )
    def test_a_realm_that_is_none_is_refused(self, connect, realm):
        with Faulty() as asked:
            asked.on("/v2/", challenge(f'Bearer realm="{realm}"'))
            with pytest.raises(ClocheError):
                connect(asked.host, credentials=ANN).check_login()
            assert not any("Authorization" in headers for _, _, headers, _ in asked.requests)

    @pytest.mark.parametrize(
        "answer", [b"", b"[]", {"token": 1}, {"token": ""}, {"token": "a\r\nb"}, {}]
    )
    def test_a_token_that_is_none_is_refused(self, connect, answer):
        with Faulty() as asked:
            asked.on("/v2/", challenge(f'Bearer realm="http://{asked.host}/token"'))
            asked.on("/token", reply(200, answer))
            with pytest.raises(ImageError, match="token"):
                connect(asked.host).check_login()


class TestSecrets:
    SECRETS = (PASSWORD, "very-secret-token", "c2VjcmV0")

    def test_none_is_in_an_error_or_a_log(self, connect, caplog):
        """Even of a registry that repeats what it was told."""
        caplog.set_level(logging.DEBUG)
        with Faulty() as asked:
            asked.on("/v2/", challenge(f'Bearer realm="http://{asked.host}/token"'))
            asked.on("/token", reply(200, {"token": "very-secret-token"}))
            said = f"no, {PASSWORD} and very-secret-token and {ANN.basic()}"
            text = {"errors": [{"code": "DENIED", "message": said}]}
            errors = []
            for status in (400, 401, 403, 404, 500):
                asked.on("/v2/it/manifests/1", reply(status, text, WWW_Authenticate="Basic"))
                client = connect(asked.host, credentials=ANN)
                with pytest.raises(ClocheError) as caught:
                    client.resolve(Reference.parse(f"{asked.host}/it:1"))
                errors.append(caught.value)
            for error in errors:
                told = f"{error!s} {error!r} {error.hint} {caplog.text} {error.__cause__!r}"
                assert not [secret for secret in (*self.SECRETS, ANN.basic()) if secret in told]

    def test_none_is_in_a_repr(self):
        full = Credentials(
            username="ann", password=PASSWORD, identity_token="c2VjcmV0", registry_token="c2VjcmV0"
        )
        assert repr(full) == "Credentials(username='ann')"

    def test_a_token_servers_refusal_repeats_none(self, connect):
        with Faulty() as asked:
            asked.on("/v2/", challenge(f'Bearer realm="http://{asked.host}/token"'))
            asked.on("/token", reply(401, {"details": f"{PASSWORD} is wrong"}))
            with pytest.raises(Unavailable, match=r"\*\*\* is wrong"):
                connect(asked.host, credentials=ANN).check_login()


def test_nothing_heavy_is_imported_before_a_registry_is_asked():
    code = (
        "import sys\n"
        "from cloche.images.registry.client import Registry\n"
        "from cloche.images.registry.login import log_in\n"
        "Registry.open('example.com').close()\n"
        "print({'httpx', 'ssl', 'pydantic', 'email'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_many_threads_share_a_token(connect, content, authority, tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    with (
        TokenServer(authority.certificate, password=PASSWORD) as tokens,
        DockerRegistry(tmp_path / "registry", tokens=tokens) as guarded,
        ThreadPoolExecutor(8) as pool,
    ):
        ref = Reference.parse(f"{guarded.host}/it:1")
        push(connect(guarded.host, credentials=ANN), ref, content)
        tokens.asked.clear()
        client = connect(guarded.host, credentials=ANN)
        descriptor, _ = content(next(iter(IMAGE.blobs.values())))
        done = [pool.submit(lambda: b"".join(client.fetch(ref, descriptor))) for _ in range(16)]
        assert {each.result() for each in done} == {IMAGE.blobs[descriptor.digest]}
        assert len(tokens.asked) == 1


def test_what_skopeo_puts_in_comes_out_and_the_other_way(registry, connect, content, tmp_path):
    write_layout(tmp_path / "layout", IMAGE)
    target = f"docker://{registry}/theirs:1"
    skopeo("copy", "--dest-tls-verify=false", f"oci:{tmp_path}/layout", target)
    client = connect(registry)
    descriptor, data = client.resolve(Reference.parse(f"{registry}/theirs:1"))
    assert (descriptor.digest, data) == (IMAGE.digest, IMAGE.data)
    push(client, Reference.parse(f"{registry}/ours:1"), content, images.busybox())
    source = f"docker://{registry}/ours:1"
    skopeo("copy", "--src-tls-verify=false", source, f"oci:{tmp_path}/out:1")
    blobs = {path.name for path in (tmp_path / "out/blobs/sha256").iterdir()}
    assert {digest.partition(":")[2] for digest in images.busybox().blobs} < blobs


def test_what_others_put_in_comes_out(docker_registry, connect):
    put(docker_registry.url, "plain:1", IMAGE)
    ref = Reference.parse(f"{docker_registry.host}/plain:1")
    assert connect(docker_registry.host).resolve(ref)[1] == IMAGE.data


def test_threads_that_ask_for_several_repositories_do_not_wait_for_each_other(connect):
    from concurrent.futures import ThreadPoolExecutor

    with Faulty() as asked, ThreadPoolExecutor(16) as pool:
        asked.on("/v2/", challenge(f'Bearer realm="http://{asked.host}/token"'))
        asked.on("/token", reply(200, {"token": "t"}))
        client = connect(asked.host, credentials=ANN)
        names = [Reference.parse(f"{asked.host}/name{number}") for number in range(64)]
        for name in names:
            asked.on(f"/v2/{name.repository}/tags/list", reply(200, {"tags": ["a"]}))
        done = [pool.submit(client.tags, name) for name in names]
        assert [each.result(timeout=30) for each in done] == [["a"]] * 64
