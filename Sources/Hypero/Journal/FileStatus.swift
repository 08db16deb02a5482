import Glibc
package import HyperoCore

/// The identity, type, owner and mode of a file or folder. They decide whether a client trusts it.
///
/// A client uses only folders and files that belong to its user and that no other user can write to. A user who can write to
/// a segment can shorten it, which raises SIGBUS in the training, or change a record after it was checked.
package struct FileStatus {
    private let status: stat

    /// Reads the status of an open file or folder.
    init(of descriptor: CInt, path: String) throws(JournalFileError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(SystemError("fstat", path: path)) }
        self.status = status
    }

    /// Reads the status of an entry of a folder, without following a symbolic link; nil if there is none.
    ///
    /// - Parameter folder: A descriptor, or AT_FDCWD for an absolute path.
    init?(of name: String, in folder: CInt = AT_FDCWD) {
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        self.status = status
    }

    package enum Kind: Sendable {
        case folder
        case file
    }

    /// A reason why a file or folder is not trusted.
    package enum Violation: Equatable, Sendable, CustomStringConvertible {
        /// A symbolic link, a pipe or another type.
        case wrongType(Kind)
        case otherUser(UInt32)
        /// The group or all users can write to it.
        case sharedMode(UInt32)
        /// A file with another name, which may be in a folder of another user.
        case linked(Int)

        package var description: String {
            switch self {
            case .wrongType(.folder): "it is not a folder"
            case .wrongType(.file): "it is not a regular file"
            case .otherUser(let user): "it belongs to the user \(user)"
            case .sharedMode(let mode): "other users can write to it, its mode is 0\(String(mode, radix: 8))"
            case .linked(let count): "it has \(count) hard links"
            }
        }
    }

    /// Returns the reason not to trust the file or folder; nil if it can be trusted.
    func violation(expecting kind: Kind, user: UInt32 = geteuid()) -> Violation? {
        let type: UInt32 =
            switch kind {
            case .folder: S_IFDIR
            case .file: S_IFREG
            }
        // First, because an entry of another user is left to that user, whatever it is.
        guard status.st_uid == user else { return .otherUser(status.st_uid) }
        guard status.st_mode & S_IFMT == type else { return .wrongType(kind) }
        guard status.st_mode & 0o022 == 0 else { return .sharedMode(status.st_mode & 0o7777) }
        guard kind == .folder || status.st_nlink == 1 else { return .linked(Int(status.st_nlink)) }
        return nil
    }

    var isFolder: Bool { status.st_mode & S_IFMT == S_IFDIR }
    var owner: UInt32 { status.st_uid }
    var size: Int { Int(status.st_size) }
    /// The bytes on the disk, without the holes.
    var allocated: Int { Int(status.st_blocks) * 512 }
    /// The last change of the content, in nanoseconds of Unix time.
    var modified: Int64 { Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec) }

    /// The number of a file on its device.
    struct Identity: Hashable, Sendable {
        /// The device as `stat(2)` numbers it.
        let device: UInt64
        let number: UInt64
    }

    var identity: Identity { Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino)) }
}

/// An error of a journal's folder or file.
package enum JournalFileError: Error, CustomStringConvertible {
    case system(SystemError)
    /// Another client holds the lock.
    case locked(path: String)
    /// Another user can change it. See ``FileStatus``.
    case notPrivate(path: String, FileStatus.Violation)
    /// The path names another folder than before.
    case replaced(path: String)
    /// A log call on this file system could raise SIGBUS. See ``FileSystem``.
    case unreliable(path: String, FileSystem)
    case tooLarge(path: String, size: Int, limit: Int)
    /// The content differs from the one that was checked.
    case changed(path: String)

    /// true if the file does not exist.
    var isMissing: Bool {
        if case .system(let error) = self { error.code == ENOENT } else { false }
    }

    package var description: String {
        switch self {
        case .system(let error): error.description
        case .locked(let path): "\(path) is locked by another client"
        case .notPrivate(let path, let violation): "\(path): \(violation)"
        case .replaced(let path): "\(path) was removed or replaced"
        case .unreliable(let path, let fileSystem):
            "\(path) is on \(fileSystem), where a write to reserved blocks may fail and would kill the process"
        case .tooLarge(let path, let size, let limit):
            "\(path) has \(size) bytes, more than the limit of \(limit)"
        case .changed(let path): "\(path) was changed while it was read"
        }
    }
}
