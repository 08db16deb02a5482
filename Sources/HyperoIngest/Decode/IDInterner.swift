import HyperoSchema

/// The distinct ids of one kind in a batch, each with an index.
///
/// An id is found by its bytes in an entry, so that it becomes a string once per batch and not once per entry.
struct IDInterner<ID: Hashable> {
    private(set) var ids: [ID] = []
    /// The bytes of all ids, concatenated.
    private var bytes: [UInt8] = []
    /// The end of each id in `bytes`.
    private var ends: [Int] = []
    /// A hash table of indexes with linear probing; -1 marks an empty slot. The number of slots is a power of two, and at
    /// most half of them are filled.
    private var slots: [Int32] = []

    /// Returns the index of an id; nil if the batch does not contain the id.
    func index(of id: Bytes) -> Int? {
        guard !slots.isEmpty else { return nil }
        var slot = hash(id)
        while true {
            let index = slots[slot & (slots.count - 1)]
            guard index >= 0 else { return nil }
            if isID(at: Int(index), equalTo: id) { return Int(index) }
            slot += 1
        }
    }

    /// Returns the index of an id, which is added if the batch does not contain it.
    mutating func intern(_ id: ID, text: String) -> Int {
        var text = text
        return text.withUTF8 { bytes in
            if let index = index(of: bytes) { return index }
            self.bytes.append(contentsOf: bytes)
            ids.append(id)
            ends.append(self.bytes.count)
            if ids.count * 2 > slots.count {
                slots = Array(repeating: -1, count: max(slots.count * 2, 64))
                for index in ids.indices { fillSlot(with: Int32(index)) }
            } else {
                fillSlot(with: Int32(ids.count - 1))
            }
            return ids.count - 1
        }
    }

    func contains(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { index(of: $0) != nil }
    }

    /// Returns whether the id at an index has these bytes.
    func isID(at index: Int, equalTo id: Bytes) -> Bool {
        let start = index == 0 ? 0 : ends[index - 1]
        guard ends[index] - start == id.count else { return false }
        return bytes.withUnsafeBufferPointer { Bytes(rebasing: $0[start..<start + id.count]).isEqual(to: id) }
    }

    private mutating func fillSlot(with index: Int32) {
        let start = index == 0 ? 0 : ends[Int(index) - 1]
        var slot = bytes.withUnsafeBufferPointer { hash(Bytes(rebasing: $0[start..<ends[Int(index)]])) }
        while slots[slot & (slots.count - 1)] >= 0 { slot += 1 }
        slots[slot & (slots.count - 1)] = index
    }

    /// Hashes with Swift's hasher, which is seeded per process, because clients choose the ids.
    ///
    /// - Returns: half of the hash, so that probing can increment it without overflow.
    private func hash(_ id: Bytes) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(id))
        return Int(bitPattern: UInt(bitPattern: hasher.finalize()) >> 1)
    }
}
