import Glibc
import HyperoCore
import HyperoQuery

/// The candidates of the last seconds in files of `XDG_RUNTIME_DIR`, which only the user can read. Shells ask again for each
/// key press.
///
/// A file has the key on its first line, then one candidate per line. Sixteen files at most: a key replaces another one of the
/// same slot.
struct CandidateCache {
    private let path: String
    private let key: String

    private static let lifetime = 10
    private static let maxSize = 1 << 20

    /// - Parameter parts: the values on which the candidates depend: the server, the namespace, and the question. Returns nil
    ///   without `XDG_RUNTIME_DIR`.
    init?(_ parts: [String]) {
        guard let folder = ProcessEnvironment.value(of: "XDG_RUNTIME_DIR"), folder.hasPrefix("/") else { return nil }
        // FNV-1a, because the URL may contain a password, which must not be written.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in parts.joined(separator: "\u{1F}").utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        key = String(hash, radix: 16)
        path = "\(folder)/hypero-query-\(String((hash ^ hash >> 32) & 15, radix: 16))"
    }

    /// Returns the candidates; nil if there are none of the last seconds.
    func read() -> [Candidate]? {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var status = stat()
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_uid == geteuid(),
            status.st_mode & 0o077 == 0, status.st_size <= Self.maxSize,
            (0..<Self.lifetime).contains(time.tv_sec - status.st_mtim.tv_sec)
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = retryingInterrupts { Glibc.read(descriptor, &bytes, bytes.count) }
        guard count == bytes.count else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.first.map(String.init) == key else { return nil }
        return lines.dropFirst().compactMap { line in
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
            return parts.count == 2 ? Candidate(String(parts[0]), description: String(parts[1])) : nil
        }
    }

    /// Replaces the file. A failure is ignored: the next question then asks the server.
    func write(_ candidates: [Candidate]) {
        var text = key + "\n"
        for candidate in candidates { text += "\(candidate.text)\t\(candidate.description)\n" }
        guard text.utf8.count <= Self.maxSize else { return }
        let temporary = "\(path).\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        let count = text.withUTF8 { bytes in
            retryingInterrupts { Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
        }
        close(descriptor)
        if count != text.utf8.count || rename(temporary, path) != 0 { unlink(temporary) }
    }
}
