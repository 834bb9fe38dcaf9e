"""Draw the stacks: a box each, its main resources in it, a line wherever one template refers to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from labs.report.resources import Chip, StackView

WIDTH, GAP, ROW_GAP, MARGIN = 236, 74, 34, 12
HEAD, CHIP, FOOT = 46, 44, 30
STYLE = Path(__file__).parent / "page.css"
LANE = 9
"""Between two lines that pass above the boxes."""


@dataclass
class Box:
    """Where a stack is drawn."""

    view: StackView
    layer: int
    x: float = 0
    y: float = 0

    @property
    def height(self) -> float:
        return HEAD + CHIP * len(self.view.chips) + (FOOT if self.view.others else 10)


def draw(views: list[StackView]) -> str:
    """The architecture as inline SVG; its colours are the page's own."""
    if not views:
        return ""
    boxes = _placed(views)
    long = [(one, other) for one, other in _edges(boxes) if other.layer - one.layer != 1]
    top = MARGIN + 18 + LANE * len(long) if long else MARGIN
    tallest = _stack_up(boxes, top)
    width = max(box.x for box in boxes.values()) + WIDTH + MARGIN
    lines = [_short(one, other) for one, other in _edges(boxes) if other.layer - one.layer == 1]
    lines += [_over(one, other, MARGIN + LANE * index) for index, (one, other) in enumerate(long)]
    drawn = "".join([*lines, *map(_box, boxes.values())])
    label = "Stacks and what refers to what: " + "; ".join(map(_spoken, views))
    return (
        f'<svg class="architecture" viewBox="0 0 {width:.0f} {tallest:.0f}" role="img" '
        f'aria-label="{escape(label)}">{MARKER}{drawn}</svg>'
    )


def picture(views: list[StackView]) -> str:
    """The same drawing as a file of its own, light or dark as its reader's page."""
    svg = draw(views).replace("><defs>", f"><style>{STYLE.read_text(encoding='utf-8')}</style><defs>", 1)
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" ', 1) + "\n"


MARKER = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9" '
    'markerUnits="userSpaceOnUse" orient="auto">'
    '<path d="M0 0 8 4 0 8z" fill="var(--line-strong)"/></marker></defs>'
)


def _spoken(view: StackView) -> str:
    return f"{view.noun} uses {', '.join(view.needs)}" if view.needs else f"{view.noun} uses no other"


def _placed(views: list[StackView]) -> dict[str, Box]:
    """Each stack one layer to the right of the last stack that it needs."""
    boxes: dict[str, Box] = {}
    for view in views:
        layers = [boxes[name].layer for name in view.needs if name in boxes]
        boxes[view.name] = Box(view, max(layers, default=-1) + 1)
    return boxes


def _edges(boxes: dict[str, Box]) -> list[tuple[Box, Box]]:
    return [(boxes[name], box) for box in boxes.values() for name in box.view.needs if name in boxes]


def _stack_up(boxes: dict[str, Box], top: float) -> float:
    """Place the boxes of each layer below each other, layers centred; the height of the drawing."""
    columns: dict[int, list[Box]] = {}
    for box in boxes.values():
        columns.setdefault(box.layer, []).append(box)
    heights = {k: sum(b.height for b in found) + ROW_GAP * (len(found) - 1) for k, found in columns.items()}
    tallest = max(heights.values())
    for layer, found in columns.items():
        y = top + (tallest - heights[layer]) / 2
        for box in found:
            box.x, box.y = MARGIN + layer * (WIDTH + GAP), y
            y += box.height + ROW_GAP
    return top + tallest + MARGIN


def _short(one: Box, other: Box) -> str:
    """A curve from one layer into the next."""
    x1, y1, x2, y2 = one.x + WIDTH, _mid(one), other.x - 2, _entry(other, one)
    bend = (x2 - x1) / 2
    curve = f"C{x1 + bend:.0f} {y1:.0f} {x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"
    return _line(f"M{x1:.0f} {y1:.0f}{curve}", one, other)


