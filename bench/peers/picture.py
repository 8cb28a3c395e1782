"""The table of the peers as a picture: for each figure a panel of bars, each panel on a scale of its own."""

from charts import FAINT, INK, REACHED, figure, line, text
from measure import FIGURES

LESS_IS_BETTER = ("idle_mib", "start_ms")
ROW, LEFT, BARS, PANEL, TOP = 22, 210, 170, 460, 60


def panel(x, y, name, bars):
    note = "less is better" if name in LESS_IS_BETTER else "more is better"
    yield text(x + LEFT, y - 8, f"{FIGURES[name]} ({note})", size=13)
    most = max(value for _, value in bars)
    for number, (key, value) in enumerate(bars):
        top = y + number * ROW
        width = BARS * value / most
        yield text(x + LEFT - 8, top + 15, key, "end", size=12)
        yield (f'<rect x="{x + LEFT}" y="{top + 4}" width="{max(width, 1):.1f}" height="{ROW - 8}" '
               f'fill="{REACHED if key == "Postern" else FAINT}"/>')
        yield text(x + LEFT + width + 6, top + 15, figure(value), size=12)
    yield line(x + LEFT, y, x + LEFT, y + len(bars) * ROW, INK)


def picture(results, facts):
    """SVG, best read at its own size."""
    measured = {key: result["figures"] for key, result in results.items() if "figures" in result}
    parts, y = [], TOP
    names = list(FIGURES)
    for pair in zip(names[::2], names[1::2]):
        panels = [[(key, of[name]["median"]) for key, of in measured.items() if name in of] for name in pair]
        for column, (name, bars) in enumerate(zip(pair, panels)):
            parts += panel(column * PANEL, y, name, bars) if bars else []
        y += max(map(len, panels)) * ROW + 44
    told = f"{facts['cpu']}, {facts['cores']} cores, kernel {facts['kernel']}, {facts['when'][:10]}; medians"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * PANEL}" height="{y}" font-family="sans-serif">',
        f'<rect width="{2 * PANEL}" height="{y}" fill="#ffffff"/>',
        text(20, 24, "Beside others, in one run on one machine", size=14),
        *parts, text(20, y - 12, told, size=12), "</svg>", "",
    ])
