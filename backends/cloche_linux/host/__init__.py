"""The root that a container gets when none is named: this machine's system, as far as it is listed.

What is visible is an allow-list: programs and libraries (``/usr`` and its aliases) and the parts of
``/etc`` that programs need. Everything else (home directories, ``/root``, ``/var``, ``/opt``,
``/srv``, keys, shadow files) is not there at all, for root neither.
"""
