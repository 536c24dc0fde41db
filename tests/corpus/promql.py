"""The leak alerts that people write in PromQL, judged over a recorded series as Prometheus would.

Each rule is judged once a minute, over ranges open at the left as since Prometheus 3. Where a
series has no limit, what asks for one does not fire."""

import collections
import math

from world import HOUR, MIB

EVERY = 60
LOOKBACK = 300  # how old the newest sample may be


class Recording:
    """Samples with prefix sums: exact, as whole milliseconds and bytes."""

    def __init__(self, times, values, limits=None, starts=None):
        self.times = times
        self.values = values
        self.limits = limits
        self.starts = starts
        self.zero = round(times[0] * 1000)
        self.ms = [round(t * 1000) - self.zero for t in times]
        self.sums = [(0, 0, 0, 0, 0)]
        t1 = t2 = v1 = v2 = tv = 0
        for t, v in zip(self.ms, values):
            t1, t2, v1, v2, tv = t1 + t, t2 + t * t, v1 + v, v2 + v * v, tv + t * v
            self.sums.append((t1, t2, v1, v2, tv))

    def evaluations(self):
        """Time in ms since the first sample, and how many samples are not after it."""
        seen = 0
        for now in range(0, self.ms[-1] + EVERY * 1000, EVERY * 1000):
            while seen < len(self.ms) and self.ms[seen] <= now:
                seen += 1
            yield now, seen


class Range:
    """A sliding range over a recording: samples first to last-1."""

    def __init__(self, recording, seconds):
        self.recording = recording
        self.ms = seconds * 1000
        self.first = 0
        self.last = 0

    def move(self, now, seen):
        times = self.recording.ms
        self.last = seen
        while self.first < seen and times[self.first] <= now - self.ms:
            self.first += 1

    def moments(self):
        a, b = self.recording.sums[self.first], self.recording.sums[self.last]
        return [self.last - self.first] + [y - x for x, y in zip(a, b)]

    def line(self, now):
        """Least squares: per second, and the value of the line at `now`. None of fewer than two."""
        n, t1, t2, v1, _, tv = self.moments()
        if n < 2:
            return None
        spread = n * t2 - t1 * t1
        if spread == 0:
            return None
        slope = (n * tv - t1 * v1) / spread
        return slope * 1000, v1 / n + slope * (now - t1 / n)

    def r_squared(self):
        n, t1, t2, v1, v2, tv = self.moments()
        spread, scatter = n * t2 - t1 * t1, n * v2 - v1 * v1
        if n < 2 or spread == 0 or scatter == 0:
            return None
        return (n * tv - t1 * v1) ** 2 / (spread * scatter)


def firing(recording, judge, hold):
    """Intervals in which an alert fires whose expression has held for `hold` seconds."""
    intervals, since, fires = [], None, False
    for now, seen in recording.evaluations():
        if not judge(now, seen):
            since, fires = None, False
            continue
        if since is None:
            since = now
        if now - since >= hold * 1000:
            at = (recording.zero + now) / 1000
            if fires:
                intervals[-1][1] = at
            else:
                intervals.append([at, at])
                fires = True
    return intervals


def deriv_over(range_seconds, per_hour, hold):
    def rule(recording):
        window = Range(recording, range_seconds)

        def judge(now, seen):
            window.move(now, seen)
            line = window.line(now)
            return line is not None and line[0] * HOUR > per_hour

        return firing(recording, judge, hold)
    return rule


def rate_on_gauge(recording):
    """rate(gauge[5m]) > 0 for 30 m: whatever falls counts as a counter that began anew."""
    window = Range(recording, 300)
    values = recording.values
    ups = [0]  # sum of what increase() would add
    for a, b in zip(values, values[1:]):
        ups.append(ups[-1] + (b - a if b >= a else b))

    def judge(now, seen):
        window.move(now, seen)
        return window.last - window.first >= 2 and ups[window.last - 1] > ups[window.first]

    return firing(recording, judge, 1800)


def limit_at(recording, now, seen):
    if not recording.limits or seen == 0 or recording.ms[seen - 1] <= now - LOOKBACK * 1000:
        return None
    return recording.limits[seen - 1]


def predict(recording):
    """predict_linear(x[1h], 4h) > 0.9 * limit for 5 m."""
    window = Range(recording, HOUR)

    def judge(now, seen):
        window.move(now, seen)
        line, limit = window.line(now), limit_at(recording, now, seen)
        return line is not None and limit is not None and line[1] + line[0] * 4 * HOUR > .9 * limit

    return firing(recording, judge, 300)


