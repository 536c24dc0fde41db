"""Families that thresholds may be tuned on. Each makes one Series from a generator of its own."""

import math

from world import (GIB, HOUR, KIB, MIB, Series, add, any_load, arena, daily_load, flat_load,
                   give_limit, lag, leak_into_limit, log_uniform, noise, program, show_load, size,
                   teeth, warm_up)

# Leaks


def linear(rng):
    """Loses the same every minute."""
    life = log_uniform(rng, 5, 80)
    s = Series(rng, min(96, life * 1.2 + 2))
    s.load = any_load(s)
    onset = 0 if rng.random() < 0.7 else s.at(rng.uniform(0.5, 6))
    leak_into_limit(s, program(s, size(rng)), onset, life)
    show_load(s)
    return s


def slow(rng):
    """0.5 to 1.2 MiB an hour on a few hundred MiB."""
    s = Series(rng, rng.uniform(72, 96), step=rng.choice((60, 60, 60, 300)))
    s.load = flat_load(s)
    base = rng.uniform(150, 400) * MIB
    rate = rng.uniform(0.5, 1.2) * MIB
    background = program(s, base, rng.choice(("native", "python")), rng.uniform(0, 0.015))
    s.value = [v + rate * h for v, h in zip(background, s.hours)]
    s.leaks_from(0)
    if rng.random() < 0.4:
        s.limit = math.ceil(base * rng.uniform(1.6, 3) / MIB) * MIB
    show_load(s)
    return s


def slow_with_fds(rng):
    """5 MB a day, hidden by noise; a descriptor is lost with each few KB."""
    s = Series(rng, rng.uniform(72, 96), step=60)
    s.load = any_load(s)
    base = log_uniform(rng, 80 * MIB, 1.5 * GIB)
    wobble = noise(rng, s.n, rng.uniform(0.004, 0.02), s.steps(rng.uniform(0.3, 2)))
    rate = rng.uniform(4, 7) * 1e6 / 24
    s.value = [v * (1 + w) + rate * h
               for v, w, h in zip(program(s, base, "native"), wobble, s.hours)]
    per_hour = log_uniform(rng, 4, 120)
    fixed, served = rng.randint(15, 400), rng.uniform(1, 60)
    lost, fds = 0.0, []
    for x in s.load:
        lost += per_hour * s.step / HOUR * x * rng.uniform(0, 2)
        fds.append(fixed + round(served * x) + int(lost))
    s.columns["fds"] = fds
    s.leaks_from(0, "fds")
    show_load(s, rng.choice(("none", "cpu", "all")))
    return s


def per_request(rng):
    """Loses some bytes with each request of a working day."""
    life = log_uniform(rng, 18, 80)
    s = Series(rng, min(96, life * 1.25 + 2))
    s.load = daily_load(s)
    leak_into_limit(s, program(s, size(rng)), 0, life, dose=s.load)
    show_load(s)
    return s


def after_deploy(rng):
    """Runs well for a day or two; the version that is deployed then leaks from its start."""
    before = rng.uniform(8, 44)
    life = log_uniform(rng, 6, 48)
    s = Series(rng, min(96, before + life * 1.2))
    s.load = any_load(s)
    onset = s.at(before)
    s.births = [onset]
    leak_into_limit(s, program(s, size(rng)), onset, life)
    show_load(s)
    return s


def batch_leak(rng):
    """A job every few minutes to hours; each run needs memory, and does not return all of it."""
    life = log_uniform(rng, 12, 80)
    s = Series(rng, min(96, life * 1.2 + 2))
    every = s.steps(log_uniform(rng, 0.2, 2))
    took = every * rng.uniform(0.1, 0.6)
    peak = rng.uniform(0.05, 0.4)
    base = size(rng)
    phase = rng.uniform(0, every)
    run = [1.0 if (i + phase) % every < took else 0.0 for i in range(s.n)]
    dose = [1.0 if (i + phase) % every < 1 else 0.0 for i in range(s.n)]
    s.load = [0.05 + 0.95 * x for x in run]
    background = add(program(s, base, "native"), [base * peak * x for x in lag(run, took / 6)])
    leak_into_limit(s, background, 0, life, dose=[d * rng.uniform(0.5, 1.5) for d in dose])
    show_load(s)
    return s


