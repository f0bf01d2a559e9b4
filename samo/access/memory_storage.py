"""Moving windows in the memory of this process, as a storage of the library `limits`.

The storage that `limits` brings walks through the windows of all callers at every request, in a
thread or a task of its own. This one removes a window when it is empty and comes up, and keeps one
entry per request instead of one per unit of its cost.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from typing import Final

from limits.storage import MovingWindowSupport, Storage

# Callers that are counted; the one that was not seen for the longest time makes room. A window has
# one entry per request that its limit permits, of 100 bytes.
MAX_WINDOWS: Final = 10_000
# Empty windows that are removed at each request; more than one, so that the number shrinks.
_CLEANED_PER_HIT: Final = 2


class _Window:
    """The requests of one caller in the period that ends now, by a clock that is never set."""

    __slots__ = ("entries", "expiry", "total")

    def __init__(self, expiry: int) -> None:
        self.expiry = expiry
        self.entries: deque[tuple[float, int]] = deque()
        self.total = 0

    def drop_expired(self, now: float) -> None:
        """Remove the entries that are older than the period."""
        while self.entries and self.entries[0][0] <= now - self.expiry:
            self.total -= self.entries.popleft()[1]


class WindowStorage(MovingWindowSupport, Storage):
    """Moving windows of at most `MAX_WINDOWS` callers."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def __len__(self) -> int:
        """Number of windows."""
        return len(self._windows)

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add `amount` to the window, or return False if it would exceed `limit`."""
        now = time.monotonic()
        self._clean(now)
        window = self._windows.get(key)
        if window is None:
            if len(self._windows) >= MAX_WINDOWS:
                self._windows.popitem(last=False)
            window = self._windows[key] = _Window(expiry)
        else:
            self._windows.move_to_end(key)
            window.drop_expired(now)
        if window.total + amount > limit:
            return False
        window.entries.append((now, amount))
        window.total += amount
        return True

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """The Unix time of the oldest entry in the window, and the sum of the entries."""
        now = time.monotonic()
        window = self._windows.get(key)
        if window is None:
            return time.time(), 0
        window.drop_expired(now)
        age = now - window.entries[0][0] if window.entries else 0.0
        return time.time() - age, window.total

    def _clean(self, now: float) -> None:
        """Remove the windows that were not used for the longest time, if they are empty."""
        for key in list(_first(self._windows, _CLEANED_PER_HIT)):
            window = self._windows[key]
            window.drop_expired(now)
            if not window.entries:
                del self._windows[key]

    # The rest of the interface; the strategy of moving windows calls none of it but `clear`.

    @property
    def base_exceptions(self) -> type[Exception]:
        """The errors of this storage."""
        return ValueError

    def clear(self, key: str) -> None:
        """Forget a window."""
        self._windows.pop(key, None)

    def reset(self) -> int:
        """Forget all windows; return their number."""
        number = len(self._windows)
        self._windows.clear()
        return number

    def check(self) -> bool:
        """Whether the storage works."""
        return True

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Not supported: only moving windows are."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Not supported: only moving windows are."""
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        """Not supported: only moving windows are."""
        raise NotImplementedError


def _first(windows: OrderedDict[str, _Window], number: int) -> list[str]:
    return [key for key, _ in zip(windows, range(number), strict=False)]
