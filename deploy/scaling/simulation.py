"""Cloud Run's autoscaler, simulated event by event.

What Google documents (https://cloud.google.com/run/docs/about-instance-autoscaling): the number of
instances aims at 60 % CPU and at 60 % of the concurrency, both over the last minute; a request that
finds no room waits, up to 60 s; an instance that is idle is stopped after 15 minutes at most.
What it does not, and is assumed here: the autoscaler looks every 5 s; a waiting request starts an
instance if those that start have no room for it; requests go to the least busy of the instances
that are wanted; an instance has two CPUs that serve in order of arrival, a number of spoken entries
at a time; a request keeps one CPU busy.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from deploy.scaling.traffic import Arrival, Kind

TARGET: Final = 0.6
WINDOW: Final = 60.0
LOOK_EVERY: Final = 5.0
MAX_WAIT: Final = 60.0
IDLE_SECONDS: Final = 900.0


@dataclass(frozen=True)
class Limits:
    """The manifest's numbers, and the seconds from a start to /readyz."""

    concurrency: int = 4
    least: int = 1
    most: int = 20
    cpus: int = 2
    recordings: int = 2  # at a time, on an instance
    cold_start: float = 4.0


@dataclass(slots=True, eq=False)
class Instance:
    """One container."""

    ready_at: float
    in_flight: int = 0
    computing: int = 0
    spoken: int = 0
    waiting: deque[Arrival] = field(default_factory=deque)
    since: float = 0.0  # when in_flight or computing changed last
    busy: float = 0.0  # seconds with a request in flight
    computed: float = 0.0  # CPU seconds
    carried: float = 0.0  # request seconds
    idle_since: float = 0.0

    def account(self, now: float) -> None:
        """Add up what went on since the last change."""
        passed = now - self.since
        self.busy += passed * bool(self.in_flight)
        self.computed += passed * self.computing
        self.carried += passed * self.in_flight
        self.since = now