def hourly_staircase(rng):
    """A timer of an hour loses a little each time; nothing moves between."""
    life = log_uniform(rng, 20, 84)
    s = Series(rng, min(96, life * 1.15 + 3))
    s.load = flat_load(s)
    period = s.steps(rng.choice((0.5, 1, 1, 1, 2)))
    dose = [1.0 if i and i % period < 1 else 0.0 for i in range(s.n)]
    leak_into_limit(s, program(s, size(rng), "native", 0.0), 0, life, dose=dose)
    show_load(s)
    return s


def gc_troughs(rng):
    """What survives the collections grows under teeth that are much larger."""
    life = log_uniform(rng, 10, 80)
    s = Series(rng, min(96, life * 1.2 + 2))
    s.load = any_load(s)
    base = size(rng, 80 * MIB)
    tooth = base * rng.uniform(0.25, 0.9)
    sawtooth = teeth(s, tooth, log_uniform(rng, 0.1, 3), rng.uniform(0.05, 0.3))
    leak_into_limit(s, add(program(s, base, "native"), sawtooth), 0, life,
                    ratio=(2.2, 6), growth=(0.5, 3))
    show_load(s)
    return s


def square_root(rng):
    """Grows as the square root of time, without an end."""
    life = log_uniform(rng, 24, 84)
    s = Series(rng, min(96, life * 1.3 + 2))
    s.load = any_load(s)
    power = rng.uniform(0.5, 0.7)
    leak_into_limit(s, program(s, size(rng)), 0, life, lambda x: x ** power, growth=(0.6, 3))
    show_load(s)
    return s


def accelerating(rng):
    """Each lost thing makes more of them."""
    life = log_uniform(rng, 8, 70)
    s = Series(rng, min(96, life * 1.1 + 2))
    s.load = any_load(s)
    if rng.random() < 0.5:
        power = rng.uniform(1.3, 2)
        leak_into_limit(s, program(s, size(rng)), 0, life, lambda x: x ** power, reach=0.7)
    else:
        k = rng.uniform(0.8, 2)
        whole = math.exp(k) - 1
        leak_into_limit(s, program(s, size(rng)), 0, life,
                        lambda x: (math.exp(k * x) - 1) / whole, reach=0.7)
    show_load(s)
    return s


def fast(rng):
    """To the limit within 40 minutes to 3 hours, after some quiet hours."""
    before = rng.choice((0.0, rng.uniform(1, 20)))
    life = rng.uniform(0.7, 3)
    s = Series(rng, before + life * 1.4 + 0.2, step=rng.choice((60, 15)))
    s.load = any_load(s)
    leak_into_limit(s, program(s, size(rng, 30 * MIB, 6 * GIB)), s.at(before), life, reach=1,
                    ratio=(1.8, 8))
    show_load(s)
    return s


def noisy(rng):
    """A steady leak in a program that breathes."""
    life = log_uniform(rng, 30, 84)
    s = Series(rng, min(96, life * 1.15 + 2))
    s.load = any_load(s)
    base = size(rng)
    wobble = noise(rng, s.n, rng.uniform(0.03, 0.1), s.steps(log_uniform(rng, 0.05, 1.5)))
    background = [v * (1 + w) for v, w in zip(program(s, base), wobble)]
    leak_into_limit(s, background, 0, life, ratio=(1.8, 6), growth=(0.6, 4))
    show_load(s)
    return s


def crash_loop(rng):
    """Climbs to its limit, is killed, climbs again; life is the whole recording."""
    s = Series(rng, rng.uniform(24, 72), step=60)
    s.load = any_load(s)
    base = size(rng, 30 * MIB, 4 * GIB)
    s.limit = math.ceil(base * log_uniform(rng, 2, 7) / (16 * MIB)) * 16 * MIB
    climb = log_uniform(rng, 1.5, 10)
    i, plan = 0, []
    s.fresh = True
    while i < s.n:
        length = s.steps(climb * rng.uniform(0.8, 1.25))
        plan.append((i, length))
        i += int(length) + rng.randint(1, 4)
    s.births = [start for start, _ in plan[1:]]
    warm = warm_up(s, minutes=1.0)
    wobble = noise(rng, s.n, 0.004, 10)
    for start, length in plan:
        for j in range(start, min(s.n, start + int(length) + 4)):
            x = (j - start) / length
            s.value[j] = min(s.limit * 0.999,
                             base * warm[j] * (1 + wobble[j]) + (s.limit - base) * x)
    s.leaks_from(0)
    first = int(plan[0][1])
    s.exhaustion = first if first < s.n else None
    s.end = s.n - 1
    show_load(s)
    return s


