"""A disk that is full, for as long as a block runs: the system refuses to let any file grow beyond some bytes."""

import resource
from contextlib import contextmanager


@contextmanager
def full_disk(longest):
    """No file of this process may grow longer than so many bytes; the error is one of the operating system."""
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (longest, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
