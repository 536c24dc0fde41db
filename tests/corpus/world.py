"""The world that all families live in: clocks, load, allocators, collectors, noise.

Everything is a list with one number per sample. Randomness comes only from the series' own
generator, so that a family and a seed always give the same series, whatever else is generated.
"""

import math

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30
PAGE = 4096
HOUR = 3600
DAY = 86400


def log_uniform(rng, low, high):
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def size(rng, low=30 * MIB, high=20 * GIB):
    """A program's size: small ones are common."""
    return log_uniform(rng, low, high)


class Series:
    """One recorded series while it is being made, and the truth about it."""

    def __init__(self, rng, hours, step=None, start_hour=None, weekday=None):
        self.rng = rng
        if step is None:
            step = rng.choices((60, 300, 15), (80, 10, 10))[0]
            if step == 15 and hours > 30:
                step = 60
        self.step = step
        self.n = int(hours * HOUR / step) + 1
        day = rng.randrange(20089, 20400)
        if weekday is not None:  # Monday is 0; the first day of Unix was a Thursday
            day += (weekday - (day + 3)) % 7
        hour = rng.uniform(0, 24) if start_hour is None else start_hour
        self.t0 = day * DAY + round(hour * HOUR)
        self.hours = [i * step / HOUR for i in range(self.n)]
        self.value = [0.0] * self.n
        self.load = [1.0] * self.n
        self.columns = {}
        self.births = []  # indices at which the program was started anew
        # Half of the recordings begin with the program, half find it running.
        self.fresh = rng.random() < 0.5
        self.age = rng.uniform(0, 40) if self.fresh else log_uniform(rng, 2 * HOUR, 40 * DAY)
        self.limit = None
        self.leak = False
        self.resource = "memory"
        self.onset = None  # index
        self.end = None  # index of the end of life, where it is not the last sample
        self.exhaustion = None  # index

    def at(self, hours):
        """The index of a time."""
        return max(0, min(self.n - 1, round(hours * HOUR / self.step)))

    def steps(self, hours):
        """How many samples a duration is, at least one."""
        return max(1.0, hours * HOUR / self.step)

    def leaks_from(self, index, resource="memory"):
        self.leak = True
        self.onset = index
        self.resource = resource

    def die_at_limit(self):
        """The kernel ends a program that reaches its limit, and the recording ends with it."""
        for i in range(self.onset, self.n):
            if self.value[i] >= self.limit:
                self.exhaustion = i
                self.cut(i)
                return
        self.exhaustion = None

    def cut(self, n):
        self.n = n
        self.hours = self.hours[:n]
        self.value = self.value[:n]
        self.load = self.load[:n]
        self.columns = {name: column[:n] for name, column in self.columns.items()}


# Load


def noise(rng, n, sigma, tau):
    """Autocorrelated noise: `tau` is how many samples it remembers."""
    gauss = rng.gauss
    if tau <= 0.5:
        return [gauss(0, sigma) for _ in range(n)]
    keep = math.exp(-1 / tau)
    fresh = sigma * math.sqrt(1 - keep * keep)
    x = gauss(0, sigma)
    out = []
    for _ in range(n):
        x = keep * x + gauss(0, fresh)
        out.append(x)
    return out


def lag(values, tau):
    """What follows its input slowly."""
    gain = 1 - math.exp(-1 / max(tau, 1e-3))
    x = values[0]
    out = []
    for v in values:
        x += gain * (v - x)
        out.append(x)
    return out


def flat_load(s, spread=None):
    spread = s.rng.uniform(0.03, 0.2) if spread is None else spread
    return [math.exp(x) for x in noise(s.rng, s.n, spread, s.steps(s.rng.uniform(0.1, 1.5)))]


