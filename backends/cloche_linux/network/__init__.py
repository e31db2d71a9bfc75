"""Devices of networks: what the kernel is told of them, and how they get into containers."""