def _over(one: Box, other: Box, y: float) -> str:
    """A line that passes above the layers in between, since it would cross their boxes."""
    x1, x2, r = one.x + WIDTH, other.x - 2, 8
    up, down = x1 + 14 + y / 3, x2 - 14 - y / 3
    a, b = _mid(one), _entry(other, one)
    corners = ((x1, a), (up, a), (up, y), (down, y), (down, b), (x2, b))
    return _line(_rounded(corners, r), one, other)


def _rounded(corners: Sequence[tuple[float, float]], r: float) -> str:
    """A path through right-angled corners, each rounded off."""
    path = f"M{corners[0][0]:.0f} {corners[0][1]:.0f}"
    for before, (x, y), after in zip(corners, corners[1:], corners[2:], strict=False):
        came, goes = _toward((x, y), before, r), _toward((x, y), after, r)
        path += f"L{came[0]:.0f} {came[1]:.0f}Q{x:.0f} {y:.0f} {goes[0]:.0f} {goes[1]:.0f}"
    return f"{path}L{corners[-1][0]:.0f} {corners[-1][1]:.0f}"


def _toward(point: tuple[float, float], other: tuple[float, float], r: float) -> tuple[float, float]:
    """The point that lies r further on the way to another."""
    dx, dy = other[0] - point[0], other[1] - point[1]
    far = max(abs(dx), abs(dy), 1)
    step = min(r, far / 2)
    return point[0] + dx / far * step, point[1] + dy / far * step


def _mid(box: Box) -> float:
    return box.y + HEAD / 2


def _entry(box: Box, source: Box) -> float:
    """Lines that arrive at a box stand apart, so that each can be followed."""
    at = list(box.view.needs).index(source.view.name)
    return box.y + 14 + at * 11


def _line(path: str, one: Box, other: Box) -> str:
    times = other.view.needs[one.view.name]
    title = escape(f"{other.view.noun} refers to {one.view.noun} {times} times")
    width = min(1 + times / 8, 3)
    return (
        f'<path class="edge" d="{path}" stroke-width="{width:.1f}" marker-end="url(#tip)">'
        f"<title>{title}</title></path>"
    )


def _box(box: Box) -> str:
    chips = "".join(_chip(chip, box, index) for index, chip in enumerate(box.view.chips))
    more = ""
    if box.view.others:
        y = box.y + box.height - 12
        said = (
            f"and {box.view.others} roles, policies and the like"
            if box.view.others > 1
            else "and a role or policy"
        )
        more = f'<text class="more" x="{box.x + 14:.0f}" y="{y:.0f}">{said}</text>'
    return (
        f'<g><rect class="stack" x="{box.x:.0f}" y="{box.y:.0f}" width="{WIDTH}" '
        f'height="{box.height:.0f}" rx="12"/>'
        f'<text class="noun" x="{box.x + 14:.0f}" y="{box.y + 29:.0f}">'
        f"{escape(box.view.noun)}</text>{chips}{more}</g>"
    )


def _chip(chip: Chip, box: Box, index: int) -> str:
    x, y = box.x + 12, box.y + HEAD + CHIP * index
    name = chip.name if len(chip.name) <= 30 else f"{chip.name[:29]}…"
    return (
        f'<g class="chip {chip.family}"><title>{escape(chip.name)}</title>'
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{WIDTH - 24}" height="{CHIP - 6}" rx="7"/>'
        f'<rect class="bar" x="{x:.0f}" y="{y:.0f}" width="5" height="{CHIP - 6}" rx="2"/>'
        f'<text class="label" x="{x + 15:.0f}" y="{y + 16:.0f}">{escape(chip.label)}</text>'
        f'<text class="name" x="{x + 15:.0f}" y="{y + 30:.0f}">{escape(name)}</text></g>'
    )
