/// The fields of the hash `{hypero}:search:<id>`, besides `open.<trial>`, `point.<number>` and `space.<name>` (``Prefix/space``).
package enum SearchField {
    /// The ``BatteryID`` of the first declaration.
    package static let battery = "battery"
    /// The name from the first declaration.
    package static let name = "name"
    /// The seed from the first declaration.
    package static let seed = "seed"
    /// The name of the sampler from the first declaration. Absent if it has none.
    package static let sampler = "sampler"
    /// The highest number of trials that was declared.
    package static let trials = "trials"
    /// The number of attempts from the first declaration.
    package static let attempts = "attempts"
    /// The lease from the first declaration, in milliseconds.
    package static let lease = "lease"
    /// The rule from the first declaration that stops bad trials: ``EventField/stopping``. Absent if it has none.
    package static let stopping = EventField.stopping
    /// ``EventField/stoppingEpochs`` from the first declaration, with ``stopping``.
    package static let stoppingEpochs = EventField.stoppingEpochs
    /// ``EventField/stoppingFirst`` from the first declaration, with ``stopping``.
    package static let stoppingFirst = EventField.stoppingFirst
    /// ``EventField/stoppingFactor`` from the first declaration, with ``stopping``.
    package static let stoppingFactor = EventField.stoppingFactor
    /// The time of the first declaration in Unix milliseconds.
    package static let created = "created"
    /// The latest declaration that differs from the first one in another field than ``trials``: the names and the values of the
    /// fields, for example `sampler random, stopping none`. Absent if there is none.
    package static let conflict = "conflict"
    /// The value, in messages and in ``conflict``, of a field that a declaration does not have.
    package static let noValue = "none"
    /// The lowest number above all trials that were granted or have started.
    package static let next = "next"
    /// The numbers below ``next`` that are granted before it, as ``SequenceRanges``. Absent if there are none. There are some if
    /// Redis has lost grants, and a later trial starts before the others.
    package static let free = "free"
    /// The number of trials that have ended. Absent if 0.
    package static let ended = "ended"
    /// The number of trials that have ended with the status `stopped`. Absent if 0.
    package static let stopped = "stopped"
    /// The number of `end` events that were refused, because their trial was granted again or had ended. Absent if 0.
    package static let refused = "refused"
    /// The time of the latest event of a trial or claim in Unix milliseconds of the server, recorded once in an eighth of the lease.
    package static let active = "active"
    /// The time of the first event after one in which no process could send, because Redis was away. Absent if there was none.
    package static let resumed = "resumed"
    /// The number of enqueued points that were granted. Absent if 0.
    package static let granted = "granted"
    /// `open.<trial>`: `<attempt> <token> <time> <point> <producer>` of a trial that was granted and has not ended: the token of
    /// the claim, the time of its latest recorded sign of life in Unix milliseconds of the server, or 0 if it is lost, the number of
    /// its enqueued point, and the producer that has started it. `-` stands for a part that is absent. A sixth part is the number of
    /// processes that were lost with it, if others gave it back or never started it.
    package static let open = "open."
    /// `point.<number>`: the hyper-parameters of an enqueued point, a JSON object with sorted names. The numbers are 1, 2, ….
    package static let point = "point."
}

/// The fields of an entry of the stream `{hypero}:search:<id>:trials`, besides `param.<name>` and `space.<name>` (``Prefix``).
///
/// A trial has one entry with the status `running` when its first row is applied, and one with all its hyper-parameters when it
/// ends.
package enum TrialField {
    /// The number of the trial.
    package static let trial = "trial"
    /// The number of the process that runs the trial, or has ended it.
    package static let attempt = "attempt"
    /// A raw value of ``ExperimentStatus``.
    package static let status = "status"
    /// The objective at the best epoch, a ``Number``. Absent without a row that has it.
    package static let value = "value"
    /// The best epoch. Absent without one.
    package static let epoch = "epoch"
    /// The highest epoch with a row. Absent without rows.
    package static let last = "last"
}
