import Glibc
import HyperoCore

/// A file that appears with its whole content, or not at all. A device or a pipe is written directly.
///
/// The content is written to a file without a name in the same folder, which then takes the place of the old file by a rename. If the
/// program is killed before, the old file stays as it was. A file system without files that have no name gets a temporary name,
/// which is removed after an error.
package struct OutputFile: ~Copyable {
    /// A failed write, for example to a full disk.
    package struct WriteError: Error {
        package let description: String

        package init(description: String) {
            self.description = description
        }
    }

    private let path: String
    private let temporary: String
    private let descriptor: Int32
    /// True if the file has its temporary name.
    private var isNamed: Bool
    private var isCommitted: Bool

    /// Creates the file without a name.
    ///
    /// - Parameter path: the path of the file, which may exist if it is a regular file, a device or a pipe. A link to a regular
    ///   file is refused, because in a folder of several users it may be that of another one.
    package init(_ path: String) throws(WriteError) {
        let opened = try Self.isDirect(path) ? Self.openDevice(path) : Self.create(path)
        self.path = path
        (temporary, descriptor, isNamed) = (opened.temporary, opened.descriptor, opened.isNamed)
        isCommitted = opened.temporary.isEmpty
    }

    private typealias Opened = (temporary: String, descriptor: Int32, isNamed: Bool)

    /// Returns whether a path is that of a device or a pipe, also through a link such as /dev/stdout.
    private static func isDirect(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
    }

    private static func openDevice(_ path: String) throws(WriteError) -> Opened {
        let descriptor = retryingInterrupts { open(path, O_WRONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw failure(errno, path: path) }
        return ("", descriptor, false)
    }

    private static func create(_ path: String) throws(WriteError) -> Opened {
        func failure(_ reason: String) -> WriteError { Self.failure(reason, path: path) }
        var status = stat()
        var mode: mode_t = 0o666
        if lstat(path, &status) == 0 {
            switch status.st_mode & S_IFMT {
            case S_IFREG:
                guard access(path, W_OK) == 0 else { throw failure(String(cString: strerror(errno))) }
                mode = status.st_mode & 0o777
            case S_IFDIR: throw failure("it is a folder. Name a file in it")
            default: throw failure("it is a symbolic link. Name the file that it points to")
            }
        } else if errno != ENOENT {
            throw failure(String(cString: strerror(errno)))
        }
        guard !path.utf8.isEmpty, path.utf8.last != UInt8(ascii: "/") else { throw failure("it names no file") }
        let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let folder = end.map { String(path[...$0]) } ?? "./"
        let name = end.map { String(path[path.utf8.index(after: $0)...]) } ?? path
        let temporary = "\(folder).\(truncatedName(name)).\(getpid()).tmp"
        var (descriptor, isNamed) = (
            retryingInterrupts { open(folder, temporaryFile | O_WRONLY | O_CLOEXEC, mode) }, false
        )
        if descriptor < 0, [EOPNOTSUPP, EISDIR, EINVAL, ENOENT].contains(errno) {
            descriptor = retryingInterrupts { open(temporary, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode) }
            isNamed = descriptor >= 0
        }
        guard descriptor >= 0 else {
            throw failure(errno == ENOENT ? "its folder does not exist" : String(cString: strerror(errno)))
        }
        // umask must not take permissions away that the old file had.
        if mode != 0o666 { fchmod(descriptor, mode) }
        return (temporary, descriptor, isNamed)
    }

    /// Appends bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(WriteError) {
        let error = writeAll(bytes, to: descriptor)
        guard error == 0 else { throw failure(error) }
    }

    /// Makes the content durable, and gives the file its name.
    package mutating func commit() throws(WriteError) {
        guard !isCommitted else { return }
        guard fsync(descriptor) == 0 else { throw failure(errno) }
        if !isNamed {
            // A file of this name is left by a killed process that had the same id.
            unlink(temporary)
            guard linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, temporary, AT_SYMLINK_FOLLOW) == 0 else {
                throw failure(errno)
            }
            isNamed = true
        }
        guard rename(temporary, path) == 0 else { throw failure(errno) }
        isCommitted = true
    }

    private func failure(_ code: Int32) -> WriteError { Self.failure(code, path: path) }

    private static func failure(_ code: Int32, path: String) -> WriteError {
        failure(String(cString: strerror(code)), path: path)
    }

    private static func failure(_ reason: String, path: String) -> WriteError {
        WriteError(description: "cannot write \(path.replacing("\n", with: "\\n")): \(reason)")
    }

    deinit {
        close(descriptor)
        if isNamed, !isCommitted { unlink(temporary) }
    }
}

extension OutputFile {
    /// Writes a text to a file.
    package static func write(_ text: String, to path: String) throws(WriteError) {
        var file = try OutputFile(path)
        let error = writeAll(text, to: file.descriptor)
        guard error == 0 else { throw failure(error, path: path) }
        try file.commit()
    }
}

/// O_TMPFILE, which Swift does not import. The part beside O_DIRECTORY is the same on x86-64 and AArch64.
private let temporaryFile = 0o20_000_000 | O_DIRECTORY

/// Returns the start of a name, so that the temporary name is not longer than a file system allows.
private func truncatedName(_ name: String) -> String {
    String(decoding: name.utf8.prefix(200), as: UTF8.self)
}
