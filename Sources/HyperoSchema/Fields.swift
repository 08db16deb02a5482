// Every field name of the stream entries and of the hashes, with its type and meaning.

/// The fields of an entry of `{hypero}:events`.
///
/// A client adds one entry per event: `XADD {hypero}:events * field value …`. Fields may be in any order, and a name must not
/// occur twice. ``event`` is required in every entry, ``battery`` in every entry except `alive`, ``experiment`` in the entries
/// from `start` to `end` of the table.
///
/// | event | required | optional |
/// |---|---|---|
/// | `battery` | `name` `version` `description` | `objective` `direction` `direction.<channel>` |
/// | `start` | | `host` `pid` `seed` `attempt` `from` `token` `asof` |
/// | `param` | one or more `param.<name>` | `space.<name>` |
/// | `meta` | one or more `meta.<name>` | |
/// | `epoch` | `epoch`, one or more `curve.<channel>` | |
/// | `curve` | one or more `curve.<channel>` | `first` |
/// | `maxima` | one or more `max.<channel>` | `epoch` |
/// | `end` | `status` | `reason` `attempt` |
/// | `alive` | `producer` | |
/// | `search` | `search` `trials` `seed` | `name` `sampler` `attempts` `lease` `stopping` `stopping.…` |
/// | `claim` | `search` `producer` `seq` | |
/// | `enqueue` | `search`, one or more `param.<name>` | |
///
/// An entry with any other field is a dead letter: if the field were ignored, its data would be lost unnoticed.
package enum EventField {
    /// The kind of the event: a raw value of ``EventKind``.
    package static let event = "event"
    /// The experiment of the event: an ``ExperimentID``. Required in the events of an experiment, and not allowed in others.
    package static let experiment = "experiment"
    /// The battery of the event: a ``BatteryID``.
    package static let battery = "battery"
    /// Optional, together with ``seq``: the ``ProducerID`` of the client. An entry without it is applied without
    /// deduplication.
    package static let producer = "producer"
    /// Optional, together with ``producer``: the sequence number of the event, 1, 2, 3, … without gaps per producer and
    /// partition.
    package static let seq = "seq"
    /// Optional: the time of the call in Unix milliseconds, an integer. Default: the time in the id of the entry, which also
    /// replaces a time before the year 2000 or more than a day after the id's.
    package static let time = "time"

    /// `battery`: the name, 1 to ``Limits/name`` bytes without control characters. `search`, optional: the name of the search.
    /// Default: `search`.
    package static let name = "name"
    /// `battery`: the version, a decimal integer.
    package static let version = "version"
    /// `battery`: the description, any text, possibly empty.
    package static let description = "description"
    /// `battery`, optional: the channel that decides which epoch and which experiment is best. Default: `valid`.
    package static let objective = "objective"
    /// `battery`, optional: the better direction of the objective, a raw value of ``Direction``. Default: `max`.
    package static let direction = "direction"

    /// `start`, optional: the name of the host.
    package static let host = "host"
    /// `start`, optional: the process id.
    package static let pid = "pid"
    /// `start`, optional: the seed. Together with the number of the experiment, it determines the draw of each name. `search`: the seed
    /// of the search, an integer from 0 to 2^64 - 1.
    package static let seed = "seed"
    /// `start` and `end`, optional: the number of the process among those that ran the experiment, an integer >= 1.
    package static let attempt = "attempt"
    /// `start`, optional: the epoch at which the process resumes, an integer >= 0. The rows of this and later epochs that
    /// other processes logged before are withdrawn.
    package static let from = "from"

    /// `start`, optional: the claim whose grant the process runs, `<producer>:<seq>` of the `claim` event.
    package static let token = "token"
    /// `start`, optional: the id of the last entry of the search's history that the suggestions of the trial depend on; `0-0` for
    /// none.
    package static let asof = "asof"

    /// `search`, `claim` and `enqueue`: the ``SearchID``.
    package static let search = "search"
    /// `search`: the number of trials, 1 to ``Limits/trials``.
    package static let trials = "trials"
    /// `search`, optional: the name of the sampler, such as `tpe`.
    package static let sampler = "sampler"
    /// `search`, optional: the number of processes that may get one trial because those before are lost (``Limits/attempts``).
    /// Default: 3.
    package static let attempts = "attempts"
    /// `search`, optional: the time without a sign of life after which a trial is lost, in milliseconds (``Limits/lease``).
    /// Default: 600000, ten minutes.
    package static let lease = "lease"
    /// `search`, optional: the rule that stops bad trials, a raw value of ``StoppingRule/Kind``.
    package static let stopping = "stopping"
    /// `search`, required with ``stopping``: the epochs of a full training (``Limits/stoppingEpochs``).
    package static let stoppingEpochs = "stopping.epochs"
    /// `search`, optional: the epoch of the first rung, from 1 and below ``stoppingEpochs``. Default: a 27th of them, and 3 at least.
    package static let stoppingFirst = "stopping.first"
    /// `search`, optional: the ratio of the epochs of two rungs (``Limits/stoppingFactor``). Default: 3.
    package static let stoppingFactor = "stopping.factor"

    /// `epoch`: the epoch of the row, an integer >= 0; `7.0` is 7. `maxima`, optional: the epoch of the maxima.
    package static let epoch = "epoch"
    /// `curve`, optional: the epoch of the first number, an integer >= 0. Default: 1.
    package static let first = "first"

    /// `end`: a raw value of ``ExperimentStatus`` other than `running`.
    package static let status = "status"
    /// `end`, optional: the reason for the end, any text. A long one is cut, and invalid UTF-8 is repaired.
    package static let reason = "reason"

    /// Optional. Marks a requeued dead letter; the value is its id in `{hypero}:dead`.
    ///
    /// A requeued entry has no `producer` and `seq`, because the number of the dead letter counts as applied. The
    /// ingest rewrites every index entry of the event, which restores lost members of lists and rankings.
    package static let requeued = "requeued"

    // A dead letter has the fields of its entry, followed by the fields below, `dead.reason` first. The entry may have had
    // fields of these names too: the fields of the ingest start at the last `dead.reason`.
    //
    // The dead letter of an entry beyond the limits has the first 1,024 fields (``Limits/fields``) and 256 bytes of
    // each name (``Limits/name``). It has 256 bytes (``Limits/deadValue``) of each value that is too long, or of every
    // value if the entry as a whole is too large. Once the dead letters take most of the memory that they may take, a dead
    // letter has 4 KiB (``Limits/deadValueWhenFull``) of each value. Names and values that were cut end with `…`, and
    // `dead.cut` describes the cut.

    /// `{hypero}:dead`: the reason why the entry was not applied, a sentence.
    package static let deadReason = "dead.reason"
    /// `{hypero}:dead`: the id of the entry in `{hypero}:events`.
    package static let deadID = "dead.id"
    /// `{hypero}:dead`: a description of the missing parts of the entry. Absent if the dead letter is complete.
    package static let deadCut = "dead.cut"
    /// `{hypero}:dead`: the number of omitted fields. Absent if 0. A dead letter with omitted fields cannot be requeued.
    package static let deadOmitted = "dead.omitted"
}

