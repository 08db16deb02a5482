import Foundation

/// A command of a recorded conversation and its reply.
struct Exchange: Codable {
    /// The name of the command, and for some commands the last argument, which decides the form of the reply.
    var command: String
    var reply: Data

    /// Returns the name under which a command's reply is recorded.
    static func name(of command: ArraySlice<UInt8>) -> String {
        let arguments = RESPSplitter.arguments(of: command).map { String(decoding: $0.prefix(64), as: UTF8.self) }
        guard let name = arguments.first else { return "" }
        return name == "HGET" || name == "XINFO" ? "\(name) \(arguments.last ?? "")" : name
    }
}
