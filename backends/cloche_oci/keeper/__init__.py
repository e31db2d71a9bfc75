"""The program that keeps one container, or one process executed in it; it imports no Cloche.

It runs the runtime in a mount namespace of its own, adopts what the runtime leaves behind, tells
how that ends, and ends it with the process that asked for it. It is started by posix_spawn, so the
embedding process is never forked, never becomes a subreaper, and mounts nothing.
"""