/// The prefixes of field names that contain the name of a hyper-parameter, metadata or channel.
package enum Prefix {
    /// `param.<name>`: a hyper-parameter. The value is the text of a ``Value``.
    package static let param = "param."
    /// `meta.<name>`: metadata. The value is the text of a ``Value``.
    package static let meta = "meta."
    /// `space.<name>` in a `param` event: the distribution that the hyper-parameter was drawn from, such as
    /// `logUniform 1e-05 0.1`. In the hash of a search: the first one of its trials. In the hash of a trial: one that differs from
    /// that of the search.
    package static let space = "space."
    /// `direction.<channel>`: the better direction of a channel, a raw value of ``Direction``.
    package static let direction = "direction."
    /// `curve.<channel>`: one ``Number`` in an `epoch` event; numbers separated by one space in a `curve` event, for
    /// consecutive epochs.
    package static let curve = "curve."
    /// `max.<channel>`: a ``Number``, the value of the channel at the best epoch.
    package static let max = "max."
}

/// The fields of the hash `{hypero}:battery:<id>`, besides `direction.<channel>` (``Prefix``).
package enum BatteryField {
    /// The name from the declaration.
    package static let name = "name"
    /// The version from the declaration, a decimal integer.
    package static let version = "version"
    /// The description from the declaration.
    package static let description = "description"
    /// The channel that decides which epoch and which experiment is best.
    package static let objective = "objective"
    /// The better direction of the objective, a raw value of ``Direction``.
    package static let direction = "direction"
    /// The latest declaration that differs from the first one, `objective loss min` or `direction.fid max`. Absent if there
    /// is none.
    package static let conflict = "conflict"
    /// The time of the first declaration in Unix milliseconds.
    package static let created = "created"
    /// The time of the latest deletion before the first declaration, in Unix milliseconds. Earlier events do not begin an
    /// experiment, except `start`. Absent if the battery was never deleted.
    package static let deleted = "deleted"
    /// The time of the latest event in Unix milliseconds.
    package static let updated = "updated"
}

