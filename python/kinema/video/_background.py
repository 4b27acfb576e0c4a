"""Threads that decode and read while something else goes on."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor


@contextlib.contextmanager
def background_threads(count: int) -> Iterator[tuple[ThreadPoolExecutor, threading.Event]]:
    """Threads that end with the block however it is left: at its end, by an exception, a break.

    The event is set then; what runs in the threads looks at it from time to time.
    """
    stopping = threading.Event()
    pool = ThreadPoolExecutor(count, thread_name_prefix="kinema-decode")
    try:
        yield pool, stopping
    finally:
        stopping.set()
        pool.shutdown(wait=True, cancel_futures=True)
