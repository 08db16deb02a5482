import Foundation
import Glibc
import Synchronization

/// Numbers that a training and the benchmark share: a mapped file, which is there in whatever way the training ends.
final class Tally: @unchecked Sendable {
    // The mapping's address never changes, and what it holds are atomics.
    private let words: UnsafeMutablePointer<Atomic<Int>>

    enum Word: Int {
        /// Rows whose log call has returned.
        case rows
        /// Experiments begun.
        case experiments
        /// Events that the client has not taken.
        case dropped
        /// When the last log call returned, on the clock that only goes forward.
        case lastCall
        /// Whether the training has done all it was to do.
        case isDone
        /// The producer's id, as the bits of its ten characters in two words.
        case producer
        case producerEnd
        /// Nanoseconds of log calls, and of all of them together.
        case median, p99, p999, loop
    }

    private static let size = 4096

    /// Opens the file, or makes it.
    init(path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, off_t(Self.size)) == 0,
            let address = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            address != MAP_FAILED
        else { throw BenchError("\(path) cannot be shared: errno \(errno)") }
        Glibc.close(descriptor)
        words = address.bindMemory(to: Atomic<Int>.self, capacity: Self.size / MemoryLayout<Int>.size)
    }

    deinit {
        munmap(words, Self.size)
    }

    subscript(word: Word) -> Int {
        get { words[word.rawValue].load(ordering: .acquiring) }
        set { words[word.rawValue].store(newValue, ordering: .releasing) }
    }

    /// The producer's id; empty before it is known.
    var producer: String {
        get {
            let bytes = [self[.producer], self[.producerEnd]].flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
            }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        set {
            let bytes = Array(newValue.utf8) + [UInt8](repeating: 0, count: 16)
            func word(_ first: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[first + $1]) << ($1 * 8) } }
            self[.producerEnd] = word(8)
            self[.producer] = word(0)
        }
    }
}
