"""Numbers as words have them: fractions in percent, and intervals."""

from __future__ import annotations

Interval = tuple[float, float] | None


def percent(fraction: float | None, digits: int) -> str:
    """A fraction in percent, without the sign; a dash where it is undefined."""
    return "–" if fraction is None else f"{100 * fraction:.{digits}f}"


def between(interval: Interval, level: float, digits: int) -> str:
    """An interval in percent, with its level, in brackets and with a space before them; nothing where there is none.

    Example:
        >>> between((0.125, 0.25), 0.95, 1)
        ' (95 % interval 12.5 to 25.0 %)'
    """
    if interval is None:
        return ""
    low, high = (percent(end, digits) for end in interval)
    return f" ({100 * level:g} % interval {low} to {high} %)"


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """A number with its noun, in the plural where there are several or none: `1 answer`, `1,200 answers`."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def how_many(number: int, what: str) -> str:
    """How many are what, as the end of a sentence: `none is wrong`, `1 is wrong`, `1,200 are wrong`."""
    if number == 0:
        return f"none is {what}"
    return f"{number:,} {'is' if number == 1 else 'are'} {what}"


def p_value(p: float | None) -> str:
    """A p-value in a table; a dash where it is undefined, and no more digits than say something."""
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