@dataclass
class Result:
    """What came of a day."""

    arrived: int = 0
    refused: int = 0
    latencies: list[tuple[float, Kind, float]] = field(default_factory=list)  # at, kind, seconds
    instances: list[tuple[float, int]] = field(default_factory=list)  # each look: at, how many
    busy_seconds: float = 0.0
    idle_seconds: float = 0.0  # of instances that `least` keeps
    started: int = 0
    carried: float = 0.0  # request seconds: requests in flight, integrated over time

    def percentile(self, share: float, kind: Kind | None = None) -> float:
        """Latency that `share` of the answers stay below, in seconds."""
        ordered = sorted(s for _, k, s in self.latencies if kind in (None, k))
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class CloudRun:
    """A service under `limits`; `run` gives it arrivals in order of time."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.result = Result()
        self._instances = [Instance(0.0) for _ in range(limits.least)]
        self._wanted = limits.least
        self._queue: deque[Arrival] = deque()
        self._events: list[tuple[float, int, Instance | None, Arrival | None]] = []
        self._order = itertools.count()
        self._samples: deque[tuple[float, float, float]] = deque()  # at, CPU s, request s so far
        self._gone_computed = self._gone_carried = 0.0

    def run(self, arrivals: Iterable[Arrival]) -> Result:
        """Serve all arrivals, then wait for the last answer."""
        upcoming = iter(arrivals)
        arrival = next(upcoming, None)
        look_at, now = LOOK_EVERY, 0.0
        while arrival or self._queue or any(i.in_flight for i in self._instances):
            event_at = self._events[0][0] if self._events else math.inf
            arrival_at = arrival.at if arrival else math.inf
            now = min(event_at, arrival_at, look_at)
            if now == event_at:
                _, _, instance, done = heapq.heappop(self._events)
                if instance and done:
                    self._finish(instance, done, now)
            elif now == arrival_at and arrival:
                self.result.arrived += 1
                self._queue.append(arrival)
                arrival = next(upcoming, None)
            else:
                look_at += LOOK_EVERY
                self._look(now)
            self._dispatch(now)
        for instance in self._instances:
            self._retire(instance, now)
        return self.result

    def _dispatch(self, now: float) -> None:
        """Give waiting requests to instances with room; start one where there is none."""
        while self._queue:
            ready = [i for i in self._instances if i.ready_at <= now]
            free = [i for i in ready[: self._wanted] if i.in_flight < self.limits.concurrency]
            free = free or [i for i in ready if i.in_flight < self.limits.concurrency]
            if not free:
                starting = len(self._instances) - len(ready)
                if len(self._queue) > starting * self.limits.concurrency:
                    self._start(now)
                return
            instance = min(free, key=lambda i: i.in_flight)
            instance.account(now)
            instance.in_flight += 1
            instance.waiting.append(self._queue.popleft())
            self._compute(instance, now)

    def _start(self, now: float) -> None:
        if len(self._instances) < self.limits.most:
            ready_at = now + self.limits.cold_start
            self._instances.append(Instance(ready_at, since=now, idle_since=ready_at))
            self._wanted = max(self._wanted, len(self._instances))
            self.result.started += 1
            heapq.heappush(self._events, (ready_at, next(self._order), None, None))

    def _compute(self, instance: Instance, now: float) -> None:
        """Put requests on free CPUs, in order; spoken ones beyond `recordings` wait."""
        while instance.computing < self.limits.cpus:
            hears = instance.spoken < self.limits.recordings
            chosen = next((a for a in instance.waiting if a.kind == "typed" or hears), None)
            if chosen is None:
                return
            instance.waiting.remove(chosen)
            instance.computing += 1
            instance.spoken += chosen.kind == "spoken"
            heapq.heappush(self._events, (now + chosen.work, next(self._order), instance, chosen))

    def _finish(self, instance: Instance, done: Arrival, now: float) -> None:
        instance.account(now)
        instance.in_flight -= 1
        instance.computing -= 1
        instance.spoken -= done.kind == "spoken"
        instance.idle_since = now
        self.result.latencies.append((done.at, done.kind, now - done.at))
        self._compute(instance, now)

    def _look(self, now: float) -> None:
        """Autoscale, refuse who waited too long, stop who is idle."""
        while self._queue and now - self._queue[0].at > MAX_WAIT:
            self._queue.popleft()
            self.result.refused += 1
        for instance in self._instances:
            instance.account(now)
        computed = self._gone_computed + sum(i.computed for i in self._instances)
        carried = self._gone_carried + sum(i.carried for i in self._instances)
        self._samples.append((now, computed, carried))
        while now - self._samples[0][0] > WINDOW:
            self._samples.popleft()
        first_at, first_computed, first_carried = self._samples[0]
        if now > first_at:
            cpus = (computed - first_computed) / (now - first_at)
            in_flight = (carried - first_carried) / (now - first_at)
            needed = max(cpus / self.limits.cpus, in_flight / self.limits.concurrency) / TARGET
            self._wanted = min(max(math.ceil(needed), self.limits.least), self.limits.most)
        while len(self._instances) < self._wanted:
            self._start(now)
        for instance in self._instances[::-1]:
            idle = not instance.in_flight and now - instance.idle_since > IDLE_SECONDS
            if idle and len(self._instances) > max(self.limits.least, self._wanted):
                self._instances.remove(instance)
                self._retire(instance, now)
        self.result.instances.append((now, len(self._instances)))
        self.result.idle_seconds += LOOK_EVERY * sum(
            not i.in_flight for i in self._instances[: self.limits.least]
        )

    def _retire(self, instance: Instance, now: float) -> None:
        instance.account(now)
        self._gone_computed += instance.computed
        self._gone_carried += instance.carried
        self.result.carried = self._gone_carried
        self.result.busy_seconds += instance.busy