def idle_leak(rng):
    """Grows all the same when its load has gone."""
    life = log_uniform(rng, 16, 80)
    s = Series(rng, min(96, life * 1.2 + 2))
    s.load = any_load(s)
    stop = life * rng.uniform(0.1, 0.5)
    tau = rng.uniform(0.1, 2)
    s.load = [x * (1.0 if h < stop else max(0.003, math.exp(-(h - stop) / tau)))
              for x, h in zip(s.load, s.hours)]
    leak_into_limit(s, program(s, size(rng), load_share=rng.uniform(0, 0.08)), 0, life)
    show_load(s, rng.choice(("cpu", "all")))
    return s


def unbounded_cache(rng):
    """Keeps everything it has seen; new keys get a little rarer."""
    life = log_uniform(rng, 24, 84)
    s = Series(rng, min(96, life * 1.3 + 2))
    s.load = daily_load(s)
    power = rng.uniform(0.72, 0.95)
    leak_into_limit(s, program(s, size(rng)), 0, life, lambda x: max(0.0, x) ** power, dose=s.load,
                    growth=(0.6, 5))
    show_load(s)
    return s


def busy_leak(rng):
    """Warm-up, collector, working day and a leak, all at once."""
    life = rng.uniform(40, 88)
    s = Series(rng, min(96, life * 1.1 + 4))
    s.fresh = True
    s.load = daily_load(s)
    base = size(rng, 200 * MIB)
    background = program(s, base, rng.choice(("go", "jvm", "node")), rng.uniform(0.05, 0.25))
    leak_into_limit(s, background, 0, life, ratio=(2, 6), growth=(0.8, 4))
    show_load(s, rng.choice(("none", "cpu", "all")))
    return s


LEAKS = (linear, slow, slow_with_fds, per_request, after_deploy, batch_leak, hourly_staircase,
         gc_troughs, square_root, accelerating, fast, noisy, crash_loop, idle_leak, unbounded_cache,
         busy_leak)

# Innocents


def flat(rng):
    """Does nothing interesting."""
    s = Series(rng, rng.uniform(24, 96))
    s.load = any_load(s)
    s.value = program(s, size(rng))
    give_limit(s)
    show_load(s)
    return s


def exponential_warm_up(rng):
    """Comes up to its size within hours."""
    s = Series(rng, rng.uniform(24, 72))
    s.fresh = True
    s.load = any_load(s)
    base = size(rng)
    rise = base * rng.uniform(0.2, 2)
    tau = log_uniform(rng, 0.2, 4)
    s.value = [v + rise * (1 - math.exp(-h / tau)) for v, h in zip(program(s, base), s.hours)]
    give_limit(s)
    show_load(s)
    return s


def log_fill(rng):
    """A cache under a skewed choice of keys: ever slower."""
    s = Series(rng, rng.uniform(36, 96))
    s.fresh = True
    s.load = any_load(s)
    base = size(rng)
    tau = log_uniform(rng, 0.1, 1.5)
    rise = base * rng.uniform(0.3, 1.5) / math.log1p(s.hours[-1] / tau)
    s.value = [v + rise * math.log1p(h / tau) for v, h in zip(program(s, base), s.hours)]
    give_limit(s)
    show_load(s)
    return s


def linear_fill(rng):
    """A bounded cache fills at an even pace, is full and stays."""
    fill = log_uniform(rng, 2, 20)
    start = 0.0 if rng.random() < 0.6 else rng.uniform(1, 10)
    s = Series(rng, rng.uniform(36, 84))
    s.fresh = start == 0.0
    seen = rng.random() < 0.45
    s.load = any_load(s)
    base = size(rng)
    rise = base * rng.uniform(0.3, 2)
    wobble = noise(rng, s.n, 0.002, 20)
    s.value = [v + rise * min(1.0, max(0.0, (h - start) / fill)) * (1 + w * 0.5)
               for v, h, w in zip(program(s, base, rng.choice(("native", "go"))), s.hours, wobble)]
    give_limit(s, 1.25, 4, none=0.5)
    show_load(s, rng.choice(("cpu", "all")) if seen else "none")
    return s


