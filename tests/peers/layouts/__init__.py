"""Layouts, archives and documents of images, for the tests of what reads and writes them."""
