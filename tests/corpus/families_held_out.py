"""Families that no threshold may be tuned on: other mechanisms of the same world."""

import math

from world import (GIB, HOUR, KIB, MIB, PAGE, Series, add, any_load, arena, daily_load, flat_load,
                   give_limit, lag, leak_into_limit, log_uniform, noise, program, round_limit,
                   show_load, size, teeth, warm_up)

# Leaks


def into_swap(rng):
    """Fills its share of memory, then goes on into swap, slower, waiting for the disk."""
    life = log_uniform(rng, 16, 70)
    s = Series(rng, min(96, life * 1.5 + 2))
    s.load = any_load(s)
    turn, slower = rng.uniform(0.4, 0.7), rng.uniform(0.45, 0.85)
    pace = [max(0.1, 1 + x) for x in noise(rng, s.n, 0.35, s.steps(0.4))]
    done, shares = 0.0, []
    step = 1 / s.steps(life)
    for p in pace:
        done += step * (1.0 if done < turn else slower * p)
        shares.append(done)
    # Swap is taken in clusters.
    leak_into_limit(s, program(s, size(rng)), 0, life, dose=[b - a for a, b in
                                                            zip([0.0] + shares, shares)])
    show_load(s)
    return s


def thread_stacks(rng):
    """Threads that never end: each touches its stack and an arena of its own."""
    life = log_uniform(rng, 10, 72)
    s = Series(rng, min(96, life * 1.2 + 2))
    s.load = any_load(s)
    base = size(rng, 40 * MIB, 2 * GIB)
    each = rng.uniform(60, 900) * KIB
    count = max(30, base * rng.uniform(0.8, 4) / each)
    dose = []
    for x in s.load:
        mean = count / s.steps(life) * x
        dose.append(sum(rng.random() < mean / 8 for _ in range(8)) if mean < 4
                    else max(0, round(rng.gauss(mean, math.sqrt(mean)))))
    leak_into_limit(s, program(s, base, "native"), 0, life, dose=dose)
    fixed, alive, threads = rng.randint(8, 60), 0, []
    for d in dose[:s.n]:
        alive += d
        threads.append(fixed + alive)
    if rng.random() < 0.5:
        s.columns["threads"] = threads
    show_load(s, "all" if "threads" in s.columns else rng.choice(("none", "cpu")))
    return s


def short_workers(rng):
    """A group whose workers live minutes and are replaced; what they leave behind stays."""
    life = log_uniform(rng, 12, 72)
    s = Series(rng, min(96, life * 1.2 + 2))
    s.load = any_load(s)
    workers = rng.randint(4, 40)
    each = log_uniform(rng, 8 * MIB, 300 * MIB)
    lives = s.steps(log_uniform(rng, 0.1, 1.5))
    young = [rng.uniform(0, lives) for _ in range(workers)]
    grown = rng.uniform(0.1, 0.8)
    total = []
    for x in s.load:
        held = 0.0
        for k in range(workers):
            young[k] += 1
            if young[k] > lives * (0.8 + 0.4 * rng.random()):
                young[k] = 0
            held += 1 + grown * min(1.0, young[k] / lives)
        total.append(each * held * (0.9 + 0.1 * x))
    leak_into_limit(s, add(program(s, each * 2, "native", warm=False), total), 0, life)
    show_load(s)
    return s


def feature_flag(rng):
    """Runs for days, then a flag is turned and each use of the feature loses something."""
    before = rng.uniform(20, 56)
    life = log_uniform(rng, 8, 38)
    s = Series(rng, min(96, before + life * 1.2), step=rng.choice((60, 60, 300)))
    s.load = daily_load(s)
    uses = [x * max(0.0, 1 + w) for x, w in zip(s.load, noise(rng, s.n, 0.4, s.steps(0.5)))]
    leak_into_limit(s, program(s, size(rng)), s.at(before), life, dose=uses)
    show_load(s)
    return s


