"""What is a hit, what is a false alarm: pure arithmetic on truths and alarms.

A truth is a line of an index of generate.py. An outcome is what a detector said of one series:
{"suspected": [[from, to], ...], "predictions": [[share of life, time, seconds or None], ...]}."""

import math
import statistics

HOUR = 3600
SHARES = (0.25, 0.5, 0.75)  # of life, at which the prediction is looked at
CLOSE = 0.2


def deadline(truth):
    """Seconds after its onset by which a leak must have been found."""
    life = truth["end"] - truth["onset"]
    return max(1800.0, min(life / 2, 48 * HOUR))


def judge(truth, outcome):
    """One series: is it found, is there a false alarm, how late was the first alarm."""
    starts = [interval[0] for interval in outcome["suspected"]]
    if not truth["leak"]:
        return {"found": False, "false": bool(starts), "delay": None, "hours": None, "errors": {}}
    after = [start for start in starts if start >= truth["onset"]]
    life = truth["end"] - truth["onset"]
    late = min(after) - truth["onset"] if after else math.inf
    return {
        "found": late <= deadline(truth),
        "false": len(after) < len(starts),
        "delay": late / life if life > 0 else math.inf,
        "hours": late / HOUR,
        "errors": errors(truth, outcome.get("predictions", [])),
    }


def errors(truth, predictions):
    """Relative error of the remaining time at shares of life. No prediction is infinitely wrong."""
    if truth["exhaustion"] is None:
        return {}
    found = {}
    for share, time, seconds in predictions:
        left = truth["exhaustion"] - time
        if left > 0:
            found[share] = math.inf if seconds is None else abs(seconds - left) / left
    return found


def moments(truth):
    """The times at which a prediction is looked at."""
    if not truth["leak"] or truth["exhaustion"] is None:
        return []
    life = truth["exhaustion"] - truth["onset"]
    return [(share, truth["onset"] + share * life) for share in SHARES]


def median(values):
    """The lower middle: an average with infinity says nothing."""
    return statistics.median_low(values) if values else None


def ratio(part, whole):
    return part / whole if whole else None


def summarize(pairs):
    """Figures of many (truth, judgement)."""
    leaks = [j for t, j in pairs if t["leak"]]
    innocents = [j for t, j in pairs if not t["leak"]]
    found = sum(j["found"] for j in leaks)
    false = sum(j["false"] for _, j in pairs)
    precision, recall = ratio(found, found + false), ratio(found, len(leaks))
    out = {
        "leaks": len(leaks), "innocents": len(innocents), "found": found, "false": false,
        "precision": precision, "recall": recall,
        "f1": 2 * precision * recall / (precision + recall) if precision and recall else 0.0,
        "delay": median([j["delay"] for j in leaks]),
        "hours": median([j["hours"] for j in leaks]),
        "exhaustion": {},
    }
    for share in SHARES:
        values = [j["errors"][share] for j in leaks if share in j["errors"]]
        if values:
            out["exhaustion"][str(share)] = {
                "series": len(values), "median": median(values),
                "close": ratio(sum(v <= CLOSE for v in values), len(values)),
            }
    return out
