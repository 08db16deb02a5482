from __future__ import annotations

from . import _native, _process, _values
from ._experiment import Experiment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import timedelta
    from typing import Literal, SupportsFloat, SupportsIndex

    from ._client import Client, Direction
    from ._search import Search, Stopping


class Battery(_native.Battery):
    """A group of experiments that are ranked together, made by `Client.battery`."""

    __slots__ = ("client", "direction", "objective")
    #: The client that made it.
    client: Client
    #: The channel that decides the best epoch and the rank of an experiment.
    objective: str
    #: The stated direction of the objective, "max" or "min"; None for that of its name.
    direction: Direction | None

    def experiment(
        self, *, resume: str | None = None, start: SupportsIndex | None = None, attempt: SupportsIndex | None = None
    ) -> Experiment:
        """Starts an experiment, or resumes one that this or another process has started.

        resume: the id of an experiment of this battery, for example from a checkpoint.
        start: the first epoch that this process logs. The rows of this and later epochs are withdrawn.
        attempt: the number of this process among those that ran the experiment, from 2; None for the next one.
        """
        if resume is None:
            if start is not None or attempt is not None:
                raise ValueError("start and attempt need resume=, the id of the experiment to resume")
            experiment = self._made(Experiment(self, None, -1, 0))
            _process.open_experiments[experiment.id] = None
            return experiment
        first = -1 if start is None else _values.whole("start", start)
        number = 0 if attempt is None else _values.whole("attempt", attempt)
        if start is not None and first < 0:
            raise ValueError(f"start must be 0 or above, not {start!r}")
        if attempt is not None and number < 1:
            raise ValueError(f"attempt must be 1 or above, not {attempt!r}")
        return self._made(Experiment(self, _values.string("resume", resume), first, number))

    def search(
        self, trials: SupportsIndex, *, seed: SupportsIndex = 1, name: str = "search", sampler: Literal["tpe", "random"] = "tpe",
        stopping: Stopping | None = None, attempts: SupportsIndex = 3, lease: SupportsFloat | timedelta = 600.0,
    ) -> Search:
        """Returns a search for good hyper-parameters, whose trials any number of processes share.

            for exp in bat.search(trials=200, stopping=hypero.halving(epochs=81)):
                train(exp)

        All processes make it with the same arguments. The name and the seed are its identity in the battery. The first declaration
        counts, and a later one with more trials raises their number, also after the search has ended.

        trials: their number, 1 to 1,000,000.
        seed: of all draws, from 0 to 2^64 - 1.
        name: of the search, 1 to 256 bytes of UTF-8 without control characters.
        sampler: "tpe", which learns from the trials that have ended, or "random". With "random", a hyper-parameter depends only on the
            seed, the number of the trial, its name and its distribution.
        stopping: the rule that stops bad trainings early, of `halving` or `median`. None for none.
        attempts: the number of processes that may get one trial, 1 to 100. After that many are lost, it ends as failed.
        lease: the time in seconds without a sign of life after which a trial is lost, 1 to 2,592,000. A process gives such signs by
            itself.
        """
        from . import _search

        return _search.search(
            self, trials=trials, seed=seed, name=name, sampler=sampler, stopping=stopping, attempts=attempts, lease=lease)

    def _made(self, experiment: Experiment) -> Experiment:
        experiment.battery = self
        return experiment

    def __repr__(self) -> str:
        return f"<hypero.Battery {self.id}>"
