import Foundation
import Glibc
import HyperoRedis
import HyperoSchema
import TestSupport

@testable import Hypero

/// Clients of a test: their journal lies in a folder of its own, their notices are kept, and nothing of the environment
/// reaches them.
final class ClientFixture: Sendable {
    let folder: TemporaryFolder
    let recorder = NoticeRecorder()

    /// Where nobody listens.
    static let unreachableURL = "unix:///nowhere/redis.sock"

    init() throws {
        folder = try TemporaryFolder()
    }

    func client(
        _ url: String = unreachableURL, seed: UInt64? = 7, variables: [String: String] = [:],
        _ configure: (inout Client.Configuration) -> Void = { _ in }
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

    /// What lies in the journals' folder.
    var journals: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.file("journal")).sorted()) ?? []
    }

    /// The files of all journals.
    var segments: [String] {
        let paths = FileManager.default.enumerator(atPath: folder.file("journal"))?.allObjects ?? []
        return paths.compactMap { $0 as? String }.filter { $0.hasSuffix(".segment") }
    }

    /// The mappings of this process that are files of the fixture.
    var mappingCount: Int { CurrentProcess.mappingCount(below: folder.path + "/") }
}

/// One entry of the stream: its fields as they are, and what they mean.
struct DecodedEntry {
    var fields: [[String]]
    var event: Event?

    var seq: UInt64? { event?.origin?.seq }
    /// All but the time, which is not known beforehand.
    var timeless: [String] { fields.filter { $0[0] != "time" }.map { "\($0[0])=\($0[1])" } }
}

extension RedisServer {
    /// The entries of a stream, in order.
    func entries(of stream: String = "{hypero}:events", password: String? = nil) throws -> [DecodedEntry] {
        let url = try RedisURL(url) { $0 == "REDISCLI_AUTH" ? password : nil }
        var connection = try RedisConnection.open(to: url, name: "test", timeout: .seconds(60))
        var reply = try connection.call("XRANGE", stream, "-", "+")
        var entries: [DecodedEntry] = []
        var memory: [WireField] = []
        for _ in 0..<(try reply.array() ?? 0) {
            _ = try reply.array()
            _ = try reply.string()
            try reply.fields(into: &memory)
            let entry = memory.withUnsafeBufferPointer { fields in
                DecodedEntry(
                    fields: fields.map {
                        [String(decoding: $0.name, as: UTF8.self), String(decoding: $0.value, as: UTF8.self)]
                    }, event: try? Event(decoding: fields))
            }
            entries.append(entry)
        }
        return entries
    }

    /// The sequence numbers in the stream, in order; every entry must be understood.
    func seqs(of stream: String = "{hypero}:events") throws -> [UInt64] {
        try entries(of: stream).map { entry in
            guard let seq = entry.seq else { throw TestFailure("an entry without a number: \(entry.fields)") }
            return seq
        }
    }
}