def one_step(rng):
    """A data set is loaded."""
    s = Series(rng, rng.uniform(24, 72))
    s.load = any_load(s)
    base = size(rng)
    at, rise = s.at(s.hours[-1] * rng.uniform(0.1, 0.8)), base * rng.uniform(0.1, 1.5)
    step = lag([0.0 if i < at else rise for i in range(s.n)], s.steps(log_uniform(rng, 0.02, 0.3)))
    s.value = add(program(s, base), step)
    give_limit(s)
    show_load(s)
    return s


def few_steps(rng):
    """Reloads: two to five steps, mostly upwards."""
    s = Series(rng, rng.uniform(36, 96))
    s.load = any_load(s)
    base = size(rng)
    level = [0.0] * s.n
    for _ in range(rng.randint(2, 5)):
        at = s.at(s.hours[-1] * rng.random())
        rise = base * rng.uniform(-0.05, 0.3)
        for i in range(at, s.n):
            level[i] += rise
    s.value = add(program(s, base), lag(level, s.steps(log_uniform(rng, 0.02, 0.5))))
    give_limit(s)
    show_load(s)
    return s


def long_teeth(rng):
    """Garbage gathers for an hour to half a day before it is collected."""
    s = Series(rng, rng.uniform(36, 96))
    s.load = any_load(s)
    base = size(rng)
    garbage = teeth(s, base * rng.uniform(0.3, 2.5), log_uniform(rng, 1, 12), 0.1, 0.1)
    s.value = add(program(s, base, "native"), garbage)
    give_limit(s)
    show_load(s)
    return s


def full_collections(rng):
    """Young collections leave a slowly climbing floor; a full one every few hours clears it."""
    s = Series(rng, rng.uniform(36, 96))
    s.load = any_load(s)
    base = size(rng, 200 * MIB)
    old = teeth(s, base * rng.uniform(0.3, 1.2), log_uniform(rng, 2, 10), 0.15, 0.1)
    young = teeth(s, base * rng.uniform(0.15, 0.5), log_uniform(rng, 0.05, 0.4))
    s.value = add(program(s, base, "native"), old, young)
    give_limit(s)
    show_load(s)
    return s


def working_day(rng):
    """Memory follows the day's load, for days."""
    s = Series(rng, rng.uniform(50, 96))
    s.load = daily_load(s)
    s.value = program(s, size(rng), load_share=rng.uniform(0.15, 0.6))
    give_limit(s)
    show_load(s)
    return s


def first_day(rng):
    """The recording begins at the trough of the first night."""
    s = Series(rng, rng.uniform(24, 72), start_hour=rng.uniform(1, 5))
    seen = rng.random() < 0.45
    s.load = daily_load(s, depth=rng.uniform(0.5, 0.9), peak=rng.uniform(13, 19))
    s.value = program(s, size(rng), rng.choice(("native", "go", "node")), rng.uniform(0.2, 0.7))
    give_limit(s)
    show_load(s, rng.choice(("cpu", "all")) if seen else "none")
    return s


def quiet_weekend(rng):
    """Begins at the weekend: the next days are larger than all before."""
    s = Series(rng, rng.uniform(84, 120), step=rng.choice((60, 300)), weekday=rng.choice((4, 5, 6)),
               start_hour=rng.uniform(0, 24))
    s.load = daily_load(s, weekend=rng.uniform(0.3, 0.6))
    s.value = program(s, size(rng), load_share=rng.uniform(0.2, 0.6))
    give_limit(s)
    show_load(s)
    return s


