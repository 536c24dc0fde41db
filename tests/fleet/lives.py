"""How sizes go, minute by minute. What a Prometheus pays for a series depends on how well its chunks are
compressed, so there is noise, there are teeth and steps, much that never moves, and some leaks."""

import array
import functools
import math

PAGE = 4096
MIB = 1 << 20
# Memory that something always holds and that is no part of its footprint: mapped files.
FILES = 24 * MIB


def pages(size):
    return size // PAGE * float(PAGE)


class Life:
    """The course of one process or group; many share one. A course is an array of a value per minute, or
    a number where it never changes, or None where there is no such series."""

    def __init__(self, random, minutes, start, level, leaks=False):
        self.minutes = minutes
        self.start = start
        self.level = level
        self.leaks = leaks
        self.limit = pages(level * random.uniform(2.5, 6))
        # It has been running for a while when the history begins, a few for less.
        self.born = float(start - int(random.uniform(0.1, 20) * 86400))
        self.fds_level = random.randrange(8, 300)
        self.footprint = self._leak(random) if leaks else self._harmless(random)
        self.open_fds = self._descriptors(random)
        self.noise = [random.random() for _ in range(97)]

    def course(self, value):
        return array.array("d", (value(i) for i in range(self.minutes)))

    def _harmless(self, random):
        """Idle, noisy, collected, daily, stepping: in such shares."""
        shape = random.choices(("idle", "noise", "teeth", "daily", "steps"), (30, 25, 25, 12, 8))[0]
        level, uniform = self.level, random.random
        if shape == "idle":
            # A page more or less now and then.
            value, values = pages(level), array.array("d")
            for _ in range(self.minutes):
                if uniform() < 0.02:
                    value = pages(level * (0.995 + 0.01 * uniform()))
                values.append(value)
            return values
        if shape == "teeth":
            period, height = random.randrange(7, 240), random.uniform(0.1, 0.7)
            return self.course(
                lambda i: pages(level * (1 + height * (i % period) / period + 0.01 * uniform())))
        if shape == "daily":
            return self.course(
                lambda i: pages(level * (1 + 0.3 * math.sin(i * math.tau / 1440) + 0.02 * uniform())))
        if shape == "steps":
            every, step = random.randrange(300, 2000), random.uniform(0.02, 0.2)
            return self.course(lambda i: pages(level * (1 + step * (i // every % 4) + 0.003 * uniform())))
        drift, values = 0.0, array.array("d")
        for _ in range(self.minutes):
            drift = 0.98 * drift + 0.004 * (uniform() - 0.5)
            values.append(pages(level * (1 + drift)))
        return values

    def _leak(self, random):
        """Four fifths of the time climb to what is below the limit; teeth on top."""
        self.onset = self.minutes // 5
        climb = (self.limit - 1.6 * self.level) / (self.minutes - self.onset)
        self.rate = climb / 60
        period, uniform = random.randrange(5, 60), random.random
        return self.course(lambda i: pages(
            self.level * (1 + 0.1 * (i % period) / period + 0.005 * uniform())
            + climb * max(0, i - self.onset)))

    def _descriptors(self, random):
        level, uniform = self.fds_level, random.random
        if self.leaks:
            return self.course(lambda i: float(level + i // 11 + int(4 * uniform())))
        if random.random() < 0.5:
            return float(level)
        return self.course(lambda i: float(level + int(uniform() * level / 4)))

    # What follows from these; computed when a family asks for it.

    def of_footprint(self, share=1.0, plus=0):
        return array.array("d", (pages(share * value) + plus for value in self.footprint))

    @functools.cached_property
    def resident(self):
        return self.of_footprint(plus=pages(FILES))

    @functools.cached_property
    def largest(self):
        return self.of_footprint(0.5)

    @functools.cached_property
    def median(self):
        return self.of_footprint(0.2) if self.leaks else self.of_footprint(0.4)

    @functools.cached_property
    def headroom(self):
        return array.array("d", (max(self.limit - value, 0.0) for value in self.footprint))

    @functools.cached_property
    def threads(self):
        return float(1 + self.fds_level // 6)

    @functools.cached_property
    def cpu_seconds(self):
        total, values = self.level / MIB, array.array("d")
        for i in range(self.minutes):
            total += 0.01 * int(200 * self.noise[i % 97])
            values.append(round(total, 2))
        return values

    @functools.cached_property
    def faults(self):
        return array.array("d", (float(i // 97) for i in range(self.minutes)))

    @functools.cached_property
    def suspected(self):
        if not self.leaks:
            return 0.0
        return self.course(lambda i: float(i > self.onset + 60))

    @functools.cached_property
    def growth(self):
        return self.course(lambda i: self.rate * (1 + 0.02 * (self.noise[i // 15 % 97] - 0.5))) \
            if self.leaks else 0.0

    @functools.cached_property
    def fd_growth(self):
        return 1 / 660 if self.leaks else 0.0

    @functools.cached_property
    def exhaustion(self):
        """None where nothing grows."""
        if not self.leaks:
            return None
        return array.array("d", (round(room / self.rate, 1) for room in self.headroom))

    def if_leaking(self, value):
        return value if self.leaks else None


class Pool:
    """Lives to hand out: of each size some harmless ones and one that leaks."""

    SIZES = 12
    HARMLESS = 7

    def __init__(self, random, minutes, start):
        self._lives = []
        for size in range(self.SIZES):
            level = 20 * MIB * 1.6**size
            self._lives.append([
                Life(random, minutes, start, pages(level * random.uniform(0.9, 1.1)), leaks=not i)
                for i in range(1 + self.HARMLESS)])

    def pick(self, random, size, leaks):
        return self._lives[size % self.SIZES][0 if leaks else random.randint(1, self.HARMLESS)]
