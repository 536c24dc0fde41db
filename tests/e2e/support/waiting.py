"""Waiting for a condition with a deadline. No test sleeps for a fixed time and hopes."""

import time

# Long enough for a sanitizer build on a busy machine: it is only spent by a test that fails.
DEADLINE_SECONDS = 60


def wait_for(what, condition, deadline=DEADLINE_SECONDS, interval=0.05):
    """Returns the first true value of `condition()`; fails with `what` after the deadline."""
    end = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline} s in vain for {what}")
        time.sleep(interval)
