import Foundation
import Glibc
import HyperoRedis
import HyperoSchema
import Synchronization
import TestSupport

@testable import Hypero

/// A factory of isolated clients. Their journals are in a temporary folder, their notices are recorded, and they do not
/// use the environment of the process.
final class ClientFixture: Sendable {
    let folder: TemporaryFolder
    let recorder = NoticeRecorder()

    /// The URL of a socket that does not exist.
    static let unreachableURL = "unix:///nowhere/redis.sock"

    init() throws {
        folder = try TemporaryFolder()
    }

    func client(
        _ url: String = unreachableURL, seed: UInt64? = 7, variables: [String: String] = [:],
        configure: (inout Client.Configuration) -> Void = { _ in }
    ) throws -> Client {
        var configuration = Client.Configuration(url: url, seed: seed)
        configuration.journalLimit = 64 << 20
        configuration.segmentSize = 1 << 20
        let variables = ["HYPERO_JOURNAL": folder.file("journal")].merging(variables) { $1 }
        configuration.environment = { variables[$0] }
        configuration.notify = recorder.notify
        configure(&configuration)
        return try Client(configuration)
    }

    func hypero(_ url: String = unreachableURL, seed: UInt64? = 7) throws -> Hypero {
        Hypero(try client(url, seed: seed))
    }

    /// The journal folder, which must exist.
    func root() throws -> JournalRoot {
        try JournalRoot(existing: folder.file("journal"), environment: { _ in nil })
    }

    /// The names of the files and folders in the journal folder, in order.
    var journals: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.file("journal")).sorted()) ?? []
    }

    /// The segment files of all journals.
    var segments: [String] {
        let paths = FileManager.default.enumerator(atPath: folder.file("journal"))?.allObjects ?? []
        return paths.compactMap { $0 as? String }.filter { $0.hasSuffix(".segment") }
    }

    /// The number of memory mappings of files in the fixture's folder.
    var mappingCount: Int { CurrentProcess.mappingCount(below: folder.path + "/") }
}

/// A thread-safe recorder of a client's notices to the user.
final class NoticeRecorder: Sendable {
    private let recorded = Mutex<[String]>([])

    var notices: [String] { recorded.withLock { $0 } }

    /// The closure for `Client.Configuration.notify`.
    var notify: @Sendable (String) -> Void {
        { notice in self.recorded.withLock { $0.append(notice) } }
    }

    /// Returns the number of notices that contain the text.
    func count(containing text: String) -> Int {
        notices.count { $0.contains(text) }
    }
}

/// An entry of the stream: its fields as text and the event that they decode to.
struct DecodedEntry {
    var fields: [[String]]
    var event: Event?

    var seq: UInt64? { event?.origin?.seq }
    /// The fields except the time, which a test cannot predict, as `name=value`.
    var timeless: [String] { fields.filter { $0[0] != "time" }.map { "\($0[0])=\($0[1])" } }
}

extension RedisServer {
    /// Returns the entries of a stream, in order.
    func entries(of stream: String = "{hypero}:events", password: String? = nil) throws -> [DecodedEntry] {
        let url = try RedisURL(url) { $0 == "REDISCLI_AUTH" ? password : nil }
        var connection = try RedisConnection.open(to: url, name: "test", timeout: .seconds(60))
        var reply = try connection.call("XRANGE", stream, "-", "+")
        var entries: [DecodedEntry] = []
        var wireFields: [WireField] = []
        for _ in 0..<(try reply.array() ?? 0) {
            _ = try reply.array()
            _ = try reply.string()
            try reply.fields(into: &wireFields)
            let entry = wireFields.withUnsafeBufferPointer { fields in
                DecodedEntry(
                    fields: fields.map {
                        [String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self)]
                    }, event: try? Event(decoding: fields))
            }
            entries.append(entry)
        }
        return entries
    }

    /// Returns the sequence numbers of a stream, in order.
    ///
    /// - Throws: if an entry cannot be decoded or has no sequence number.
    func seqs(of stream: String = "{hypero}:events") throws -> [UInt64] {
        try entries(of: stream).map { entry in
            guard let seq = entry.seq else { throw TestFailure("entry without a sequence number: \(entry.fields)") }
            return seq
        }
    }
}
