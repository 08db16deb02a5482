import Glibc

/// The write-ahead log of the calls of one producer thread, and the input of the oracle.
///
/// Each line is one write(2), so the page cache keeps the line when the process is killed.
package final class SideFile {
    private let descriptor: Int32

    /// Creates the file; nil if it exists or cannot be created.
    package init?(path: String) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// Appends a line.
    ///
    /// - Parameter dropped: the number of events that the client has dropped so far. If the next line has a higher
    ///   number, the client dropped an event of the call between the two lines.
    package func write(_ line: SideLine, dropped: UInt64) {
        var text = "\(dropped) \(line.text)\n"
        let written = text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        precondition(written == text.utf8.count, "cannot write to a side file: errno \(errno)")
    }

    /// Parses the content of a file. An unterminated last line is ignored, because a kill interrupted its write, and
    /// the call of the line was not made.
    ///
    /// - Returns: the lines; nil if a terminated line is invalid.
    package static func read(_ text: String) -> [(dropped: UInt64, line: SideLine)]? {
        var lines: [(dropped: UInt64, line: SideLine)] = []
        for part in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let words = part.split(separator: " ")
            guard let dropped = words.first.flatMap({ UInt64($0) }), let line = SideLine(Array(words.dropFirst()))
            else { return nil }
            lines.append((dropped, line))
        }
        return lines
    }
}
