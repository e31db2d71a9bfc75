"""Layers of images: unpacked, kept, made into roots, and made of what a container changed."""
