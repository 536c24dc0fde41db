#!/usr/bin/env python3
"""Draws the first series of each family as SVG: the values, their limit, the onset of the leak, and
what `memleak_exporter analyze` suspected.

  plot.py --analyze BIN DIR INDEX..."""

import argparse
import csv
import html
import os

import score

WIDTH, HEIGHT, LEFT, TOP = 900, 260, 70, 30


def draw(truth, outcome, path):
    with open(truth["path"], encoding="ascii", newline="") as lines:
        points = [(float(row["timestamp"]), int(row["value"])) for row in csv.DictReader(lines)]
    start, end = points[0][0], max(points[-1][0], truth["end"])
    high = max(v for _, v in points)
    near_limit = truth["limit"] if (truth["limit"] or 0) < 2 * high else None
    top = max(high, near_limit or 0) * 1.03

    def x(t):
        return LEFT + (t - start) / (end - start or 1) * (WIDTH - LEFT - 10)

    def y(v):
        return HEIGHT - 25 - v / top * (HEIGHT - 25 - TOP)

    def upright(t, colour):
        return (f'<line x1="{x(t):.1f}" x2="{x(t):.1f}" y1="{TOP}" y2="{y(0):.1f}" '
                f'stroke="{colour}"/>')

    what = "leak" if truth["leak"] else "innocent"
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="{LEFT}" y="18">{html.escape(truth["file"])}: {what}, '
           f'{outcome["state"]} at the end</text>']
    for a, b in outcome["suspected"]:
        out.append(f'<rect x="{x(a):.1f}" y="{TOP}" width="{max(1.5, x(b) - x(a)):.1f}" '
                   f'height="{y(0) - TOP:.1f}" fill="#f4b6a6"/>')
    # A few points for each pixel show all that can be seen.
    stride = max(1, len(points) // 2400)
    line = " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in points[::stride])
    out.append(f'<polyline points="{line}" fill="none" stroke="#1f5a92" stroke-width="1.2"/>')
    if near_limit:
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - 10}" y1="{y(near_limit):.1f}" '
                   f'y2="{y(near_limit):.1f}" stroke="#888" stroke-dasharray="6 4"/>')
    if truth["leak"]:
        out.append(upright(truth["onset"], "#2a7a2a"))
    for v in (0, high):
        out.append(f'<text x="{LEFT - 6}" y="{y(v) + 4:.1f}" text-anchor="end">'
                   f'{v / 2 ** 20:.0f} MiB</text>')
    out.append(f'<text x="{WIDTH - 10}" y="{HEIGHT - 6}" text-anchor="end">'
               f'{(end - start) / 3600:.1f} h</text></svg>')
    with open(path, "w", encoding="ascii") as svg:
        svg.write("\n".join(out) + "\n")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--analyze", required=True, metavar="BIN", help="memleak_exporter")
    parser.add_argument("folder", metavar="DIR", help="made if it is not there")
    parser.add_argument("index", nargs="+", metavar="INDEX")
    args = parser.parse_args(arguments)
    os.makedirs(args.folder, exist_ok=True)
    for index in args.index:
        first = {}
        for truth in score.read_index(index):
            first.setdefault(truth["family"], truth)
        outcomes = score.analyze(args.analyze, list(first.values()))
        for family, truth in first.items():
            name = f"{truth['set']}-{family}.svg"
            draw(truth, outcomes[truth["file"]], os.path.join(args.folder, name))
    print(f"plots are in {args.folder}")


if __name__ == "__main__":
    main()
