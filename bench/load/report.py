"""The figures of a run, as JSON and as Markdown."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from bench.figures import Target
from bench.load.findings import PAGES, page_times, percentile, rate, targets
from bench.load.run import Run
from bench.machine import Machine
from bench.tables import NOTHING, machine_line, table

FORMAT = 1
SHOWN_FAULTS = 10


def document(done: Run, machine: Machine, versions: dict[str, str], measured_at: str) -> dict[str, Any]:
    """The whole run as JSON values."""
    return {
        "format": FORMAT,
        "measured_at": measured_at,
        "machine": asdict(machine),
        "versions": versions,
        "engine": done.engine,
        "site": done.site,
        "plan": asdict(done.plan),
        "targets": [{**asdict(target), "met": target.met} for target in _targets(done)],
        "bare_images_per_second": done.bare,
        "images_per_second": rate(done.records, done.plan),
        "accepted": _accepted(done),
        "busy_answers": _counts(done)["busy"],
        "milliseconds": {kind: _times(done, kind) for kind in (*PAGES, "picture", "upload", "abuse")},
        "processor_seconds": done.processors,
        "faults": done.faults,
    }


def _targets(done: Run) -> list[Target]:
    return targets(done.records, done.plan, done.bare_rate, len(done.faults))


def _accepted(done: Run) -> int:
    return sum(record.is_accepted for record in done.records)


def _counts(done: Run) -> Counter[str]:
    return Counter(record.kind for record in done.records)


def _times(done: Run, kind: str) -> dict[str, float | int | None]:
    times = page_times(done.records, done.plan, kind)
    return {"number": len(times), "median": percentile(times, 50), "p95": percentile(times, 95)}


def table_of(done: Run, machine: Machine, versions: dict[str, str], measured_at: str) -> str:
    """For the terminal and for docs/performance-tables.md."""
    parts = [_conditions(done, machine, versions, measured_at), _targets_table(done), _times_table(done), _used(done)]
    wrong = [f"**{fault}**" for fault in done.faults[:SHOWN_FAULTS]]
    if _accepted(done) >= len(done.pictures):
        wrong.append("**All radiographs were sent before the end: the rate is too low.**")
    return "\n\n".join([*wrong, *parts])


def _conditions(done: Run, machine: Machine, versions: dict[str, str], measured_at: str) -> str:
    site, plan = done.site, done.plan
    before, after = done.bare
    return (
        f"{machine_line(machine, measured_at, versions)}\n\n"
        f"{done.engine}; {site['database']}; processes: {site['workers']}, each with {site['at_once']} uploads at once "
        f"and {site['waiting']} waiting; {plan.people} people; {plan.seconds:g} s after {plan.warm_up:g} s to warm up. "
        f"{_accepted(done)} uploads accepted, {_counts(done)['busy']} told to come again. The engine alone: "
        f"{before:.2f} images/s before, {after:.2f} after."
    )


def _targets_table(done: Run) -> str:
    words = {None: NOTHING, True: "met", False: "**not met**"}
    rows = []
    for target in _targets(done):
        limit = f"{'≤' if target.is_lower_better else '≥'} {target.limit:g} {target.unit}".rstrip()
        rows.append((target.name, limit, _figure(target.figure), words[target.met]))
    rows.append(("classified images/s", "", _figure(rate(done.records, done.plan)), ""))
    return table(["target", "aimed at", "measured", ""], rows)


def _times_table(done: Run) -> str:
    rows = []
    for kind in (*PAGES, "picture", "upload"):
        times = page_times(done.records, done.plan, kind)
        rows.append((kind, str(len(times)), *(_figure(percentile(times, percent)) for percent in (50, 95))))
    return table(["what", "how often", "median, ms", "95th percentile, ms"], rows)


def _used(done: Run) -> str:
    accepted = _accepted(done) or 1
    rows = [
        (name, _figure(seconds), _figure(1000 * seconds / accepted))
        for name, seconds in sorted(done.processors.items(), key=lambda item: -item[1])
        if seconds >= 0.05
    ]
    return table(["program", "processor seconds", "ms per accepted upload"], rows)


def _figure(value: float | None) -> str:
    """Three significant digits."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
