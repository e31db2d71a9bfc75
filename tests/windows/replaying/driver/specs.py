"""Scenarios say in words of their own what a specification says in ours."""

from __future__ import annotations

from typing import Any

from cloche import documents
from cloche.spec import Process, Spec

__all__ = ["process_of", "spec_of"]

#: What a scenario's ``conf`` calls a thing, and where the specification's Windows section has it.
NETWORK = {
    "dnsSearchList": "DNSSearchList",
    "allowUnqualifiedDNSQuery": "allowUnqualifiedDNSQuery",
    "networkEndpoints": "endpointList",
    "NetworkSharedContainerID": "networkSharedContainerName",
}


def spec_of(document: dict[str, Any], conf: dict[str, Any], io: dict[str, Any]) -> Spec:
    """The specification of a scenario's container."""
    whole = {**document, "windows": windows_of(conf)}
    whole["process"] = in_our_words(whole.get("process") or {}, io)
    return documents.read(Spec, whole)


def windows_of(conf: dict[str, Any]) -> dict[str, Any]:
    """The Windows section that says what ``conf`` says; what it does not say, stays unsaid."""
    section: dict[str, Any] = {"layerFolders": conf.get("layers") or []}
    network = {NETWORK[key]: conf[key] for key in NETWORK if key in conf}
    if network:
        section["network"] = network
    if conf.get("useHyperV"):
        section["hyperv"] = {}
    if "ignoreFlushesDuringBoot" in conf:
        section["ignoreFlushesDuringBoot"] = conf["ignoreFlushesDuringBoot"]
    if "credentials" in conf:
        section["credentialSpec"] = conf["credentials"]
    return section


def process_of(document: dict[str, Any], io: dict[str, Any]) -> Process:
    """The specification of a further process."""
    return documents.read(Process, in_our_words(document, io))


def in_our_words(process: dict[str, Any], io: dict[str, Any]) -> dict[str, Any]:
    """In scenarios the streams may say that there is a terminal, in ours only the process.

    No arguments are an empty command line, which is said by another field.
    """
    said: dict[str, Any] = {} if process.get("args") else {"args": None, "commandLine": ""}
    return {**process, **said, **({"terminal": True} if io.get("Terminal") else {})}