def beyond_the_ramp(rng):
    """Traffic rises for hours and memory with it; the traffic stays, memory goes on."""
    life = rng.uniform(36, 84)
    s = Series(rng, min(96, life * 1.15 + 2))
    ramp, grown = rng.uniform(3, 9), rng.uniform(1.5, 4)
    s.load = [x * (1 + (grown - 1) * min(1.0, h / ramp))
              for x, h in zip(flat_load(s), s.hours)]
    base = size(rng)
    background = program(s, base, load_share=rng.uniform(0.05, 0.2))
    leak_into_limit(s, background, 0, life, dose=s.load, ratio=(2.5, 6), growth=(0.8, 3))
    show_load(s)
    return s


def open_connections(rng):
    """Peers that vanish without a goodbye: buffers and descriptors of each stay."""
    life = log_uniform(rng, 16, 80)
    s = Series(rng, min(96, life * 1.2 + 2))
    s.load = daily_load(s)
    base = size(rng, 40 * MIB, 3 * GIB)
    each = rng.uniform(16, 300) * KIB
    count = base * rng.uniform(0.5, 3) / each
    lost = [x * rng.uniform(0.3, 1.7) for x in s.load]
    leak_into_limit(s, program(s, base), 0, life, dose=lost)
    whole, x, stuck = sum(lost[:int(s.steps(life))]), 0.0, []
    for v in lost[:s.n]:
        x += v * count / whole
        stuck.append(int(x))
    clients, fixed = log_uniform(rng, 20, 800), rng.randint(20, 200)
    s.columns["connections"] = [round(clients * x) + n for x, n in zip(s.load, stuck)]
    s.columns["fds"] = [fixed + c for c in s.columns["connections"]]
    show_load(s, rng.choice(("cpu", "all", "all")))
    return s


def fragmentation(rng):
    """Live data is bounded; holes between it are not. Each busy time needs fresh pages."""
    life = rng.uniform(40, 88)
    s = Series(rng, min(96, life * 1.1 + 4))
    s.load = daily_load(s, spread=0.15)
    power = rng.uniform(0.65, 0.9)
    dose = [max(0.0, x - 0.25) ** 1.5 for x in s.load]
    background = program(s, size(rng, 60 * MIB), "native", rng.uniform(0.02, 0.1))
    leak_into_limit(s, background, 0, life, lambda x: max(0.0, x) ** power, dose=dose,
                    growth=(0.5, 2))
    s.value = [min(v, (s.limit or math.inf) - PAGE) for v in arena(s.value, MIB)]
    show_load(s)
    return s


def error_path(rng):
    """Only requests that fail lose memory, and they fail in storms of ten minutes to two hours."""
    life = log_uniform(rng, 24, 84)
    s = Series(rng, min(96, life * 1.2 + 2))
    s.load = any_load(s)
    storm = [0.02] * s.n
    i = 0
    while i < s.n:
        i += max(1, int(s.steps(rng.expovariate(1 / (life / 22)))))
        high = rng.uniform(0.4, 1.6)
        for j in range(i, min(s.n, i + int(s.steps(log_uniform(rng, 0.15, 2))))):
            storm[j] = high
    leak_into_limit(s, program(s, size(rng)), 0, life, dose=storm, growth=(0.6, 4))
    show_load(s)
    return s


def office_hours(rng):
    """Loses memory from nine to five, and nothing at night: a staircase of days."""
    s = Series(rng, rng.uniform(90, 98), start_hour=rng.uniform(5, 10), weekday=0)
    s.load = daily_load(s, depth=0.95, peak=13, weekend=0.1)
    opens, shuts = rng.uniform(7, 9), rng.uniform(16, 20)
    dose = [x if opens <= ((s.t0 / HOUR + h) % 24) < shuts else 0.0
            for x, h in zip(s.load, s.hours)]
    leak_into_limit(s, program(s, size(rng), load_share=0.03), 0, rng.uniform(70, 88), dose=dose,
                    growth=(0.8, 4))
    show_load(s)
    return s


