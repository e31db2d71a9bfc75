"""systemd as the manager of control groups: asked over D-Bus, by a small client of our own.

``bus`` speaks the protocol, ``client`` knows systemd's methods, ``unit`` is the scope of one
container; ``naming``, ``properties`` and ``annotations`` say what is to be asked for. Nothing here
is loaded unless systemd is wanted.
"""
