// Every field name of the stream entries and of the hashes stands here, with its type and meaning.

/// The fields of a stream entry.
package enum EventField {
    /// One of ``EventKind``; the first field of every entry.
    package static let event = "event"
    /// ``ExperimentID``; in every entry but `battery`.
    package static let experiment = "experiment"
    /// ``BatteryID``.
    package static let battery = "battery"
    /// ``ProducerID``; together with `seq` or not at all.
    package static let producer = "producer"
    /// 1, 2, 3, … without holes, per producer and partition.
    package static let seq = "seq"
    /// Unix milliseconds at the call.
    package static let time = "time"

    /// `battery`: text.
    package static let name = "name"
    /// `battery`: decimal integer.
    package static let version = "version"
    /// `battery`: text, may be empty.
    package static let description = "description"
    /// `battery`: the channel that decides "best".
    package static let objective = "objective"
    /// `battery`: ``Direction``.
    package static let direction = "direction"

    /// `start`: the host's name.
    package static let host = "host"
    /// `start`: the process id.
    package static let pid = "pid"
    /// `start`: the seed that, with the experiment's number, determines its draws.
    package static let seed = "seed"

    /// `epoch`, and optional in `maxima`: integer >= 0.
    package static let epoch = "epoch"
    /// `curve`: the epoch of the first value, 1 when absent.
    package static let first = "first"

    /// `end`: ``ExperimentStatus`` other than running.
    package static let status = "status"
    /// `end`: text.
    package static let reason = "reason"

    /// Optional in every entry: it is a dead letter that is sent again, and this was its id among them. It comes without
    /// `producer` and `seq`, whose number was used up, and has all written anew that its event is part of, whatever was
    /// written before: a place in the lists and rankings that got lost comes back.
    package static let requeued = "requeued"

    // A dead letter holds the fields of its entry, and after them these, `dead.reason` first. The entry may have had fields
    // of these names itself: the ingest's are those from the last `dead.reason` on. Of an entry beyond the limits it keeps the first
    // 1,024 fields, of names 256 bytes, and 256 bytes (``Limits/deadValue``) of each value that is too long, or of every
    // value when the entry as a whole is. What was cut ends with `…`, and `dead.cut` says so.

    /// `dead`: why the entry could not be applied.
    package static let deadReason = "dead.reason"
    /// `dead`: the entry's id in the events stream.
    package static let deadID = "dead.id"
    /// `dead`: what is missing of the entry, as a sentence; absent when the letter is whole.
    package static let deadCut = "dead.cut"
    /// `dead`: how many fields of the entry were left out, above 0: such a letter cannot be mended.
    package static let deadOmitted = "dead.omitted"
}

/// What stands before a name in a field of an entry or a hash.
package enum Prefix {
    /// Hyper-parameter.
    package static let param = "param."
    /// Metadata.
    package static let meta = "meta."
    /// A channel's values in `epoch` and `curve` events.
    package static let curve = "curve."
    /// A channel's value at the best epoch.
    package static let max = "max."
}

/// The fields of `{hypero}:battery:<id>`.
package enum BatteryField {
    package static let name = "name"
    package static let version = "version"
    package static let description = "description"
    package static let objective = "objective"
    package static let direction = "direction"
    /// Unix milliseconds of the first declaration.
    package static let created = "created"
    /// Unix milliseconds of the latest event.
    package static let updated = "updated"
}

/// The fields of `{hypero}:experiment:<id>`, beside `param.…`, `meta.…` and `max.<channel>`.
package enum ExperimentField {
    package static let battery = "battery"
    /// ``ExperimentStatus``.
    package static let status = "status"
    /// Unix milliseconds of the first event.
    package static let started = "started"
    /// Unix milliseconds of the latest event.
    package static let updated = "updated"
    package static let host = "host"
    package static let pid = "pid"
    package static let seed = "seed"
    /// Why it ended, as the `end` event said.
    package static let reason = "reason"
    /// The highest epoch of the curves.
    package static let epochs = "epochs"
    /// The epoch of the maxima.
    package static let maxEpoch = "max.epoch"
    /// ``MaximaSource``.
    package static let maxSource = "max.source"
    /// How many values of curves and maxima came as nan or infinite; absent when none did.
    package static let nonfinite = "nonfinite"
}

/// The fields of `{hypero}:producer:<id>`.
package enum ProducerField {
    /// The highest sequence number applied.
    package static let seq = "seq"
    /// Unix milliseconds of its latest event.
    package static let time = "time"
    /// Sequence numbers below `seq` that have not come yet, as ranges: `17 40-52`. Absent when there is none.
    package static let missing = "missing"
}

/// The fields of `{hypero}:ingest`.
package enum IngestField {
    /// The last applied stream id.
    package static let cursor = "cursor"
    /// `<stream id> <count>`: how many entries the stream had ever got up to this id, which is the cursor's, as XINFO STREAM
    /// counts them (`entries-added`). With another id than the cursor's it says nothing: somebody has set the cursor.
    /// Absent on a server before Redis 7.0, where nobody can tell what went from a stream.
    package static let entries = "entries"
    /// Entries that went from the stream before they were read: somebody else trimmed it or deleted from it. With a
    /// producer and a number or without; the former are in `gaps` too, until their producer sends them again.
    package static let missed = "missed"
    /// How often the cursor went back: the stream was deleted or is another one, or Redis came back with an older state.
    package static let rewinds = "rewinds"
    /// Unix milliseconds of the latest of these, by the ingest's clock.
    package static let rewound = "rewound"
    /// Entries applied.
    package static let applied = "applied"
    /// Entries skipped because their sequence number was applied before.
    package static let duplicates = "duplicates"
    /// Sequence numbers that were passed over and never came.
    package static let gaps = "gaps"
    /// Entries sent to the dead letters; those that were sent again since are not taken off.
    package static let dead = "dead"
    /// Dead letters that were sent again.
    package static let requeued = "requeued"
    /// Who applied last.
    package static let owner = "owner"
    /// Who gave the lease back last. Another one than `owner` means that the owner works, or came to an end without a word.
    package static let released = "released"
    /// How often somebody took over from an owner that had not given the lease back: it was killed, stood still, or did not
    /// reach Redis for longer than the lease lasts.
    package static let takeovers = "takeovers"
    /// Unix milliseconds of the latest of these, by the ingest's clock.
    package static let taken = "taken"
    /// Unix milliseconds of the last transaction that applied something, by the ingest's clock.
    package static let updated = "updated"
}
