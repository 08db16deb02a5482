import HyperoSchema

/// The distinct ids of one kind in a batch, and where each stands among them: found by the bytes of an entry, so that an id
/// becomes text once a batch and not once an entry.
struct IDInterner<ID: Hashable> {
    private(set) var ids: [ID] = []
    /// The bytes of all ids one after another, and where each ends.
    private var bytes: [UInt8] = []
    private var ends: [Int] = []
    /// Places by hash, at a power of two of slots, at most half of them taken; -1 where there is none.
    private var slots: [Int32] = []

    /// The place of an id; nil when the batch has not had it.
    func place(of id: Bytes) -> Int? {
        guard !slots.isEmpty else { return nil }
        var slot = hash(id)
        while true {
            let place = slots[slot & (slots.count - 1)]
            guard place >= 0 else { return nil }
            if isEqual(Int(place), id) { return Int(place) }
            slot += 1
        }
    }

    /// The place of an id, which is added when the batch has not had it.
    mutating func place(of id: ID, _ text: String) -> Int {
        var text = text
        return text.withUTF8 { bytes in
            if let place = place(of: bytes) { return place }
            self.bytes.append(contentsOf: bytes)
            ids.append(id)
            ends.append(self.bytes.count)
            if ids.count * 2 > slots.count {
                slots = Array(repeating: -1, count: max(slots.count * 2, 64))
                for place in ids.indices { take(Int32(place)) }
            } else {
                take(Int32(ids.count - 1))
            }
            return ids.count - 1
        }
    }

    func contains(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { place(of: $0) != nil }
    }

    /// Whether the id at a place has these bytes.
    func isEqual(_ place: Int, _ id: Bytes) -> Bool {
        let start = place == 0 ? 0 : ends[place - 1]
        guard ends[place] - start == id.count else { return false }
        return bytes.withUnsafeBufferPointer { Bytes(rebasing: $0[start..<start + id.count]).isEqual(to: id) }
    }

    private mutating func take(_ place: Int32) {
        let start = place == 0 ? 0 : ends[Int(place) - 1]
        var slot = bytes.withUnsafeBufferPointer { hash(Bytes(rebasing: $0[start..<ends[Int(place)]])) }
        while slots[slot & (slots.count - 1)] >= 0 { slot += 1 }
        slots[slot & (slots.count - 1)] = place
    }

    /// By Swift's own hash, which is seeded a process: others choose the ids. Halved, so that it can be counted up.
    private func hash(_ id: Bytes) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(id))
        return Int(bitPattern: UInt(bitPattern: hasher.finalize()) >> 1)
    }
}