/// The fields of the hash `{hypero}:experiment:<id>`, besides `param.<name>`, `meta.<name>` and `max.<channel>`
/// (``Prefix``).
package enum ExperimentField {
    /// The ``BatteryID`` of the first event. Events with another battery are dead letters.
    package static let battery = "battery"
    /// A raw value of ``ExperimentStatus``, of the latest `start` or `end` event by time.
    package static let status = "status"
    /// The time of the `start` or `end` event that set ``status``, in Unix milliseconds. Absent before the first one.
    package static let since = "since"
    /// The time of the first event in Unix milliseconds.
    package static let started = "started"
    /// The time of the latest event in Unix milliseconds.
    package static let updated = "updated"
    /// The host of the latest `start` event that has one.
    package static let host = "host"
    /// The process id of the latest `start` event that has one.
    package static let pid = "pid"
    /// The seed of the latest `start` event that has one.
    package static let seed = "seed"
    /// The highest attempt of a `start` event. Absent if none has one.
    package static let attempt = "attempt"
    /// `<from> <time> [<producer>|?] [<attempt>], …`: the last 64 `start` events that withdrew rows, in the order of the
    /// processes. Absent if there is none. One that withdraws no less replaces those before it of the same producer, and of
    /// none. Rows from this epoch on are not applied if a process before it has logged them.
    package static let resumed = "resumed"
    /// The ``ProducerID`` of the `start` or `end` event that set the status. While the experiment runs, the signs of life of
    /// this process are those of the experiment. Absent if it is the producer in the experiment's id, or unknown.
    package static let producer = "producer"
    /// The reason of the `end` event. Absent if it has none, and after a later `start`.
    package static let reason = "reason"
    /// The highest epoch of the learning curves.
    package static let epochs = "epochs"
    /// The epoch of the maxima: the one that the user stated, else the best one of the curve. Absent if there is neither.
    package static let maxEpoch = "max.epoch"
    /// The origin of the maxima, a raw value of ``MaximaSource``.
    package static let maxSource = "max.source"
    /// The maxima that the user stated, with their epoch if one was stated, as a ``CurveRow``: `epoch=7 test=0.8`. Absent if
    /// the user stated none.
    package static let maxStated = "max.stated"
    /// The name of the epoch in ``maxStated``. It is reserved, so that no channel has it.
    package static let epochOfStated = "epoch"
    /// The number of received values of curves and maxima that are nan or infinite. Absent if 0.
    package static let nonfinite = "nonfinite"
    /// The record of the rows that an operator has removed from the curve, a ``ThinnedCurve``. Absent if the curve is whole.
    package static let thinned = "thinned"
    /// The reason why the rule of the search has stopped the trial: `rung 9: 14th of 31, halving keeps 10`. Absent if it has not.
    package static let stop = "stop"
    /// The last entry of the search's history that the suggestions of the trial depend on, of the latest `start` event that states
    /// it; `0-0` for none.
    package static let asof = "asof"
}

