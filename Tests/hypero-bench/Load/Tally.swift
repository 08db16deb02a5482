import Foundation
import Glibc
import Synchronization

/// Counters that a training and the benchmark share in a mapped file. The file keeps its values for every end of the
/// training, including SIGKILL.
final class Tally: @unchecked Sendable {
    // The address of the mapping never changes, and the words are atomics.
    private let words: UnsafeMutablePointer<Atomic<Int>>

    enum Word: Int {
        /// The number of rows whose log call has returned.
        case rows
        /// The number of started experiments.
        case experiments
        /// The number of events that the client dropped.
        case dropped
        /// The time of ``Clock`` after the last log call, in nanoseconds.
        case lastCall
        /// 1 after the training has logged all its rows.
        case isDone
        /// The first eight characters of the producer's id.
        case producer
        /// The last two characters of the producer's id.
        case producerEnd
        /// Nanoseconds per log call, and of the whole loop.
        case median, p99, p999, loop
        /// Nanoseconds by which the load is behind its schedule.
        case late
    }

    private static let size = 4096

    /// Opens the file, and creates it if it does not exist.
    init(path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, ftruncate(descriptor, off_t(Self.size)) == 0,
            let address = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            address != MAP_FAILED
        else { throw BenchError(systemCall: "open, ftruncate or mmap of \(path)") }
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

    /// The producer's id; empty until the training has set it.
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