def old_generation(rng):
    """A large heap with a full collection every few hours; what it leaves grows each time."""
    life = rng.uniform(44, 86)
    s = Series(rng, min(96, life * 1.15 + 2))
    s.load = any_load(s)
    heap = log_uniform(rng, 500 * MIB, 14 * GIB)
    garbage = teeth(s, heap * rng.uniform(0.2, 0.5), log_uniform(rng, 1.5, 6), 0.1, 0.1)
    young = teeth(s, heap * rng.uniform(0.05, 0.15), log_uniform(rng, 0.03, 0.3))
    background = add(program(s, heap * 0.35, "native", 0.02), garbage, young)
    leak_into_limit(s, background, 0, life, ratio=(2.5, 6), growth=(0.8, 3))
    show_load(s)
    return s


def fds_only(rng):
    """Descriptors of closed files stay open; memory does not show it."""
    s = Series(rng, rng.uniform(36, 96))
    s.load = any_load(s)
    s.value = program(s, size(rng))
    onset = 0 if rng.random() < 0.6 else s.at(rng.uniform(4, 24))
    per_hour = log_uniform(rng, 8, 400)
    fixed, served = rng.randint(15, 600), rng.uniform(1, 120)
    lost, fds = 0.0, []
    for i, x in enumerate(s.load):
        if i > onset:
            lost += per_hour * s.step / HOUR * x * rng.uniform(0, 2)
        fds.append(fixed + round(served * x * rng.uniform(0.9, 1.1)) + int(lost))
    s.columns["fds"] = fds
    s.leaks_from(onset, "fds")
    give_limit(s)
    show_load(s)
    return s


def daily_restarts(rng):
    """Somebody knows it leaks: a timer restarts it once or more a day."""
    s = Series(rng, rng.uniform(72, 96), step=60)
    s.fresh = True
    s.load = any_load(s)
    every = s.steps(rng.choice((8, 12, 24)))
    base = size(rng)
    rise = base * rng.uniform(0.6, 3)
    pieces = noise(rng, s.n, 0.15, 5)
    offset, since = rng.uniform(0, every * 0.5), 0.0
    for i in range(s.n):
        if i and int((i + offset) / every) != int((i - 1 + offset) / every):
            s.births.append(i)
    background = program(s, base)
    births, leaked = set(s.births), []
    for i in range(s.n):
        since = 0.0 if i in births else since + max(0.0, 1 + pieces[i])
        leaked.append(rise * since / every)
    s.value = add(background, leaked)
    give_limit(s, 1.2, 3)
    s.leaks_from(0)
    show_load(s)
    return s


def big_blocks(rng):
    """Small losses seen through blocks of 16 to 64 MiB that a runtime takes at a time."""
    life = rng.uniform(40, 86)
    s = Series(rng, min(96, life * 1.15 + 2))
    s.load = any_load(s)
    base = log_uniform(rng, 200 * MIB, 3 * GIB)
    block = rng.choice((16, 32, 64)) * MIB
    life_growth = block * rng.uniform(14, 50)
    s.leaks_from(0)
    dose = [x * rng.uniform(0.5, 1.5) for x in s.load]
    whole, total, x = sum(dose[:int(s.steps(life))]), [], 0.0
    phase = rng.uniform(0, 1) * block
    for v in dose:
        x += v * life_growth / whole
        total.append(x + phase)
    background = program(s, base, "native", 0.01)
    s.value = add(background, arena(total, block, 10 ** 6))
    if rng.random() < 0.6:
        s.limit = round_limit(max(background) + block + life_growth * rng.uniform(0.8, 0.95))
        s.die_at_limit()
    show_load(s)
    return s


def growing_vector(rng):
    """A list that is never cleared: room for an eighth to all of it more each time it is full."""
    life = rng.uniform(24, 80)
    s = Series(rng, min(96, life * 1.2 + 2))
    s.load = any_load(s)
    base = size(rng, 50 * MIB, 6 * GIB)
    # Untouched room is not resident: the entries fill it; moving it needs both for a moment.
    factor = rng.choice((1.125, 1.25, 2.0))
    used, room, dose, moving = 0.05, 0.06, [], []
    for x in s.load:
        was = used
        used += x / s.steps(life)
        if used > room:
            room = used * factor
            moving.append(used * rng.uniform(0.3, 0.9))
        else:
            moving.append(0.0)
        dose.append(used - was)
    s_base = program(s, base)
    leak_into_limit(s, s_base, 0, life, dose=dose, growth=(0.7, 3))
    rise = max(0.0, s.value[-1] - s_base[s.n - 1])
    if s.limit is None or s.exhaustion is None:
        s.value = [v + rise * m * 0.5 for v, m in zip(s.value, moving)]
    show_load(s)
    return s