/// The fields of an entry of `{hypero}:control`.
///
///     XADD {hypero}:control * event delete experiment k3v9x2mq7d-17
///     XADD {hypero}:control * event delete battery rnn-visual-attention.v3.b44afc5e
///     XADD {hypero}:control * event thin experiment k3v9x2mq7d-17 rows 200
///     XADD {hypero}:control * event rebuild
package enum ControlField {
    /// The kind of the event: ``delete``, ``thin`` or ``rebuild``.
    package static let event = "event"
    /// Removes an experiment, or a battery with its experiments, and all their keys.
    package static let delete = "delete"
    /// Removes rows of the learning curves of an experiment (``CurveLimit``).
    package static let thin = "thin"
    /// Derives the lists, rankings, columns and maxima of a battery, or of all batteries, again from the experiments and curves.
    package static let rebuild = "rebuild"
    /// `thin`, optional: the number of rows that stay at most, 10 to 10,000. By default the best and the last one stay.
    package static let rows = "rows"
    /// The ``ExperimentID`` to delete or to thin.
    package static let experiment = "experiment"
    /// The ``BatteryID`` to delete or to rebuild.
    package static let battery = "battery"
    /// `delete` and `thin` of an experiment, optional: the time of the server in Unix milliseconds from which on the command is not
    /// carried out any more.
    package static let until = "until"
    /// Written by a replay: the time in Unix milliseconds at which the ingest that was archived has carried the command out. Any other
    /// ingest takes no notice of it.
    package static let time = "time"
    /// Written by a replay: the id that a command had in the server that was archived, if the replay gives it another one.
    package static let archivedID = "id"
    /// With ``until``, optional: `<status> <since> <updated>` of the experiment at its selection, `-` for a missing field, and the time
    /// of the producer if the experiment runs. The command is passed over if the hashes have others.
    package static let seen = "seen"
}

/// The fields of the hash `{hypero}:producer:<id>`.
package enum ProducerField {
    /// The highest sequence number applied.
    package static let seq = "seq"
    /// The time of the producer's latest event or sign of life in Unix milliseconds.
    package static let time = "time"
    /// The sequence numbers below ``seq`` that have not been received, as ``SequenceRanges``: `17 40-52`. Absent if there are
    /// none. Of more than 64 ranges the closest are merged, so that the ranges then also contain received numbers.
    package static let missing = "missing"
    /// The number of the producer's events that became dead letters, including those requeued since. Absent if 0.
    package static let dead = "dead"
    /// The number of the producer's events that were dropped, because their experiment or battery was deleted before. Absent
    /// if 0.
    package static let deleted = "deleted"
    /// `grant.<seq>`: `<trial> <attempt>`, the trial that the claim of the producer with this number got. An enqueued point follows
    /// as a JSON object. Removed when the trial starts or ends; ``lostGrant`` if the trial is lost before its start.
    package static let grant = "grant."
    /// The value of `grant.<seq>` if the trial was lost before its start.
    package static let lostGrant = "lost"
    /// `none.<search>`: `<seq> <open>`, the latest claim of the producer that got no trial of the search, because all numbers were
    /// given out, and the number of trials that had not ended then. Another claim gets one of them if it is lost.
    package static let none = "none."
    /// `stop.<experiment>`: the reason why the producer must stop a trial that it runs: the verdict of the search's rule
    /// (``ExperimentField/stop``), `superseded by attempt 2` if the trial was granted to another process, or `lost 3 times`. Removed
    /// when the producer ends the trial.
    package static let stop = "stop."
}

