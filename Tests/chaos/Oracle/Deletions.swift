import HyperoSchema

/// The deletions that a run has requested with `hypero-ingest delete`.
struct Deletions {
    /// The experiments that a confirmed command has named.
    var named: Set<ExperimentID> = []
    /// The experiments that the indexes had when a battery with a confirmed deletion was deleted.
    var listed: Set<ExperimentID> = []
    /// The experiments that a command may have removed: those that had begun when the command was confirmed, and those of
    /// commands that were not confirmed.
    var possible: Set<ExperimentID> = []
    /// The indices of the batteries that a command has named.
    var batteries: Set<Int> = []
    /// The indices of the batteries of which a command was not confirmed. All their experiments may be removed.
    var unconfirmed: Set<Int> = []

    /// Returns whether an experiment must not be in the indexes.
    func mustRemove(_ id: ExperimentID) -> Bool { named.contains(id) || listed.contains(id) }

    /// Returns whether an experiment may be missing in the indexes.
    func mayRemove(_ id: ExperimentID, of battery: Int) -> Bool {
        mustRemove(id) || possible.contains(id) || unconfirmed.contains(battery)
    }
}
