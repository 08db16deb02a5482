from __future__ import annotations

import operator

from . import _native
from ._experiment import Experiment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsIndex

    from ._client import Client


class Battery(_native.Battery):
    """A group of experiments that are ranked together, made by `Client.battery`."""

    __slots__ = ("client", "objective")
    #: The client that made it.
    client: Client
    #: The channel that decides the best epoch and the rank of an experiment.
    objective: str

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
            return self._made(Experiment(self, None, -1, 0))
        if start is not None and operator.index(start) < 0:
            raise ValueError(f"start must be 0 or above, not {start!r}")
        if attempt is not None and operator.index(attempt) < 1:
            raise ValueError(f"attempt must be 1 or above, not {attempt!r}")
        return self._made(Experiment(
            self, resume, -1 if start is None else operator.index(start), 0 if attempt is None else operator.index(attempt)))

    def _made(self, experiment: Experiment) -> Experiment:
        experiment.battery = self
        return experiment

    def __repr__(self) -> str:
        return f"<hypero.Battery {self.id}>"
