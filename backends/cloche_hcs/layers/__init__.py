"""Windows layers: a store of roots made by the filter driver, and layers in and out as OCI tars.

``store`` makes and takes away sandboxes, the writable layers of containers. ``importing`` and
``exporting`` turn read-only layers from and into tar files.

What a root of the store says:

- ``form`` ``filter:mounted`` (process isolation): the sandbox is mounted, and ``path`` is its
  volume (``\\\\?\\Volume{…}``, as the driver gives it), or None if the driver names none.
- ``form`` ``filter`` (a virtual machine mounts it): the sandbox exists, nothing is mounted, and
  ``path`` is None.
- ``layers``: the folders of the read-only layers, topmost first, as they were given.
- ``info``: ``folder`` is the sandbox's folder; ``guids`` gives each layer's GUID by its folder.
"""