def sudden_flood(rng):
    """A retry loop queues without bound: from quiet to its limit in half an hour to two hours."""
    before, life = rng.uniform(3, 30), rng.uniform(0.55, 2.2)
    s = Series(rng, before + life * 1.3 + 0.3, step=rng.choice((60, 60, 15)))
    s.load = any_load(s)
    power = rng.uniform(0.9, 1.6)
    leak_into_limit(s, program(s, size(rng, 30 * MIB, 8 * GIB)), s.at(before), life,
                    lambda x: max(0.0, x) ** power, reach=1, ratio=(2, 9))
    show_load(s)
    return s


def small_and_slow(rng):
    """0.8 MiB an hour on 300 MiB of a collected heap, seen through its teeth."""
    s = Series(rng, rng.uniform(80, 96), step=60)
    s.load = flat_load(s)
    base = rng.uniform(270, 330) * MIB
    rate = rng.uniform(0.75, 0.9) * MIB
    garbage = teeth(s, base * rng.uniform(0.03, 0.12), log_uniform(rng, 0.02, 0.4), 0.05, 0.02)
    s.value = [v + g + rate * h
               for v, g, h in zip(program(s, base, "native", 0.0), garbage, s.hours)]
    s.leaks_from(0)
    show_load(s)
    return s


LEAKS = (into_swap, thread_stacks, short_workers, feature_flag, beyond_the_ramp, open_connections,
         fragmentation, error_path, office_hours, old_generation, fds_only, daily_restarts,
         big_blocks, growing_vector, sudden_flood, small_and_slow)

# Innocents


def refault(rng):
    """The kernel takes pages away under pressure; they come back over hours, never above before."""
    s = Series(rng, rng.uniform(30, 90))
    s.load = any_load(s)
    gone, tau, x = [], s.steps(log_uniform(rng, 0.5, 6)), 0.0
    chance = 1 / s.steps(rng.uniform(6, 30))
    for _ in range(s.n):
        if rng.random() < chance:
            x = max(x, rng.uniform(0.1, 0.5))
        x -= x / tau
        gone.append(x)
    s.value = [v * (1 - g) for v, g in zip(program(s, size(rng)), gone)]
    give_limit(s)
    show_load(s)
    return s


def session_walk(rng):
    """Sessions that last for days: their number walks without a home."""
    s = Series(rng, rng.uniform(48, 96))
    seen = rng.random() < 0.45
    pace = rng.uniform(0.05, 0.16) / math.sqrt(s.steps(4))
    x, walk = 0.0, []
    for _ in range(s.n):
        x += rng.gauss(0, pace)
        if not -0.8 < x < 0.8:
            x = math.copysign(1.6, x) - x
        walk.append(x)
    s.load = [math.exp(w + v) for w, v in zip(walk, noise(rng, s.n, 0.03, 5))]
    s.value = program(s, size(rng), rng.choice(("native", "go", "node")), rng.uniform(0.2, 0.6))
    give_limit(s)
    show_load(s, "all" if seen else "none")
    return s


def takes_over(rng):
    """Peers are drained one after the other; this instance takes their work and keeps it."""
    s = Series(rng, rng.uniform(40, 84))
    seen = rng.random() < 0.45
    peers, start, took = rng.randint(2, 9), rng.uniform(1, 20), rng.uniform(1.5, 12)
    times = sorted(start + took * rng.random() for _ in range(peers))
    share = rng.uniform(0.15, 0.5)
    s.load = lag([x * (1 + share * sum(h >= t for t in times))
                  for x, h in zip(flat_load(s, 0.05), s.hours)], s.steps(0.2))
    s.value = program(s, size(rng), rng.choice(("native", "go", "python")), rng.uniform(0.1, 0.4))
    give_limit(s, 1.25, 4)
    show_load(s, "all" if seen else "none")
    return s


