"""Ratios of paired measurements: what the rounds of two revisions say together."""

import math
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """The median and the quartiles of some values."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values):
        values = list(values)
        if len(values) == 1:
            return cls(values[0], values[0], values[0])
        return cls(*statistics.quantiles(values, n=4, method="inclusive"))


def paired(old, new):
    """The spread of new/old over pairs that were measured one right after the other: what slows the
    machine down for a while slows down both of a pair, and leaves their ratio alone."""
    if len(old) != len(new) or not old:
        raise ValueError(f"{len(old)} old and {len(new)} new values are no pairs")
    return Spread.of(second / first for first, second in zip(old, new))


def geometric_mean(ratios):
    return math.exp(statistics.fmean(map(math.log, ratios)))


def largest_difference(old, new):
    """Between what two revisions computed, relative to the largest value of the old one. Infinite
    where anything is not a number, or where there are more values on one side."""
    if len(old) != len(new) or not old:
        return math.inf
    if any(value is None or not math.isfinite(value) for value in (*old, *new)):
        return math.inf
    largest = max(map(abs, old))
    difference = max(abs(first - second) for first, second in zip(old, new))
    if difference == 0:
        return 0.0
    return difference / largest if largest > 0 else math.inf


def turns(pairs):
    """The order of each pair: old, new, new, old, … so that neither is always the first."""
    return [("old", "new") if pair % 2 == 0 else ("new", "old") for pair in range(pairs)]
