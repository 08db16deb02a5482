import Glibc
import HyperoQuery

/// A file that is written whole or not at all.
enum WholeFile {
    /// A file that could not be written.
    struct WriteError: Error {
        let description: String
    }

    /// Writes a text to a file, or to standard output for `-`.
    ///
    /// The text is written to a temporary file in the same folder, which then replaces the file. A reader sees the former file
    /// or the new one. A device or a pipe is written directly, because a file must not replace it.
    static func write(_ text: String, to path: String) throws {
        guard path != "-" else {
            try StandardOutput.write(text)
            return
        }
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(to: path) }
            try write(text, to: descriptor, path: path)
            return
        }
        // A link stays, and the file that it names is replaced.
        let target = realpath(path, nil).map { resolved in
            defer { free(resolved) }
            return String(cString: resolved)
        }
        try replace(target ?? path, with: text)
    }

    private static func replace(_ path: String, with text: String) throws {
        var template = Array("\(path).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw failure(to: path) }
        do {
            // The mode that a new file has. mkstemp gives the file to its owner only.
            let mask = umask(0)
            umask(mask)
            _ = fchmod(descriptor, 0o666 & ~mask)
            try write(text, to: descriptor, path: path)
            guard rename(template, path) == 0 else { throw failure(to: path) }
        } catch {
            unlink(template)
            throw error
        }
    }

    /// Writes the text, flushes it to the disk if the file is on one, and closes the descriptor.
    private static func write(_ text: String, to descriptor: Int32, path: String) throws {
        var error = writeAll(text, to: descriptor)
        if error == 0, fsync(descriptor) != 0, errno != EINVAL, errno != EROFS { error = errno }
        if close(descriptor) != 0, error == 0, errno != EINTR { error = errno }
        guard error == 0 else { throw failure(to: path, error: error) }
    }

    private static func failure(to path: String, error: Int32 = errno) -> WriteError {
        WriteError(description: "cannot write to \(path): \(String(cString: strerror(error)))")
    }
}