def daily_load(s, depth=None, weekend=None, peak=None, spread=None):
    """A working day: night trough, lunch dip, quieter weekends. The peak is about 1."""
    rng = s.rng
    depth = rng.uniform(0.4, 0.9) if depth is None else depth
    weekend = rng.uniform(0.35, 1.0) if weekend is None else weekend
    peak = rng.uniform(11, 20) if peak is None else peak
    spread = rng.uniform(0.02, 0.1) if spread is None else spread
    lunch = rng.uniform(0, 0.12)
    shape = []
    for minute in range(0, 1440, 5):
        angle = 2 * math.pi * (minute / 60 - peak) / 24
        up = (0.5 + 0.5 * math.cos(angle)) ** rng_power(depth)
        shape.append(1 - depth * (1 - up) - lunch * max(0.0, math.cos(3 * angle)) * up)
    today = [
        weekend if (t // DAY + 3) % 7 >= 5 else 1.0
        for t in range(s.t0, s.t0 + s.n * s.step, s.step)
    ]
    week = lag(today, s.steps(1.5))
    # No two days are alike.
    moods = [rng.gauss(1, 0.04) for _ in range(s.n * s.step // DAY + 2)]
    mood = lag([moods[(i * s.step) // DAY] for i in range(s.n)], s.steps(3))
    wobble = noise(rng, s.n, spread, s.steps(rng.uniform(0.2, 1)))
    minutes = s.t0 // 60
    exp = math.exp
    return [
        shape[(minutes + i * s.step // 60) % 1440 // 5] * week[i] * mood[i] * exp(wobble[i])
        for i in range(s.n)
    ]


def rng_power(depth):
    return 0.7 + 0.6 * depth


def any_load(s):
    return daily_load(s) if s.rng.random() < 0.5 else flat_load(s)


def show_load(s, kind="some"):
    """Adds the columns that a recording has beside memory: `none`, `cpu`, `all`, or by chance."""
    rng = s.rng
    if kind == "some":
        kind = rng.choices(("none", "cpu", "all"), (40, 25, 35))[0]
    if kind == "none":
        return
    cores = log_uniform(rng, 0.02, 6)
    idle = rng.uniform(0.002, 0.05) * cores
    total = 0.0 if s.fresh else s.age * cores * rng.uniform(0.3, 0.8)
    births = set(s.births)
    cpu = []
    for i, x in enumerate(s.load):
        if i in births:
            total = 0.0
        total += (idle + cores * x * (0.95 + 0.1 * rng.random())) * s.step
        cpu.append(round(total, 2))
    s.columns["cpu_seconds"] = cpu
    if kind != "all":
        return
    if "connections" not in s.columns:
        clients = log_uniform(rng, 15, 3000)
        wobble = noise(rng, s.n, 0.04, 3)
        s.columns["connections"] = [
            max(0, round(clients * x * (1 + w))) for x, w in zip(s.load, wobble)
        ]
    if "threads" not in s.columns:
        fixed, per = rng.randint(4, 40), rng.choice((0, 0, rng.uniform(2, 30)))
        s.columns["threads"] = [fixed + round(per * x) for x in s.load]
    if "fds" not in s.columns:
        fixed = rng.randint(12, 300)
        s.columns["fds"] = [fixed + c + rng.randint(0, 3) for c in s.columns["connections"]]


# Memory


def teeth(s, height, hours, spread=0.1, leftover=0.05):
    """Garbage: grows with the load and is collected when `height` bytes have gathered, which takes
    `hours` under a load of 1. A collection leaves a little."""
    rng = s.rng
    rate = height * s.step / (hours * HOUR)
    if rate > height * 0.7:  # several collections between two samples
        low = leftover * height
        return [rng.uniform(low, height) for _ in range(s.n)]
    x = rng.uniform(0, height)
    top = height
    out = []
    for load in s.load:
        x += rate * load
        if x >= top:
            x = height * leftover * rng.random()
            top = height * (1 + rng.uniform(-spread, spread))
        out.append(x)
    return out


def arena(values, chunk, slack=1):
    """An allocator takes memory in chunks and gives back only what is `slack` chunks too much."""
    held = 0
    out = []
    for v in values:
        need = math.ceil(v / chunk)
        if need > held:
            held = need
        elif need < held - slack:
            held = need + slack
        out.append(held * chunk)
    return out


def warm_up(s, births=None, share=None, minutes=None):
    """From 1-share to 1 after each start."""
    rng = s.rng
    share = rng.uniform(0.1, 0.6) if share is None else share
    births = ([0] if s.fresh else []) + s.births if births is None else births
    out = [1.0] * s.n
    for birth, until in zip(births, births[1:] + [s.n]):
        tau = s.steps((rng.uniform(1, 8) if minutes is None else minutes) / 60)
        for i in range(birth, min(until, birth + int(9 * tau))):
            out[i] = 1 - share * math.exp(-(i - birth + 1) / tau)
    return out


def program(s, base, kind=None, load_share=None, warm=True):
    """What an ordinary program of this size holds while it works under s.load and leaks nothing."""
    rng = s.rng
    kind = kind or rng.choices(
        ("native", "go", "jvm", "node", "python"), (34, 18, 18, 15, 15))[0]
    share = rng.choice((0.0, rng.uniform(0, 0.04), rng.uniform(0.02, 0.12))) \
        if load_share is None else load_share
    follow = lag(s.load, s.steps(rng.uniform(0.05, 0.6)))
    live = [base * (1 - share + share * x) for x in follow]
    if warm:
        live = [a * b for a, b in zip(live, warm_up(s))]
    if kind == "native":
        wobble = noise(rng, s.n, rng.uniform(0.0003, 0.006), s.steps(rng.uniform(0.2, 4)))
        live = [v * (1 + w) for v, w in zip(live, wobble)]
        if rng.random() < 0.4:
            live = arena(live, rng.choice((132 * KIB, 256 * KIB, MIB)), rng.choice((1, 3)))
        return live
    if kind == "python":
        wobble = noise(rng, s.n, rng.uniform(0.0002, 0.003), s.steps(rng.uniform(0.5, 6)))
        # Freed pools are given back only when they are wholly empty.
        return arena([v * (1 + w) for v, w in zip(live, wobble)], 256 * KIB, rng.choice((2, 8)))
    height, hours = {
        "go": (rng.uniform(0.05, 0.3), log_uniform(rng, 0.01, 0.2)),
        "node": (rng.uniform(0.03, 0.25), log_uniform(rng, 0.05, 0.6)),
        "jvm": (rng.uniform(0.1, 0.4), log_uniform(rng, 0.05, 1.5)),
    }[kind]
    wobble = noise(rng, s.n, rng.uniform(0.0005, 0.005), s.steps(rng.uniform(0.2, 3)))
    garbage = teeth(s, base * height, hours)
    return [v * (1 + w) + g for v, w, g in zip(live, wobble, garbage)]


def add(*parts):
    return [sum(x) for x in zip(*parts)]


def give_limit(s, low=1.3, high=10.0, of=None, none=0.35):
    """A limit with room over what an innocent program needs; some have none, some the node's."""
    rng = s.rng
    of = max(s.value) if of is None else of
    kind = rng.random()
    if kind < none:
        s.limit = None
    elif kind < none + 0.15:
        s.limit = node_size(rng, of * 2.5)
    else:
        s.limit = round_limit(of * log_uniform(rng, low, high))
    return s.limit


def node_size(rng, least):
    """What a whole node has: a power of two of GiB, less what the rest of it uses."""
    total = 4 * GIB
    while total * 0.7 < least:
        total *= 2
    return round_limit(total * rng.uniform(0.7, 0.95))


def round_limit(limit):
    """People write round limits."""
    unit = 16 * MIB if limit < GIB else 128 * MIB
    return math.ceil(limit / unit) * unit


def leak_into_limit(s, background, onset, life_hours, shape=lambda x: x, reach=0.6,
                    growth=(0.4, 4.0), ratio=(1.3, 6.0), dose=None):
    """Adds a leak that begins at index `onset`. With a chance of `reach` it fills its limit after
    about `life_hours`; otherwise it adds `growth` times the program's size in that time, and meets
    no limit. `shape` maps the share of life to the share of the leak; `dose`, the opposite, is one
    number per sample to be summed instead of time."""
    rng = s.rng
    usual = sorted(background)[len(background) // 2]
    peak = max(background)
    life = s.steps(life_hours)
    if rng.random() < reach:
        s.limit = round_limit(max(usual * log_uniform(rng, *ratio), peak * 1.15))
        total = s.limit - usual
    else:
        total = usual * log_uniform(rng, *growth)
        s.limit = None if rng.random() < 0.6 else node_size(rng, (peak + total) * 1.5)
    s.leaks_from(onset)
    if dose is None:
        leaked = [total * shape((i - onset) / life) if i > onset else 0.0 for i in range(s.n)]
    else:
        whole = sum(dose[onset:onset + int(life)]) or 1.0
        x = 0.0
        leaked = []
        for i in range(s.n):
            if i > onset:
                x += dose[i] / whole
            leaked.append(total * shape(x))
    s.value = add(background, leaked)
    if s.limit is not None:
        s.die_at_limit()
