"""Discrete event simulation of Cloud Run's autoscaler.

Google documents (https://cloud.google.com/run/docs/about-instance-autoscaling): the autoscaler aims
at 60 % CPU utilization and at 60 % of the concurrency, both over the last minute; a request without
a free instance waits up to 60 s; an idle instance is stopped after 15 minutes at most.
Assumed, because it is not documented: the autoscaler runs every 5 s; a waiting request starts an
instance if those that are starting have no capacity for it; requests go to the least busy of the
wanted instances; an instance has two CPUs that compute in order of arrival, with a limit on
concurrent spoken entries; a request keeps one CPU busy.
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

TARGET_UTILIZATION: Final = 0.6
WINDOW_SECONDS: Final = 60.0
AUTOSCALER_INTERVAL_SECONDS: Final = 5.0
MAX_WAIT_SECONDS: Final = 60.0
IDLE_SECONDS: Final = 900.0


@dataclass(frozen=True)
class ServiceLimits:
    """The manifest's limits, and the seconds from a start to /readyz."""

    concurrency: int = 4
    min_instances: int = 1
    max_instances: int = 20
    cpus: int = 2
    max_concurrent_transcriptions: int = 2  # per instance
    cold_start: float = 4.0  # seconds


@dataclass(slots=True, eq=False)
class SimulatedInstance:
    """A container instance."""

    ready_at: float
    in_flight: int = 0
    computing: int = 0
    spoken: int = 0
    waiting: deque[Arrival] = field(default_factory=deque)
    since: float = 0.0  # time of the last change of in_flight or computing
    busy_seconds: float = 0.0  # seconds with a request in flight
    cpu_seconds: float = 0.0
    request_seconds: float = 0.0  # requests in flight, integrated over time
    idle_since: float = 0.0

    def account(self, now: float) -> None:
        """Add the time since the last change to the totals."""
        elapsed = now - self.since
        self.busy_seconds += elapsed * bool(self.in_flight)
        self.cpu_seconds += elapsed * self.computing
        self.request_seconds += elapsed * self.in_flight
        self.since = now


