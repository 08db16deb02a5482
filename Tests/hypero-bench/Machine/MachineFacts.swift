import Foundation
import Glibc
import TestSupport

/// The machine, the date and the software versions of a run.
struct MachineFacts: Encodable {
    let date: String
    let command: String
    let cores: Int
    let processor: String
    let memory: String
    let kernel: String
    let redis: String
    let swift: String
    /// The settings of the benchmark's Redis servers.
    let servers: String

    init(command: String) {
        self.command = command
        date = Date().ISO8601Format()
        cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        processor = Self.value(of: "model name", in: "/proc/cpuinfo") ?? "unknown"
        memory = Self.value(of: "MemTotal", in: "/proc/meminfo") ?? "unknown"
        kernel = Self.firstLine(of: "uname", "-sr")
        let version = Self.firstLine(of: "redis-server", "--version").split(separator: " ")
        redis = version.first { $0.hasPrefix("v=") }.map { String($0.dropFirst(2)) } ?? "unknown"
        swift = Self.firstLine(of: "swiftc", "--version")
        servers = BenchServer.description
    }

    var text: String {
        """
        \(command)
        \(date)
        \(cores) cores of \(processor), \(memory), \(kernel)
        Redis \(redis), \(servers)
        \(swift)
        """
    }

    private static func value(of name: String, in path: String) -> String? {
        let text = try? String(contentsOfFile: path, encoding: .utf8)
        let line = text?.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private static func firstLine(of program: String, _ arguments: String...) -> String {
        let outcome = try? ChildProcess.run(program, arguments)
        return outcome?.stdout.split(separator: "\n").first.map(String.init) ?? "unknown"
    }
}
