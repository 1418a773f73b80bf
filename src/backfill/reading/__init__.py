"""Files of any origin, read without believing them.

Whatever the bytes are, a reader gives what it was asked for or raises one InputError that names the
file. It takes no longer, and no more memory, than a sound file of that size would.
"""
