import Glibc
import HyperoSchema

/// The distinct ids of one kind in a batch, each with an index.
///
/// An id is found by its bytes in an entry, so that it becomes a string once per batch and not once per entry.
struct IDInterner<ID: Hashable> {
    private(set) var ids: [ID] = []
    /// The result of ``hash(_:)`` for each id.
    private var hashes: [Int] = []
    /// The bytes of all ids, concatenated.
    private var bytes: [UInt8] = []
    /// The end of each id in `bytes`.
    private var ends: [Int] = []
    /// A hash table of indexes with linear probing; -1 marks an empty slot. The number of slots is a power of two, and at
    /// most half of them are filled.
    private var slots: [Int32] = []

    /// Creates an interner without ids.
    ///
    /// - Parameter capacity: the number of ids for which memory is reserved, so that the table need not grow. In a wide fleet
    ///   each entry of a batch has an id of its own.
    init(capacity: Int = 0) {
        guard capacity > Self.initialSlots / 2 else { return }
        ids.reserveCapacity(capacity)
        hashes.reserveCapacity(capacity)
        ends.reserveCapacity(capacity)
        slots = Array(repeating: -1, count: capacity.nextPowerOfTwo * 2)
    }

    private static var initialSlots: Int { 64 }

    /// All ids, as keys of dictionaries.
    var keys: some Sequence<HashedID<ID>> { zip(ids, hashes).lazy.map { HashedID(id: $0, hash: $1) } }

    /// Returns the index of an id; nil if the batch does not contain the id.
    func index(of id: Bytes) -> Int? { index(of: id, hash: hash(id)) }

    /// Returns the index of an id; nil if the batch does not contain the id.
    ///
    /// - Parameter hash: the result of ``hash(_:)`` for the id.
    func index(of id: Bytes, hash: Int) -> Int? {
        guard !slots.isEmpty else { return nil }
        var slot = hash
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
            let hash = hash(bytes)
            return index(of: bytes, hash: hash) ?? add(id, bytes: bytes, hash: hash)
        }
    }

    /// Adds an id that the batch does not contain.
    ///
    /// - Returns: its index.
    mutating func add(_ id: ID, bytes: Bytes, hash: Int) -> Int {
        self.bytes.append(contentsOf: bytes)
        ids.append(id)
        hashes.append(hash)
        ends.append(self.bytes.count)
        if ids.count * 2 > slots.count {
            slots = Array(repeating: -1, count: max(slots.count * 2, Self.initialSlots))
            for (index, hash) in hashes.enumerated() { fillSlot(with: Int32(index), hash: hash) }
        } else {
            fillSlot(with: Int32(ids.count - 1), hash: hash)
        }
        return ids.count - 1
    }

    func contains(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { index(of: $0) != nil }
    }

    /// Returns whether the id at an index has these bytes.
    func isID(at index: Int, equalTo id: Bytes) -> Bool {
        let start = index == 0 ? 0 : ends[index - 1]
        guard ends[index] - start == id.count else { return false }
        guard let text = id.baseAddress else { return true }
        return bytes.withUnsafeBytes { memcmp($0.baseAddress! + start, text, id.count) == 0 }
    }

    private mutating func fillSlot(with index: Int32, hash: Int) {
        var slot = hash
        while slots[slot & (slots.count - 1)] >= 0 { slot += 1 }
        slots[slot & (slots.count - 1)] = index
    }

    /// Hashes with Swift's hasher, which is seeded per process, because clients choose the ids.
    ///
    /// - Returns: half of the hash, so that probing can increment it without overflow.
    func hash(_ id: Bytes) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(id))
        return Int(bitPattern: UInt(bitPattern: hasher.finalize()) >> 1)
    }
}

/// An id with the hash of its bytes.
///
/// In a wide fleet, the cache looks up each id twice per batch. It hashes this hash instead of the bytes.
struct HashedID<ID: Hashable>: Hashable {
    let id: ID
    fileprivate let hash: Int

    static func == (left: Self, right: Self) -> Bool { left.id == right.id }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

extension Int {
    /// The lowest power of two that is not below the number, which is positive.
    fileprivate var nextPowerOfTwo: Int { 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
