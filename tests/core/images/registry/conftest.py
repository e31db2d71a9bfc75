"""A registry for each module of tests."""

from registries.fixtures import docker_registry, registry, upload

__all__ = ["docker_registry", "registry", "upload"]
