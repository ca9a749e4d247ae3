"""Figures as Markdown, as a picture, and as a part of docs/performance.md."""

from __future__ import annotations

import html
import math
import pathlib
from typing import Any

Figures = dict[str, Any]
LIMIT = 1.02  # of the best peer, and of a back end's own engine


def medians(row: Figures) -> dict[str, float]:
    return {
        kind: own["ms"]["median"] for kind, own in row["candidates"].items() if "ms" in own
    }


def best(values: dict[str, float], kinds: list[str]) -> tuple[str, float] | None:
    there = [(values[kind], kind) for kind in kinds if kind in values]
    return (min(there)[1], min(there)[0]) if there else None


def ratios(row: Figures, ours: list[str], raw: dict[str, str]) -> list[tuple[str, str, float]]:
    """What is compared, with whom, and the ratio: below 1 webnn is faster."""
    values = medians(row)
    result = []
    own, peer = best(values, ours), best(values, [one for one in values if one not in ours])
    if own and peer:
        result.append(("the best of webnn / the best peer", f"{own[0]} / {peer[0]}", own[1] / peer[1]))
    for kind, engine in raw.items():
        if kind in values and engine in values:
            pair = f"{kind} / {engine}"
            result.append((pair, pair, values[kind] / values[engine]))
    return result


def missed(figures: Figures, ours: list[str], raw: dict[str, str]) -> list[str]:
    return [
        f"{row['model']}, batch {row['batch']}: {pair} is {value:.3f}, the limit {LIMIT}"
        for row in figures["rows"]
        for _, pair, value in ratios(row, ours, raw)
        if value > LIMIT
    ]


def geometric_mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    return [
        "| " + " | ".join(head) + " |",
        "| --- |" + " ---: |" * (len(head) - 1),
        *("| " + " | ".join(row) + " |" for row in rows),
        "",
    ]


def number(value: float | None, digits: int = 3) -> str:
    if value is None:
        return "–"
    return f"{value:.{max(0, digits - 1 - max(0, math.floor(math.log10(abs(value)))))}f}" if value else "0"


def markdown(figures: Figures, ours: list[str], raw: dict[str, str]) -> str:
    machine = figures["machine"]
    peers = [
        kind for kind in figures["peers"]
        if any("ms" in row["candidates"].get(kind, {}) for row in figures["rows"])
    ]
    versions = sorted({
        own["versions"] for row in figures["rows"] for own in row["candidates"].values()
        if own.get("versions")
    })
    lines = [
        f"{figures['date']}: {machine['processor']}, {machine['cores']} cores"
        + (f", {machine['gpu']}" if machine["gpu"] else "")
        + f", {machine['system']}, Python {machine['python']}; {', '.join(versions)}. "
        f"`{figures['command']}`, {figures['seconds']} s; load of the machine {figures['load']:.1f}. "
        "Weights are random but for the PP-OCR pair; every candidate has a process of its own, and "
        "they run in turn, round by round.",
        "",
        "Milliseconds a run, median (p90, p99); the fastest is bold:",
        "",
    ]
    body = []
    for row in figures["rows"]:
        values = medians(row)
        cells = [f"{row['model']}, {row['batch']}"]
        for kind in peers:
            ms = row["candidates"].get(kind, {}).get("ms")
            if ms is None:
                cells.append("–")
                continue
            text = number(ms["median"])
            if values[kind] == min(values.values()):
                text = f"**{text}**"
            cells.append(f"{text} ({number(ms['p90'])}, {number(ms['p99'])})")
        body.append(cells)
    lines += table(["model, batch", *peers], body)

    named: dict[str, list[float]] = {}
    body = []
    for row in figures["rows"]:
        cells = {}
        for name, pair, value in ratios(row, ours, raw):
            named.setdefault(name, []).append(value)
            shown = f"{value:.3f}" if value <= LIMIT else f"**{value:.3f}**"
            cells[name] = shown if name == pair else f"{shown} ({pair})"
        body.append([f"{row['model']}, {row['batch']}", *(
            cells.get(name, "–") for name in ["the best of webnn / the best peer",
                                              *(f"{k} / {v}" for k, v in raw.items())])])
    lines += [f"webnn against the best peer and against the engine under it; over {LIMIT} is bold:", ""]
    lines += table(["model, batch", "the best of webnn / the best peer",
                    *(f"{k} / {v}" for k, v in raw.items())], body)
    lines += [
        "Geometric means: "
        + "; ".join(f"{name}: {geometric_mean(values):.3f}" for name, values in named.items()) + ".",
        "",
    ]

    lines += ["From the file to the first result in seconds, first start (second start); peak memory "
              "of loading and the first run in MiB; largest difference of a result from that of "
              f"{peers[0] if peers else 'the first'}, of the largest value:", ""]
    body = []
    for row in figures["rows"]:
        cells = [f"{row['model']}, {row['batch']}"]
        for kind in peers:
            own = row["candidates"].get(kind, {})
            if "ms" not in own:
                cells.append("–")
                continue
            cold = own.get("cold", {}).get("first_s")
            start = f"{number(cold, 2)} ({number(own['first_s'], 2)})" if cold else number(own["first_s"], 2)
            gap = own.get("difference")
            shown = "?" if gap is None else "0" if gap == 0 else f"{gap:.0e}"
            cells.append(f"{start}; {own['peak_mib']:.0f}; {shown}")
        body.append(cells)
    lines += table(["model, batch", *peers], body)

    counts = sorted({int(one) for row in figures["rows"] for own in row["candidates"].values()
                     for one in own.get("per_s", {})})
    if len(counts) > 1:
        lines += ["Results a second of " + ", ".join(map(str, counts))
                  + " threads at once, each with its own tensors:", ""]
        body = []
        for row in figures["rows"]:
            cells = [f"{row['model']}, {row['batch']}"]
            for kind in peers:
                per_s = row["candidates"].get(kind, {}).get("per_s", {})
                cells.append(", ".join(number(per_s.get(str(one))) for one in counts) if per_s else "–")
            body.append(cells)
        lines += table(["model, batch", *peers], body)

    left_out: dict[str, list[str]] = {}
    for row in figures["rows"]:
        for kind, own in row["candidates"].items():
            if "ms" not in own:
                left_out.setdefault(f"{kind}: {own.get('error', 'not run')}", []).append(
                    f"{row['model']}, {row['batch']}")
    if left_out:
        lines += ["Left out:", ""]
        lines += [f"- {reason} ({'; '.join(rows) if len(rows) < len(figures['rows']) else 'all'})"
                  for reason, rows in left_out.items()]
        lines.append("")
    return "\n".join(lines)


