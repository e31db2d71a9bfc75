"""What Windows is asked for beyond the portable part of the standard library, one matter a file.

Only core imports this, and only on Windows.
"""
