"""The table of the bench as a picture: how far each row is beyond its goal, or short of it."""

from xml.sax.saxutils import escape

ROW_HEIGHT, LEFT, WIDTH, TOP = 30, 240, 460, 56
MOST = 3.0  # times the goal; a bar beyond it ends there
REACHED, MISSED, INK, FAINT = "#2f7d5b", "#c2571a", "#1f2328", "#d0d7de"


def times_the_goal(result, value):
    """1 is the goal; more is better, whichever way the figure goes."""
    sign, goal = result["goal"].split()
    return value / float(goal) if sign == ">=" else float(goal) / value


def place(times):
    return LEFT + WIDTH * min(times, MOST) / MOST


def text(x, y, words, anchor="start", color=INK, size=13):
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{color}" font-size="{size}">{escape(words)}</text>'


def line(x1, y1, x2, y2, color=INK, width=1, dashes=""):
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" stroke-width="{width}"{dashed}/>'


def figure(value):
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.0f}"


def bar(number, key, result):
    y = TOP + number * ROW_HEIGHT
    middle = y + ROW_HEIGHT / 2
    color = REACHED if result["reached"] else MISSED
    median = place(times_the_goal(result, result["median"]))
    ends = sorted(place(times_the_goal(result, result[end])) for end in ("min", "max"))
    yield text(LEFT - 8, middle + 4, key, "end")
    yield f'<rect x="{LEFT}" y="{y + 6}" width="{median - LEFT:.1f}" height="{ROW_HEIGHT - 12}" fill="{color}"/>'
    yield line(ends[0], middle, ends[1], middle, width=1.5)
    yield text(LEFT + WIDTH + 8, middle + 4, f"{figure(result['median'])}  (goal {result['goal']})", color=color)


def chart(results, facts):
    """SVG of all rows, best read at its own size."""
    height = TOP + ROW_HEIGHT * len(results) + 34
    bottom = TOP + ROW_HEIGHT * len(results)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="860" height="{height}" font-family="sans-serif">',
        f'<rect width="860" height="{height}" fill="#ffffff"/>',
        text(LEFT, 22, "Measured, in multiples of the goal (longer is better; the thin line: all rounds)", size=14),
    ]
    for times in (1, 2, 3):
        parts.append(line(place(times), TOP - 8, place(times), bottom, INK if times == 1 else FAINT, dashes="4 3"))
        parts.append(text(place(times), TOP - 12, "goal" if times == 1 else f"{times}×", "middle", size=12))
    for number, (key, result) in enumerate(results.items()):
        parts += bar(number, key, result)
    told = f"{facts['cpu']}, {facts['cores']} cores, kernel {facts['kernel']}, {facts['when'][:10]}"
    parts.append(text(LEFT, bottom + 22, told, size=12))
    return "\n".join([*parts, "</svg>", ""])