def index_build(rng):
    """A backfill reads everything once, evenly, and keeps an index; a restart repeats it."""
    s = Series(rng, rng.uniform(40, 90))
    s.fresh = True
    seen = rng.random() < 0.45
    took = log_uniform(rng, 2, 16)
    if rng.random() < 0.4:
        s.births = [s.at(took + rng.uniform(4, 20))]
    base = size(rng)
    rise = base * rng.uniform(0.4, 2)
    since, births, built, work = 0.0, set(s.births), [], []
    pace = [max(0.2, 1 + w) for w in noise(rng, s.n, 0.15, s.steps(0.3))]
    for i in range(s.n):
        since = 0.0 if i in births else min(1.0, since + pace[i] / s.steps(took))
        built.append(rise * since)
        work.append(1.0 if since < 1 else 0.0)
    busy = rng.uniform(1, 6)
    s.load = [x + busy * w for x, w in zip(flat_load(s), work)]
    s.value = add(program(s, base, load_share=0.01), arena(built, MIB))
    give_limit(s, 1.25, 4, none=0.5)
    show_load(s, "cpu" if seen else "none")
    return s


def new_week(rng):
    """The recording begins on Sunday night, and each working day is a little busier."""
    s = Series(rng, rng.uniform(40, 96), weekday=6, start_hour=rng.uniform(20, 23.5))
    seen = rng.random() < 0.45
    s.load = daily_load(s, depth=rng.uniform(0.5, 0.9), weekend=rng.uniform(0.3, 0.7), spread=0.05)
    more = rng.uniform(0.03, 0.12)
    s.load = [x * (1 + more * min(2, h // 24)) for x, h in zip(s.load, s.hours)]
    s.value = program(s, size(rng), rng.choice(("native", "go", "python")), rng.uniform(0.2, 0.6))
    give_limit(s)
    show_load(s, rng.choice(("cpu", "all")) if seen else "none")
    return s


def log_buffer(rng):
    """Gathers until the hour of its rotation, writes it out and begins anew."""
    s = Series(rng, rng.uniform(40, 96))
    s.load = any_load(s)
    period = s.steps(rng.choice((1, 3, 6, 12)))
    phase = rng.uniform(0, period)
    base, x, held = size(rng), rng.uniform(0, 0.4), []
    height = base * rng.uniform(0.1, 1)
    for i, load in enumerate(s.load):
        if (i + phase) % period < 1:
            x = 0.02 * rng.random()
        x += load / period
        held.append(height * x)
    s.value = add(program(s, base), held)
    give_limit(s, 1.3)
    show_load(s)
    return s


def restart_storm(rng):
    """Cannot reach its database and starts again and again, each time as small as before."""
    s = Series(rng, rng.uniform(24, 60), step=rng.choice((60, 60, 15)))
    s.load = flat_load(s)
    start, took, i = rng.uniform(2, 14), rng.uniform(0.5, 20), 0
    i = s.at(start)
    while i < min(s.n - 2, s.at(start + took)):
        s.births.append(i)
        i += max(2, int(s.steps(log_uniform(rng, 0.05, 1.2))))
    rise = warm_up(s, share=rng.uniform(0.2, 0.7), minutes=rng.uniform(0.5, 12))
    s.value = [v * r for v, r in zip(program(s, size(rng), warm=False), rise)]
    give_limit(s)
    show_load(s)
    return s


def memtables(rng):
    """A store that merges logs: small tables fill and are flushed, larger merges now and then."""
    s = Series(rng, rng.uniform(36, 96))
    s.load = any_load(s)
    base = size(rng, 200 * MIB)
    small = teeth(s, base * rng.uniform(0.1, 0.4), log_uniform(rng, 0.3, 3), 0.05, 0.02)
    large = teeth(s, base * rng.uniform(0.1, 0.5), log_uniform(rng, 4, 16), 0.2, 0.1)
    s.value = add(program(s, base, "native"), arena(small, 4 * MIB), arena(large, 4 * MIB))
    give_limit(s)
    show_load(s)
    return s


def compiled_code(rng):
    """Classes and compiled code: a lot at first, some more as each rarer feature is first used."""
    s = Series(rng, rng.uniform(36, 90))
    s.fresh = True
    s.load = any_load(s)
    base = size(rng, 100 * MIB)
    extra, features = [0.0] * s.n, rng.randint(15, 60)
    for k in range(features):
        at = s.at(log_uniform(rng, 0.02, s.hours[-1]) * (k + 1) / features)
        rise = base * rng.uniform(0.2, 0.9) / features
        for i in range(at, s.n):
            extra[i] += rise
    s.value = add(program(s, base, rng.choice(("jvm", "node"))), lag(extra, s.steps(0.1)))
    give_limit(s)
    show_load(s)
    return s


def lagging_replica(rng):
    """Keeps what a slow peer has not fetched; hours later the peer has caught up."""
    s = Series(rng, rng.uniform(36, 84))
    s.load = any_load(s)
    base, backlog, x = size(rng), [], 0.0
    slow, speed = 0, 0.0
    for i in range(s.n):
        if slow <= 0 and x <= 0 and rng.random() < 1 / s.steps(14):
            slow, speed = int(s.steps(log_uniform(rng, 0.3, 3))), rng.uniform(0.03, 0.2)
        slow -= 1
        x = max(0.0, x + (speed if slow > 0 else -speed * 2.5) * s.step / HOUR * s.load[i])
        backlog.append(base * x)
    s.value = add(program(s, base), backlog)
    give_limit(s, 1.3)
    show_load(s)
    return s


def keeps_the_peak(rng):
    """Never gives memory back: grows on the first busy day, and the next days fit into it."""
    s = Series(rng, rng.uniform(50, 96), start_hour=rng.uniform(0, 9), weekday=rng.choice((0, 1)))
    seen = rng.random() < 0.5
    s.load = daily_load(s, spread=0.03)
    base = size(rng)
    share, high, held = rng.uniform(0.2, 0.8), 0.0, []
    for x in s.load:
        high = max(high, x)
        held.append(base * share * high)
    s.value = add(program(s, base, "python", 0.0), held)
    give_limit(s)
    show_load(s, rng.choice(("cpu", "all")) if seen else "none")
    return s


def models_on_demand(rng):
    """Loads each of its few models when it is first asked for it."""
    s = Series(rng, rng.uniform(36, 90))
    s.fresh = True
    s.load = any_load(s)
    base = log_uniform(rng, 150 * MIB, 3 * GIB)
    level, models = [0.0] * s.n, rng.randint(3, 9)
    for _ in range(models):
        at = s.at(rng.expovariate(1 / (s.hours[-1] / 7)))
        rise = base * rng.uniform(0.1, 0.5)
        for i in range(at, s.n):
            level[i] += rise
    s.value = add(program(s, base, rng.choice(("python", "native"))), lag(level, s.steps(0.03)))
    give_limit(s)
    show_load(s)
    return s


def campaign(rng):
    """A campaign brings more visitors for a day or more; afterwards about half of them stay."""
    s = Series(rng, rng.uniform(60, 96))
    seen = rng.random() < 0.45
    start, ramp = rng.uniform(2, 20), rng.uniform(8, 28)
    more, stays = rng.uniform(0.8, 4), rng.uniform(0.3, 0.7)

    def visitors(h):
        x = (h - start) / ramp
        if x <= 0:
            return 1.0
        return 1 + more * x if x < 1 else 1 + more * (stays + (1 - stays) * math.exp(-(x - 1) * 2))

    s.load = [x * visitors(h) for x, h in zip(any_load(s), s.hours)]
    s.value = program(s, size(rng), rng.choice(("native", "go", "python")), rng.uniform(0.1, 0.35))
    give_limit(s, 1.25, 4)
    show_load(s, rng.choice(("cpu", "all")) if seen else "none")
    return s


def heap_ergonomics(rng):
    """The collector lets its teeth grow while it learns the load, above the same floor."""
    s = Series(rng, rng.uniform(30, 84))
    s.fresh = True
    s.load = any_load(s)
    base = size(rng, 200 * MIB)
    height, tau, x, out = base * rng.uniform(0.3, 1.2), log_uniform(rng, 2, 18), 0.0, []
    per = s.steps(log_uniform(rng, 0.1, 1.2))
    for load, h in zip(s.load, s.hours):
        top = height * (1 - 0.85 * math.exp(-h / tau))
        x += load * height / per
        if x > top:
            x = 0.05 * top * rng.random()
        out.append(x)
    s.value = add(program(s, base, "native"), out)
    give_limit(s)
    show_load(s)
    return s


def fills_by_day(rng):
    """A bounded cache that fills only while people work: two or three days until it is full."""
    s = Series(rng, rng.uniform(72, 96), start_hour=rng.uniform(4, 12), weekday=rng.choice((0, 1)))
    s.fresh = True
    seen = rng.random() < 0.45
    s.load = daily_load(s, depth=0.92)
    base = size(rng)
    rise, days, x, filled = base * rng.uniform(0.3, 1.2), rng.uniform(0.7, 1.8), 0.0, []
    pace = 1 / (days * s.steps(24) * 0.45)
    for load in s.load:
        # The fuller it is, the more is found in it.
        x = min(1.0, x + pace * load * (1.25 - x))
        filled.append(rise * x)
    s.value = add(program(s, base), filled)
    give_limit(s, 1.25, 4, none=0.5)
    show_load(s, rng.choice(("cpu", "all")) if seen else "none")
    return s


def month_end(rng):
    """One job gathers for hours, writes its report and frees everything."""
    s = Series(rng, rng.uniform(36, 72))
    seen = rng.random() < 0.45
    start, took = rng.uniform(4, 20), log_uniform(rng, 1.5, 9)
    base, need = size(rng), rng.uniform(0.3, 1.5)
    s.load = [x * 0.2 + (3.0 if start <= h < start + took else 0.0)
              for x, h in zip(flat_load(s), s.hours)]
    held = [base * need * (h - start) / took if start <= h < start + took else 0.0
            for h in s.hours]
    s.value = add(program(s, base, load_share=0.0), arena(held, MIB))
    give_limit(s, 1.3, 4)
    show_load(s, "cpu" if seen else "none")
    return s


def large_and_restless(rng):
    """Tens of GiB that breathe by a percent or two: a hundred MiB are nothing."""
    s = Series(rng, rng.uniform(48, 96), step=rng.choice((60, 300)))
    s.load = any_load(s)
    base = log_uniform(rng, 8 * GIB, 60 * GIB)
    slow = noise(rng, s.n, rng.uniform(0.004, 0.012), s.steps(log_uniform(rng, 1, 6)))
    quick = noise(rng, s.n, rng.uniform(0.002, 0.01), 2)
    s.value = [v * (1 + a + b) for v, a, b in zip(program(s, base, "native"), slow, quick)]
    give_limit(s, 1.1, 3)
    show_load(s)
    return s


def buffer_pool(rng):
    """A database touches its configured buffers as its tables are read, until all are in use."""
    s = Series(rng, rng.uniform(48, 96))
    s.fresh = True
    seen = rng.random() < 0.45
    s.load = daily_load(s, depth=rng.uniform(0.3, 0.6))
    base = size(rng, 100 * MIB)
    pool, x, touched = base * rng.uniform(0.5, 1.9), 0.0, []
    per, bend = s.steps(log_uniform(rng, 2, 14)), rng.uniform(0.2, 1)
    for load in s.load:
        x = min(1.0, x + load * (1.15 - x) ** bend / per)
        touched.append(pool * x)
    s.value = add(program(s, base, "native"), touched)
    give_limit(s, 1.2, 3, none=0.5)
    show_load(s, rng.choice(("cpu", "all")) if seen else "none")
    return s


INNOCENTS = (refault, session_walk, takes_over, index_build, new_week, log_buffer, restart_storm,
             memtables, compiled_code, lagging_replica, keeps_the_peak, models_on_demand, campaign,
             heap_ergonomics, fills_by_day, month_end, large_and_restless, buffer_pool)
