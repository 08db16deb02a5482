import Glibc

/// The file that a thread of a producer writes its lines to, each in one write(2): the page cache keeps it when the
/// process is killed.
package final class SideFile {
    private let descriptor: Int32

    /// Makes the file.
    package init?(path: String) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// Writes a line.
    ///
    /// - Parameter dropped: how many events the client has not taken so far: a rise from one line to the next says what
    ///   became of the call between them.
    package func write(_ line: SideLine, dropped: UInt64) {
        var text = "\(dropped) \(line.text)\n"
        let written = text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        precondition(written == text.utf8.count, "a side file cannot be written: errno \(errno)")
    }

    /// Reads a file's lines. A last one without its end was cut off by a kill: the call it tells of was not made.
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