@dataclass
class Result:
    """Results of a simulated day."""

    arrived: int = 0
    refused: int = 0
    latencies: list[tuple[float, Kind, float]] = field(
        default_factory=list
    )  # arrival, kind, seconds
    instances: list[tuple[float, int]] = field(
        default_factory=list
    )  # time and count at each run of the autoscaler
    busy_seconds: float = 0.0
    idle_seconds: float = 0.0  # of the first `min_instances` instances
    started: int = 0
    request_seconds: float = 0.0  # requests in flight, integrated over time

    def percentile(self, share: float, kind: Kind | None = None) -> float:
        """Return the latency in seconds below which `share` of the responses are."""
        ordered = sorted(s for _, k, s in self.latencies if kind in (None, k))
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class CloudRun:
    """A simulated service with `limits`."""

    def __init__(self, limits: ServiceLimits) -> None:
        self.limits = limits
        self.result = Result()
        self._instances = [SimulatedInstance(0.0) for _ in range(limits.min_instances)]
        self._wanted = limits.min_instances
        self._queue: deque[Arrival] = deque()
        self._events: list[tuple[float, int, SimulatedInstance | None, Arrival | None]] = []
        self._order = itertools.count()
        self._samples: deque[tuple[float, float, float]] = deque()  # time, CPU s, request s so far
        self._stopped_cpu_seconds = self._stopped_request_seconds = 0.0

    def run(self, arrivals: Iterable[Arrival]) -> Result:
        """Serve arrivals, which are ordered by time, until the last response."""
        upcoming = iter(arrivals)
        arrival = next(upcoming, None)
        next_autoscale, now = AUTOSCALER_INTERVAL_SECONDS, 0.0
        while arrival or self._queue or any(i.in_flight for i in self._instances):
            event_at = self._events[0][0] if self._events else math.inf
            arrival_at = arrival.at if arrival else math.inf
            now = min(event_at, arrival_at, next_autoscale)
            if now == event_at:
                _, _, instance, done = heapq.heappop(self._events)
                if instance and done:
                    self._finish(instance, done, now)
            elif now == arrival_at and arrival:
                self.result.arrived += 1
                self._queue.append(arrival)
                arrival = next(upcoming, None)
            else:
                next_autoscale += AUTOSCALER_INTERVAL_SECONDS
                self._autoscale(now)
            self._dispatch(now)
        for instance in self._instances:
            self._retire(instance, now)
        return self.result

    def _dispatch(self, now: float) -> None:
        """Assign waiting requests to instances with free capacity; start one if there is none."""
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
        if len(self._instances) < self.limits.max_instances:
            ready_at = now + self.limits.cold_start
            self._instances.append(SimulatedInstance(ready_at, since=now, idle_since=ready_at))
            self._wanted = max(self._wanted, len(self._instances))
            self.result.started += 1
            heapq.heappush(self._events, (ready_at, next(self._order), None, None))

    def _compute(self, instance: SimulatedInstance, now: float) -> None:
        """Assign requests to free CPUs in order, within `max_concurrent_transcriptions`."""
        while instance.computing < self.limits.cpus:
            has_free_slot = instance.spoken < self.limits.max_concurrent_transcriptions
            next_arrival = next(
                (a for a in instance.waiting if a.kind == "typed" or has_free_slot), None
            )
            if next_arrival is None:
                return
            instance.waiting.remove(next_arrival)
            instance.computing += 1
            instance.spoken += next_arrival.kind == "spoken"
            heapq.heappush(
                self._events,
                (now + next_arrival.cpu_seconds, next(self._order), instance, next_arrival),
            )

    def _finish(self, instance: SimulatedInstance, done: Arrival, now: float) -> None:
        instance.account(now)
        instance.in_flight -= 1
        instance.computing -= 1
        instance.spoken -= done.kind == "spoken"
        instance.idle_since = now
        self.result.latencies.append((done.at, done.kind, now - done.at))
        self._compute(instance, now)

    def _autoscale(self, now: float) -> None:
        """Refuse requests that waited too long, start instances, stop idle ones."""
        while self._queue and now - self._queue[0].at > MAX_WAIT_SECONDS:
            self._queue.popleft()
            self.result.refused += 1
        for instance in self._instances:
            instance.account(now)
        cpu_seconds = self._stopped_cpu_seconds + sum(i.cpu_seconds for i in self._instances)
        request_seconds = self._stopped_request_seconds + sum(
            i.request_seconds for i in self._instances
        )
        self._samples.append((now, cpu_seconds, request_seconds))
        while now - self._samples[0][0] > WINDOW_SECONDS:
            self._samples.popleft()
        first_at, first_cpu_seconds, first_request_seconds = self._samples[0]
        if now > first_at:
            cpus = (cpu_seconds - first_cpu_seconds) / (now - first_at)
            in_flight = (request_seconds - first_request_seconds) / (now - first_at)
            needed = (
                max(cpus / self.limits.cpus, in_flight / self.limits.concurrency)
                / TARGET_UTILIZATION
            )
            self._wanted = min(
                max(math.ceil(needed), self.limits.min_instances), self.limits.max_instances
            )
        while len(self._instances) < self._wanted:
            self._start(now)
        for instance in self._instances[::-1]:
            idle = not instance.in_flight and now - instance.idle_since > IDLE_SECONDS
            if idle and len(self._instances) > max(self.limits.min_instances, self._wanted):
                self._instances.remove(instance)
                self._retire(instance, now)
        self.result.instances.append((now, len(self._instances)))
        self.result.idle_seconds += AUTOSCALER_INTERVAL_SECONDS * sum(
            not i.in_flight for i in self._instances[: self.limits.min_instances]
        )

    def _retire(self, instance: SimulatedInstance, now: float) -> None:
        instance.account(now)
        self._stopped_cpu_seconds += instance.cpu_seconds
        self._stopped_request_seconds += instance.request_seconds
        self.result.request_seconds = self._stopped_request_seconds
        self.result.busy_seconds += instance.busy_seconds