def steady_climb(recording):
    """R^2 of 6 h at least .8, and at the limit within 7 days."""
    window = Range(recording, 6 * HOUR)

    def judge(now, seen):
        window.move(now, seen)
        limit = limit_at(recording, now, seen)
        if now < window.ms or limit is None:
            return False
        line, fit = window.line(now), window.r_squared()
        return (fit is not None and fit >= .8 and line[0] > 0 and
                (limit - line[1]) / line[0] < 7 * 24 * HOUR)

    return firing(recording, judge, 0)


def sliding_minimum(values, width):
    """Of the last `width` values each; absent ones are None."""
    best, out = collections.deque(), []
    for i, v in enumerate(values):
        if v is not None:
            while best and best[-1][1] >= v:
                best.pop()
            best.append((i, v))
        while best and best[0][0] <= i - width:
            best.popleft()
        out.append(best[0][1] if best else None)
    return out


def four_troughs(recording):
    """Minima of four windows in a row rise, evenly, to where the memory was not a day ago, and far
    enough to matter. Without a limit the horizon of the shortest windows is never near."""
    grid = list(recording.evaluations())
    window = Range(recording, 300)
    recorded = []
    for now, seen in grid:
        window.move(now, seen)
        recorded.append(min(recording.values[window.first:window.last], default=None))
    day = sliding_minimum(recorded, 24 * 60)
    scales = []
    for minutes, horizon, unlimited in ((60, 16 * HOUR, False), (360, 30 * 24 * HOUR, True),
                                        (1440, 365 * 24 * HOUR, True)):
        scales.append((minutes, horizon, unlimited, sliding_minimum(recorded, minutes)))

    def rises(i, minutes, horizon, unlimited, minima):
        if i < 4 * minutes + 10:
            return False
        m = [minima[i - k * minutes] for k in range(4)]
        if None in m or not m[0] > m[1] > m[2] > m[3]:
            return False
        total = m[0] - m[3]
        newest, middle, oldest = m[0] - m[1], m[1] - m[2], m[2] - m[3]
        if (total < max(6 * MIB, .02 * m[0]) or max(newest, middle, oldest) > .6 * total
                or newest < .5 * oldest):
            return False
        prior = day[i - 1440] if i >= 1440 else None
        if prior is not None and m[0] <= prior:
            return False
        now, seen = grid[i]
        limit = limit_at(recording, now, seen)
        if limit is None:
            return unlimited
        return (limit - m[0]) / (total / (3 * minutes * 60)) < horizon

    def judge(now, seen):
        i = now // (EVERY * 1000)
        if recording.starts and seen:
            # Two lives are no trend.
            old = max(0, i - 240)
            if recording.starts[seen - 1] != recording.starts[max(0, grid[old][1] - 1)]:
                return False
        return any(rises(i, *scale) for scale in scales)

    return firing(recording, judge, 0)


RULES = {
    "rate(gauge[5m]) > 0 for 30m": rate_on_gauge,
    "deriv[1h] > 10 MiB/h for 30m": deriv_over(HOUR, 10 * MIB, 1800),
    "deriv[6h] > 0.5 MiB/h for 1h": deriv_over(6 * HOUR, MIB // 2, 3600),
    "predict_linear[1h], 4h > 90 %": predict,
    "R^2 >= .8 on 6h, exit in 7d": steady_climb,
    "four troughs": four_troughs,
}


def exhaustion(recording, at, range_seconds):
    """Seconds until the limit by the line through the last `range_seconds`; None without growth."""
    window = Range(recording, range_seconds)
    now = round(at * 1000) - recording.zero
    seen = sum(t <= now for t in recording.ms)
    window.move(now, seen)
    line = window.line(now)
    if line is None or line[0] <= 0 or not recording.limits:
        return None
    seconds = (recording.limits[seen - 1] - line[1]) / line[0]
    return max(0.0, seconds) if math.isfinite(seconds) else None


def oracle(recording, onset, at):
    """Seconds until the limit by the straight line through the peaks soon after the onset and now:
    by someone who knows when the leak began, and nothing else. What curves, it gets wrong."""
    life = at - onset

    def peak(end):
        return max((v for t, v in zip(recording.times, recording.values)
                    if end - .1 * life <= t <= end), default=None)

    before, now = peak(onset + .1 * life), peak(at)
    if before is None or now is None or now <= before:
        return None
    return (recording.limits[-1] - now) / ((now - before) / (.9 * life))


# Which rule's range also predicts when the memory is gone.
PREDICTS = {"deriv[6h] > 0.5 MiB/h for 1h": 6 * HOUR, "predict_linear[1h], 4h > 90 %": HOUR}