COLORS = ["#1b6ca8", "#5aa9e6", "#8d99ae", "#bc6c25", "#dda15e", "#606c38", "#9b5de5"]


def svg(figures: Figures, ours: list[str]) -> str:
    """Bars: the time of a run as a multiple of the fastest one's."""
    peers = [
        kind for kind in figures["peers"]
        if any("ms" in row["candidates"].get(kind, {}) for row in figures["rows"])
    ]
    left, width, bar, gap, top, longest = 190, 560, 11, 12, 58, 4.0
    rows = [row for row in figures["rows"] if medians(row)]
    height = top + sum(len(medians(row)) * bar + gap for row in rows) + 20
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 70}" height="{height}" '
        'font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="18" font-size="13">Time of a run / that of the fastest, '
        f'{html.escape(figures["machine"]["gpu"] or figures["machine"]["processor"])}, '
        f'{figures["date"]}</text>',
    ]
    x = 10
    for i, kind in enumerate(peers):
        out.append(f'<rect x="{x}" y="28" width="10" height="10" fill="{COLORS[i % len(COLORS)]}"/>')
        weight = ' font-weight="bold"' if kind in ours else ""
        out.append(f'<text x="{x + 14}" y="37"{weight}>{html.escape(kind)}</text>')
        x += 30 + 7 * len(kind)
    for step in (1, 2, 3, 4):
        place = left + width * step / longest
        out.append(f'<line x1="{place}" y1="{top - 8}" x2="{place}" y2="{height - 14}" stroke="#ddd"/>')
        out.append(f'<text x="{place}" y="{height - 3}" text-anchor="middle">{step}</text>')
    y = top
    for row in rows:
        values = medians(row)
        fastest = min(values.values())
        middle = y + len(values) * bar / 2 + 4
        out.append(f'<text x="{left - 8}" y="{middle}" text-anchor="end">'
                   f'{html.escape(row["model"])}, {row["batch"]}</text>')
        for i, kind in enumerate(peers):
            if kind not in values:
                continue
            ratio = values[kind] / fastest
            length = width * min(ratio, longest) / longest
            out.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 2}" '
                       f'fill="{COLORS[i % len(COLORS)]}"/>')
            if ratio > longest:
                out.append(f'<text x="{left + width + 4}" y="{y + 8}" font-size="9">{ratio:.1f}</text>')
            y += bar
        y += gap
    return "\n".join([*out, "</svg>", ""])


def write_docs(path: pathlib.Path, which: str, text: str) -> None:
    """Puts the text between the marks of this set, which stay."""
    begin, end = f"<!-- peers {which}: begin -->", f"<!-- peers {which}: end -->"
    whole = path.read_text(encoding="utf-8")
    if begin not in whole or end not in whole:
        raise SystemExit(f"{path} has no place for these figures: {begin} ... {end}")
    before, rest = whole.split(begin, 1)
    _, after = rest.split(end, 1)
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