def traffic_ramp(rng):
    """Traffic moves over in 4 to 30 hours and stays; memory goes with it."""
    ramp, start = log_uniform(rng, 4, 30), rng.uniform(0, 12)
    s = Series(rng, rng.uniform(48, 90))
    seen = rng.random() < 0.45
    grown = rng.uniform(1.5, 6)
    s.load = [x * (1 + (grown - 1) * min(1.0, max(0.0, (h - start) / ramp)))
              for x, h in zip(flat_load(s), s.hours)]
    share = rng.uniform(0.1, 0.4)
    s.value = program(s, size(rng), rng.choice(("native", "go", "python")), share)
    give_limit(s, 1.25, 4)
    show_load(s, "all" if seen else "none")
    return s


def connection_walk(rng):
    """Clients come and go; their number wanders and comes back within hours."""
    s = Series(rng, rng.uniform(36, 96))
    seen = rng.random() < 0.45
    wander = noise(rng, s.n, rng.uniform(0.2, 0.5), s.steps(log_uniform(rng, 2, 14)))
    s.load = [math.exp(w) * x for w, x in zip(wander, flat_load(s, 0.04))]
    s.value = program(s, size(rng), rng.choice(("native", "go", "python")), rng.uniform(0.15, 0.5))
    give_limit(s)
    show_load(s, "all" if seen else "none")
    return s


def batch_jobs(rng):
    """Takes memory for each job and gives it back."""
    s = Series(rng, rng.uniform(24, 96))
    every = s.steps(log_uniform(rng, 0.3, 8))
    base, busy, i = size(rng), [0.0] * s.n, 0
    while i < s.n:
        i += max(1, int(every * rng.uniform(0.4, 1.6)))
        height = rng.uniform(0.4, 1.4)
        for j in range(i, min(s.n, i + max(2, int(every * rng.uniform(0.1, 0.7))))):
            busy[j] = height
    s.load = [0.03 + x for x in busy]
    need = base * rng.uniform(0.3, 3)
    s.value = add(program(s, base, load_share=0.0), [need * x for x in lag(busy, every / 12)])
    give_limit(s)
    show_load(s)
    return s


def nightly_job(rng):
    """Once a night for an hour or three."""
    s = Series(rng, rng.uniform(48, 96))
    at, took = rng.uniform(0, 5), rng.uniform(0.5, 3)
    job = [1.0 if at <= ((s.t0 / HOUR + h) % 24) < at + took else 0.0 for h in s.hours]
    s.load = [x + 1.5 * j for x, j in zip(daily_load(s), job)]
    base = size(rng)
    need = base * rng.uniform(0.3, 2)
    s.value = add(program(s, base), [need * x for x in lag(job, s.steps(took / 4))])
    give_limit(s)
    show_load(s)
    return s


def slow_pool(rng):
    """A pool that grows at once with each peak and shrinks over hours."""
    s = Series(rng, rng.uniform(36, 96))
    s.load = daily_load(s, spread=rng.uniform(0.1, 0.3))
    base, share = size(rng), rng.uniform(0.2, 0.8)
    keep, held, pool = math.exp(-1 / s.steps(rng.uniform(3, 15))), 0.0, []
    for x in s.load:
        held = max(x, held * keep)
        pool.append(base * share * held)
    s.value = add(program(s, base, "native", 0.0), arena(pool, max(MIB, base / 400)))
    give_limit(s)
    show_load(s)
    return s


def jvm_heap(rng):
    """Fills its heap to a soft target before it collects, then saws below it."""
    s = Series(rng, rng.uniform(36, 84))
    s.fresh = True
    s.load = any_load(s)
    heap = log_uniform(rng, 300 * MIB, 12 * GIB)
    live = heap * rng.uniform(0.15, 0.4)
    first = log_uniform(rng, 1, 16)
    rate, x, out = heap * 0.85 / s.steps(first), live * 0.5, []
    target = heap * rng.uniform(0.75, 0.95)
    for load in s.load:
        x += rate * load
        if x > target:
            x = live * rng.uniform(1, 1.25)
            target = heap * rng.uniform(0.7, 0.95)
        out.append(x)
    s.value = add(program(s, heap * rng.uniform(0.15, 0.4), "native", 0.01), out)
    give_limit(s, 1.1, 3)
    show_load(s)
    return s


