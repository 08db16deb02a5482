import ArgumentParser
import Foundation
import Glibc
import Hypero
import TestSupport

/// Many clients in one process, each with a connection and a journal of its own, as many trainings have. Each logs a row every few
/// seconds until the process is killed.
struct ClientsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "clients", shouldDisplay: false)

    @Option var redis: String
    @Option var count: Int
    /// The time between two rows of one client, in seconds.
    @Option var interval: Double
    /// The file of the ``Tally``.
    @Option var tally: String

    func run() throws {
        try OpenFiles.raiseLimit(to: 4 * count + 100)
        let tally = try Tally(path: tally)
        let folder = try TemporaryFolder(inMemory: true)
        var clients: [Hypero] = []
        var experiments: [Experiment] = []
        for index in 0..<count {
            // In another process, a client would not look at the journals of the others all the time.
            setenv("HYPERO_JOURNAL", folder.file("\(index)"), 1)
            var configuration = Client.Configuration(url: redis, journalLimit: 1 << 20)
            // One segment of 8 MiB for each of thousands of clients would not fit into memory.
            configuration.segmentSize = 64 << 10
            let client = Hypero(try Client(configuration))
            experiments.append(client.battery("connections").experiment())
            clients.append(client)
        }
        tally[.isDone] = 1
        var epoch = 0
        while true {
            for (index, experiment) in experiments.enumerated() {
                experiment.log(epoch: epoch, train: 0.5, valid: 0.5, test: 0.5)
                usleep(UInt32(interval * 1e6) / UInt32(count))
                tally[.dropped] = Int(clients[index].counters.dropped.total)
            }
            epoch += 1
        }
    }
}

/// The limit of open files of this process.
enum OpenFiles {
    /// - Throws: ``BenchError`` if the system does not permit as many.
    static func raiseLimit(to count: Int) throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur < rlim_t(count) else { return }
        limit.rlim_cur = rlim_t(count)
        limit.rlim_max = max(limit.rlim_max, rlim_t(count))
        guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            throw BenchError("the system does not permit \(count) open files: \(String(cString: strerror(errno)))")
        }
    }
}
