"""Reading ahead: the next chunk of a file is parsed while the database takes in the one before."""

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class _End:
    """What the reading thread puts last: the error that ended it, if there was one."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


class _Reader(threading.Thread, Generic[T]):
    def __init__(self, items: Iterator[T], depth: int) -> None:
        super().__init__(name="cauce-read-ahead", daemon=True)
        self._items = items
        self._given_up = threading.Event()
        self.ready: queue.Queue[T | _End] = queue.Queue(depth)

    def run(self) -> None:
        try:
            for item in self._items:
                self._put(item)
                if self._given_up.is_set():
                    return
            self._put(_End())
        except BaseException as error:  # noqa: BLE001 - raised again by the one who waits for the item
            self._put(_End(error))

    def _put(self, item: T | _End) -> None:
        while not self._given_up.is_set():
            with suppress(queue.Full):
                self.ready.put(item, timeout=0.1)
                return

    def close(self) -> None:
        self._given_up.set()
        self.join()


def read_ahead(items: Iterator[T], depth: int = 1) -> Generator[T, None, None]:
    """Give the items of an iterator that a thread runs ahead of by at most `depth`; its errors are raised here.

    The thread has ended when the iterator is exhausted or closed, so that whoever made `items` may use again what
    they read from.
    """
    with closing(_Reader(items, depth)) as reader:
        reader.start()
        while not isinstance(item := reader.ready.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
