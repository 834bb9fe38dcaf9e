"""Plots as inline SVG whose colours are the page's CSS variables, so that they follow light and dark."""

from __future__ import annotations

import io
import re
from typing import Any

# matplotlib wants a colour; each of these stands for a CSS variable and is replaced by it.
STAND_INS = {
    "#010203": "var(--ink)",
    "#040506": "var(--muted)",
    "#070809": "var(--line)",
    "#0a0b0c": "var(--accent)",
    "#0d0e0f": "var(--second)",
}
INK, MUTED, LINE, ACCENT, SECOND = STAND_INS


def roc(points: list[list[float]], area: float) -> str:
    """The ROC curve over the diagonal of a coin."""
    figure, axes = _figure(4.6, 4.2)
    xs, ys = zip(*points, strict=True)
    axes.fill_between(xs, ys, color=ACCENT, alpha=0.13, linewidth=0)
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    axes.plot(xs, ys, color=ACCENT, linewidth=2.4)
    axes.text(0.96, 0.07, f"AUC {area:.3f}", ha="right", color=INK, fontsize=15, fontweight="bold")
    _unit_square(axes, "false positive rate", "true positive rate")
    return _svg(figure, "roc")


def precision_recall(points: list[list[float]], share: float) -> str:
    """Precision over recall, with the share of positives that guessing would reach."""
    figure, axes = _figure(4.6, 4.2)
    xs, ys = zip(*points, strict=True)
    axes.axhline(share, color=MUTED, linewidth=1, linestyle=(0, (4, 4)))
    axes.fill_between(xs, ys, color=SECOND, alpha=0.13, linewidth=0)
    axes.plot(xs, ys, color=SECOND, linewidth=2.4)
    axes.text(0.02, share + 0.02, f"guessing {share:.2f}", color=MUTED, fontsize=10)
    _unit_square(axes, "recall", "precision")
    return _svg(figure, "pr")


def importance(gains: list[tuple[str, float]], most: int = 12) -> str:
    """Features by the gain of their splits, best on top."""
    shown = gains[:most][::-1]
    figure, axes = _figure(4.6, max(1.4, 0.34 * len(shown) + 0.7))
    bars = axes.barh([name for name, _ in shown], [gain for _, gain in shown], color=ACCENT, height=0.62)
    axes.bar_label(bars, fmt="{:,.1f}", padding=4, color=MUTED, fontsize=9)
    axes.margins(x=0.16)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.grid(False)
    return _svg(figure, "gain")


def storage_costs(days: list[int], usd: dict[str, list[float | None]]) -> str:
    """Dollars a month over the days, a line for each class put; unknown prices leave gaps."""
    figure, axes = _figure(9.4, 4.2)
    styles = ["solid", (0, (6, 2)), (0, (3, 2)), (0, (1, 2))]
    for index, (name, values) in enumerate(usd.items()):
        known = [float("nan") if value is None else value for value in values]
        colour = (ACCENT, SECOND, INK)[index % 3]
        style = styles[index // 2]
        axes.step(days, known, where="post", color=colour, linewidth=2, linestyle=style, label=name)
    axes.set_ylim(bottom=0)
    axes.set_xticks(days)
    axes.set_xlabel("days since the put", color=MUTED, fontsize=11)
    axes.set_ylabel("dollars a month for 1,000 GB", color=MUTED, fontsize=11)
    legend = axes.legend(frameon=False, fontsize=9, labelcolor=INK)
    legend.set_title("put as", {"size": 9})
    legend.get_title().set_color(MUTED)
    return _svg(figure, "storage", "plot wide")


def format_sizes(rows: list[list[Any]]) -> str:
    """Each format's file, and the part of it that two columns need."""
    figure, axes = _figure(4.6, 0.4 * len(rows) + 0.7)
    names, sizes, read = zip(*rows[::-1], strict=True)
    bars = axes.barh(names, sizes, color=SECOND, alpha=0.35, height=0.62)
    axes.barh(names, read, color=ACCENT, height=0.3)
    axes.bar_label(bars, [f"{n / 1e6:.2f} MB" for n in sizes], padding=4, color=MUTED, fontsize=9)
    axes.margins(x=0.22)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.grid(False)
    return _svg(figure, "formats")


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(LINE)
    axes.tick_params(colors=LINE, labelcolor=MUTED, labelsize=10, length=3)
    axes.grid(color=LINE, linewidth=0.7)
    axes.set_axisbelow(True)
    return figure, axes


def _unit_square(axes: Any, x: str, y: str) -> None:
    axes.set(xlim=(0, 1), ylim=(0, 1.01))
    axes.set_xlabel(x, color=MUTED, fontsize=11)
    axes.set_ylabel(y, color=MUTED, fontsize=11)


def _svg(figure: Any, name: str, classes: str = "plot") -> str:
    """The figure as an svg element with ids of its own, so that many fit into one page."""
    from matplotlib import rc_context

    buffer = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "font.family": "sans-serif"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', rf'\1 class="{classes}"', svg, count=1, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1, flags=re.DOTALL)
    # Text takes the page's own family, and the page keeps its own style for everything else.
    svg = re.sub(r"font-family: [^;\"]*", "font-family: inherit", svg)
    svg = re.sub(r"font: ([\w. ]*?)'[^;\"]*", r"font: \1 system-ui, sans-serif", svg)
    svg = re.sub(r"<style type=.*?</style>", "", svg, flags=re.DOTALL)
    for colour, variable in STAND_INS.items():
        svg = svg.replace(colour, variable)
    return svg
