"""Servers that are measured in turns, so that what a whole machine does from minute to minute falls on all of them."""

import statistics

from .processes import HarnessError

QUIET = 0.03  # a disturbance that is not worth measuring again for
ATTEMPTS = 3  # steps measured at most, for each that is kept
SPARE = 2  # further ones, where in none of these every server got something done


class Row:
    """What one server did: a list of rounds, each a list of slices."""

    def __init__(self, spec):
        self.spec, self.rounds, self.user, self.system, self.messages = spec, [], 0.0, 0.0, 0

    def add_round(self, steps, server, load, before):
        """`before`: the processor time and the messages before the first of these steps."""
        self.rounds.append([slices[self] for slices in steps])
        (user, system), messages = before
        user_now, system_now = server.cpu_seconds()
        self.user += user_now - user
        self.system += system_now - system
        self.messages += load.messages - messages

    def median(self, figure):
        return statistics.median(figure(figures) for slices in self.rounds for figures in slices)

    def busy(self):
        return self.median(lambda f: f["server_ran"] / f["seconds"])

    def disturbance(self):
        return self.median(lambda f: f["disturbance"])

    def rates(self):
        """A median for each round."""
        return [statistics.median(f["messages_per_second"] for f in slices) for slices in self.rounds]

    def ratios(self, other, figure):
        """The median of a round's ratios, for each round; each ratio is of two slices next to each other in time."""
        return [
            statistics.median(figure(a) / figure(b) for a, b in zip(mine, theirs))
            for mine, theirs in zip(self.rounds, other.rounds)
        ]


def throughput(figures):
    return figures["messages_per_second"]


def throughput_of_processor(figures):
    """Messages a second of the server's own processor time: its throughput, had it been alone."""
    return figures["messages"] / figures["server_ran"]


def measure_steps(rows, loads, count, turn, attempts=ATTEMPTS, on_failure=None):
    """A step is one slice of each server in turn. Where others disturb a step it is measured again, and the quietest
    are kept: what is kept depends on what others did, never on what the servers did.

    A server that fails ends all, unless there is `on_failure(row, error)`: then the others go on without it. So they do
    without one that finishes no message in any slice.
    """
    steps, idle, rows = [], [], list(rows)
    for step in range(count * attempts + SPARE):
        if steps and step >= count * attempts:
            break
        shift, slices = (turn + step) % len(rows), {}
        for row in rows[shift:] + rows[:shift]:
            try:
                slices[row] = loads[row].measure()
            except HarnessError as error:
                if on_failure is None:
                    raise
                on_failure(row, error)
                rows.remove(row)
        # On a machine so busy that a server got nothing done there is nothing to compare.
        if all(got_something_done(figures) for figures in slices.values()):
            steps.append(judged(step, slices))
        else:
            idle.append((step, slices))
        if sum(disturbance <= QUIET for disturbance, _, _ in steps) == count:
            break
        if not rows:
            raise HarnessError("no server is left")
    if not steps and on_failure is not None:
        steps = without_the_idle(rows, idle, on_failure)
    if not steps:
        raise HarnessError("others keep the processors so busy that no server gets anything done")
    return [slices for _, _, slices in sorted(steps, key=lambda each: each[:2])[:count]]


def got_something_done(figures):
    return figures["messages"] > 0 and figures["server_ran"] > 0


def judged(step, slices):
    return max(figures["disturbance"] for figures in slices.values()), step, slices


def without_the_idle(rows, steps, on_failure):
    """The steps of those servers that got something done in some step; the others fail, unless that is all of them."""
    idle = [row for row in rows if not any(got_something_done(slices[row]) for _, slices in steps if row in slices)]
    if len(idle) == len(rows):
        return []
    for row in idle:
        on_failure(row, HarnessError("it finished no message in any slice"))
        rows.remove(row)
    left = [(step, {row: slices[row] for row in rows if row in slices}) for step, slices in steps]
    return [judged(step, slices) for step, slices in left
            if slices and all(got_something_done(figures) for figures in slices.values())]
