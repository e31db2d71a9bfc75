"""Containers from Python: pluggable runtimes, layer stores and stdio drivers."""