def redeploys(rng):
    """A new version every few hours, each warming up."""
    s = Series(rng, rng.uniform(36, 84))
    s.load = any_load(s)
    base, i = size(rng), 0
    while True:
        i += s.at(log_uniform(rng, 2, 20))
        if i >= s.n - 1:
            break
        s.births.append(i)
    rise = warm_up(s, share=rng.uniform(0.3, 0.7), minutes=rng.uniform(5, 60))
    s.value = [v * r for v, r in zip(program(s, base, warm=False), rise)]
    give_limit(s)
    show_load(s)
    return s


def settling(rng):
    """Fragments for about a day until the arenas fit the work."""
    s = Series(rng, rng.uniform(60, 96))
    s.fresh = True
    s.load = any_load(s)
    base = size(rng)
    rise, tau = base * rng.uniform(0.08, 0.4), rng.uniform(4, 9)
    drift = [rise * (1 - math.exp(-h / tau)) for h in s.hours]
    s.value = add(program(s, base, rng.choice(("native", "python"))), arena(drift, 256 * KIB))
    give_limit(s)
    show_load(s)
    return s


def ttl_cache(rng):
    """Entries live a fixed time: grows as long, then as much leaves as comes."""
    ttl = rng.choice((1, 2, 6, 12, 24))
    s = Series(rng, rng.uniform(50, 96))
    s.fresh = True
    s.load = any_load(s)
    base = size(rng)
    window, entries, total = int(s.steps(ttl)), [], 0.0
    for i, x in enumerate(s.load):
        total += x - (s.load[i - window] if i >= window else 0.0)
        entries.append(total)
    scale = base * rng.uniform(0.2, 1.5) / max(entries)
    s.value = add(program(s, base), [scale * x for x in entries])
    give_limit(s, 1.25, 5)
    show_load(s)
    return s


def spikes(rng):
    """Short heavy requests now and then."""
    s = Series(rng, rng.uniform(24, 96))
    s.load = any_load(s)
    base = size(rng)
    extra = [0.0] * s.n
    for _ in range(rng.randint(3, 60)):
        at, high = rng.randrange(s.n), base * log_uniform(rng, 0.1, 4)
        for j in range(at, min(s.n, at + max(1, int(s.steps(log_uniform(rng, 0.02, 0.7)))))):
            extra[j] = max(extra[j], high)
    s.value = add(program(s, base), extra)
    give_limit(s)
    show_load(s)
    return s


def load_test(rng):
    """Some hours of rising load on an otherwise quiet program, then quiet again."""
    s = Series(rng, rng.uniform(24, 60))
    seen = rng.random() < 0.45
    start, took = rng.uniform(2, 12), rng.uniform(1.5, 8)
    levels = rng.randint(1, 8)
    high = rng.uniform(4, 20)

    def pressure(h):
        x = (h - start) / took
        return 1 + (high * math.ceil(x * levels) / levels if 0 < x <= 1 else 0)

    s.load = [x * pressure(h) for x, h in zip(flat_load(s, 0.04), s.hours)]
    share = rng.uniform(0.02, 0.12)
    s.value = program(s, size(rng), rng.choice(("native", "go")), share)
    give_limit(s, 1.25, 4)
    show_load(s, "all" if seen else "none")
    return s


def fork_and_save(rng):
    """A forked child saves the data: pages are copied while it runs, and freed when it ends."""
    s = Series(rng, rng.uniform(24, 72))
    s.load = any_load(s)
    base = size(rng, 100 * MIB)
    every, took = s.steps(log_uniform(rng, 0.5, 12)), s.steps(log_uniform(rng, 0.05, 0.6))
    share, phase = rng.uniform(0.1, 0.7), rng.uniform(0, every)
    copied = []
    for i, x in enumerate(s.load):
        since = (i + phase) % every
        copied.append(base * share * min(1.0, x * since / took) if since < took else 0.0)
    s.value = add(program(s, base, "native"), copied)
    give_limit(s, 1.5)
    show_load(s)
    return s


INNOCENTS = (flat, exponential_warm_up, log_fill, linear_fill, one_step, few_steps, long_teeth,
             full_collections, working_day, first_day, quiet_weekend, traffic_ramp, connection_walk,
             batch_jobs, nightly_job, slow_pool, jvm_heap, redeploys, settling, ttl_cache, spikes,
             load_test, fork_and_save)