/// The fields of the hash `{hypero}:ingest`, the state of one partition.
///
/// Counters start when the hash is created. Times are Unix milliseconds of the ingest's clock.
package enum IngestField {
    /// The number of the format of the keys: ``currentFormat``. Absent in the first format.
    package static let format = "format"
    /// The format of the keys that this version reads and writes.
    package static let currentFormat = 2
    /// The ``StreamID`` of the last entry of `{hypero}:control` that was carried out.
    package static let control = "control"
    /// `<count> <command>`: the number of deletions and thinnings of `{hypero}:control` that were carried out, with an archive or
    /// without, and the ``StreamID`` of the last of them. A rebuild and an invalid command do not count. Absent before the first one.
    ///
    /// An archive of the commands tells by these numbers that it lacks one.
    package static let commands = "commands"
    /// `<command> <name>=<number> …`: the numbers of the latest rebuild, after the ``StreamID`` of its command. Written with each of
    /// its transactions, so that another owner continues to count.
    package static let rebuilt = "rebuilt"
    /// The ``StreamID`` of the last entry applied.
    package static let cursor = "cursor"
    /// `<stream id> <count>`: the number of entries ever added to the stream up to this id, as counted by `entries-added` of
    /// XINFO STREAM. ``StreamPosition`` explains its use.
    ///
    /// The id is the cursor. If the id differs from the cursor, another client changed the cursor, and the count is
    /// ignored. Absent if Redis is older than 7.0 and does not count entries: the removal of unread entries is then not
    /// detected.
    package static let entries = "entries"
    /// `<cursor> <count> <series> <former> <count of it>`: the number of entries that were read up to the cursor, also those that
    /// changed nothing, since the series began. A series begins at the time that is its number, in Unix milliseconds of the server,
    /// when the cursor was set back, when the stream was another one than before, or with the first ingest. It names the series
    /// before it and the number of entries of that one, or has 0 and 0.
    ///
    /// An archive of the entries tells by these numbers that it lacks an entry.
    package static let read = "read"
    /// `<series> <count> <time>`: the series and number of the last entry that is archived, and the last time in Unix milliseconds
    /// at which all applied entries were archived. Absent if entries were never archived.
    package static let archived = "archived"
    /// `<command>/<series>/<after>/<count>/<number> …`: the commands that were carried out and are not archived, while the files of
    /// the archive cannot be written, or an ingest without an archive owns the partition: the first one of those between the same
    /// entries, and the last entry that was applied before, with its series and number, and the number of the command as
    /// ``commands`` counts. After 256 of them, `<command>` alone is the first one whose place is not kept. They stay in
    /// `{hypero}:control` until they are archived. Empty if there are none.
    package static let unarchived = "unarchived"
    /// The number of commands that were passed over because of their ``ControlCondition``: no ingest has carried them out in time, or
    /// their experiment has changed since.
    package static let expired = "expired"
    /// `<first>/<last> …`: the commands that were passed over and stay in `{hypero}:control`, because some before them are not archived.
    package static let passed = "passed"
    /// The ``StreamID`` of the last command that was carried out in parts. Once the first part is done, it is finished whatever its
    /// ``ControlCondition``.
    package static let begun = "begun"
    /// `<from> <to> <since> [<first>/<last> …]`: the last transaction with entries, until its outcome is known and its dead
    /// letters are written: the cursor before and after it, a time before it in Unix milliseconds, and the ranges of
    /// entries that it skipped as duplicates, or whose dead letters were sent again. Empty after that. The next owner of
    /// the partition checks the entries of a former owner that was killed in between.
    package static let unconfirmed = "unconfirmed"
    /// The number of entries that another client trimmed or deleted from the stream before they were read. Entries with
    /// a sequence number are also counted in ``gaps``, until their producer sends them again.
    package static let missed = "missed"
    /// The number of times the cursor moved back: the stream was deleted or replaced, or Redis was restored to an older
    /// state.
    package static let rewinds = "rewinds"
    /// The time of the latest rewind.
    package static let rewound = "rewound"
    /// The number of entries applied.
    package static let applied = "applied"
    /// The number of entries skipped because their sequence number had been applied.
    package static let duplicates = "duplicates"
    /// The number of sequence numbers in the `missing` ranges of all producers, at most 2^32 of each.
    package static let gaps = "gaps"
    /// The number of dead letters ever written, including those requeued since.
    package static let dead = "dead"
    /// The number of entries dropped because their experiment or battery was deleted.
    package static let deleted = "deleted"
    /// The number of dead letters requeued.
    package static let requeued = "requeued"
    /// The number of dead letters removed because all together were too large or too many, or because Redis was out of memory.
    package static let trimmed = "trimmed"
    /// The number of partitions of the owner that has acquired the lease last. Partitions beyond it belong to an earlier number.
    package static let partitions = "partitions"
    /// The name of the owner that applied last.
    package static let owner = "owner"
    /// The name of the owner that released the lease last. If the name differs from ``owner``, that owner is running or
    /// ended without releasing the lease.
    package static let released = "released"
    /// The number of times another owner acquired the lease although it had not been released: the former owner was killed,
    /// suspended, or disconnected from Redis for longer than the lease lasts.
    package static let takeovers = "takeovers"
    /// The time of the latest takeover.
    package static let taken = "taken"
    /// The time of the latest transaction that applied an entry.
    package static let updated = "updated"
}
