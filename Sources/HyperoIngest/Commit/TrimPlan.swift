package import HyperoSchema

/// Remembers which entry stood how far back, so that the stream can be trimmed and the last ones stay.
package struct TrimPlan: Sendable {
    private struct Mark {
        let id: StreamID
        /// Entries up to this one, since the start.
        let count: Int
    }

    private let retain: Int
    private let step: Int
    private var marks: [Mark] = []
    private var count = 0
    private var latest: StreamID?
    /// What was last given out, while Redis may have more to remove below it.
    private var unfinished: StreamID?
    private var lowest: StreamID?

    /// - Parameter retain: how many entries behind the cursor stay.
    package init(retain: Int) {
        self.retain = retain
        // Redis trims whole nodes of about 100 entries: finer marks would remember more and trim no better.
        step = max(100, retain / 1_024)
    }

    /// Takes note of an applied entry, in the stream's order.
    package mutating func passed(_ id: StreamID) {
        count += 1
        latest = id
        guard count % step == 0 else { return }
        marks.append(Mark(id: id, count: count))
    }

    /// Starts at a cursor that was read from Redis: what lies before it counts as one entry, unless it is known better.
    ///
    /// - Parameter surplus: an entry with as many to keep between it and the cursor; nil when there are not so many.
    package mutating func start(at cursor: StreamID, surplus: StreamID? = nil) {
        guard latest != cursor else { return }
        marks = cursor == .zero ? [] : [Mark(id: cursor, count: count)]
        if let surplus { marks.insert(Mark(id: surplus, count: count - retain), at: 0) }
        latest = cursor == .zero ? nil : cursor
        unfinished = nil
    }

    /// Forgets all: the server may be another one now, where less is applied. ``start(at:)`` begins anew.
    package mutating func forget() {
        marks = []
        latest = nil
        lowest = nil
        unfinished = nil
    }

    /// The id below which everything may go, with so many entries kept behind the cursor; nil when nothing may.
    package mutating func next() -> StreamID? {
        defer { unfinished = nil }
        guard let index = marks.lastIndex(where: { count - $0.count >= retain }) else { return unfinished }
        lowest = marks[index].id.next
        marks.removeFirst(index + 1)
        return lowest
    }

    /// Redis trims a stretch at a time: as long as it removed something, the same id is given out again.
    package mutating func mayTrimMore() {
        unfinished = lowest
    }
}
