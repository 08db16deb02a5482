package import HyperoSchema

/// The bounds to which the stream is trimmed, so that the last applied entries stay.
///
/// The plan remembers the id and the number of every hundredth applied entry, or of fewer if many entries stay.
package struct TrimPlan: Sendable {
    private struct Mark {
        let id: StreamID
        /// The number of entries applied up to this one.
        let count: Int
    }

    private let retain: Int
    private let step: Int
    private var marks: [Mark] = []
    private var count = 0
    private var latest: StreamID?
    /// The last bound that was returned.
    private(set) var lastBound: StreamID?
    /// The bound to return again, since Redis may have more entries to remove below it.
    private var unfinished: StreamID?

    /// - Parameter retain: the number of applied entries that stay in the stream.
    package init(retain: Int) {
        self.retain = retain
        // Redis trims whole nodes of about 100 entries: finer marks would cost memory and trim no better.
        step = max(100, retain / 1_024)
    }

    /// Counts an applied entry. Entries are passed in the order of the stream.
    package mutating func recordApplied(_ id: StreamID) {
        count += 1
        latest = id
        guard count % step == 0 else { return }
        marks.append(Mark(id: id, count: count))
    }

    /// Starts at a cursor that was read from Redis.
    ///
    /// The entries up to the surplus can be trimmed at once. The others up to the cursor are trimmed together, when
    /// `retain` entries after the cursor are applied.
    ///
    /// - Parameter surplus: the newest applied entry that need not be retained; nil if there is none or it is unknown.
    package mutating func start(at cursor: StreamID, surplus: StreamID? = nil) {
        guard latest != cursor else { return }
        marks = cursor == .zero ? [] : [Mark(id: cursor, count: count)]
        if let surplus { marks.insert(Mark(id: surplus, count: count - retain), at: 0) }
        latest = cursor == .zero ? nil : cursor
        unfinished = nil
    }

    /// Forgets all entries, for a connection to a server on which fewer entries may be applied.
    package mutating func reset() {
        marks = []
        latest = nil
        lastBound = nil
        unfinished = nil
    }

    /// Returns the id below which all entries can be removed; nil if none can.
    ///
    /// - Parameter archived: the last entry that is archived; nil if entries are not archived. Of the others, at most
    ///   ``Archiver/maxUnarchived`` stay.
    package mutating func nextBound(archived: StreamID? = nil) -> StreamID? {
        defer { unfinished = nil }
        let index = marks.lastIndex { mark in
            let surplus = count - mark.count - retain
            guard surplus >= 0 else { return false }
            return archived.map { mark.id <= $0 || surplus >= Archiver.maxUnarchived } ?? true
        }
        guard let index else { return unfinished }
        lastBound = marks[index].id.next
        marks.removeFirst(index + 1)
        return lastBound
    }

    /// Makes ``nextBound()`` return the last bound again. Redis removes a limited number of entries per XTRIM, so that
    /// more entries may be below the bound until an XTRIM removes none.
    package mutating func repeatLastBound() {
        unfinished = lastBound
    }
}
