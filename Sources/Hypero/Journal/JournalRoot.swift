import Glibc
import HyperoCore

/// The folder that contains the journals of a user on this host.
///
/// It is `HYPERO_JOURNAL`, else `hypero/journal` under `XDG_STATE_HOME`, else `hypero-<uid>/journal` in the folder for
/// temporary files. Each client has a ``JournalFolder`` in it, named after its producer.
///
/// Several users may share the folder, for example with the mode 1777: only the folders of the journals must belong to this
/// user. It is opened at each look. A descriptor is not kept, because a process that becomes a daemon may close all
/// descriptors.
package struct JournalRoot: Sendable {
    /// An absolute path without symbolic links, so that a process that changes its working directory keeps its journal.
    package let path: String
    /// The folder at the path when the object was created.
    private let identity: FileStatus.Identity
    /// true for the default in the folder for temporary files, where any user can create a folder of this name.
    private let mustBePrivate: Bool

    /// Creates the folder, accessible to its user only.
    init(environment: (String) -> String?) throws(JournalFileError) {
        let location = Location(environment: environment)
        switch location {
        case .chosen(let root), .state(let root): try Self.makeWithParents(root)
        case .temporary(let user):
            try Self.make(user)
            try Self.requirePrivacy(of: user)
            try Self.make(location.path)
        }
        try self.init(location)
    }

    /// Finds an existing folder.
    ///
    /// - Parameter chosen: The path; nil for the location that the environment gives.
    package init(
        existing chosen: String?, environment: (String) -> String? = ProcessEnvironment.value(of:)
    ) throws(JournalFileError) {
        try self.init(chosen.map { .chosen($0) } ?? Location(environment: environment))
    }

    private init(_ location: Location) throws(JournalFileError) {
        if case .temporary(let user) = location {
            try Self.requirePrivacy(of: user)
            mustBePrivate = true
        } else {
            mustBePrivate = false
        }
        path = try Self.absolute(location.path)
        let folder = try OpenFolder(path)
        identity = try FileStatus(of: folder.descriptor, path: path).identity
        _ = try open()
    }

    /// Opens the folder.
    ///
    /// - Throws: ``JournalFileError`` if the path names another folder than at first. After a removal, for example by a
    ///   cleaner of temporary files, any user can create a folder of this name.
    func open() throws(JournalFileError) -> OpenFolder {
        guard FileStatus(of: path)?.identity == identity else { throw .replaced(path: path) }
        let folder = try OpenFolder(path)
        let status = try FileStatus(of: folder.descriptor, path: path)
        guard status.identity == identity else { throw .replaced(path: path) }
        if mustBePrivate, let violation = status.violation(expecting: .folder) {
            throw .notPrivate(path: path, violation)
        }
        return folder
    }

    private enum Location {
        /// The user's choice.
        case chosen(String)
        /// In the user's folder for state that outlives a reboot.
        case state(String)
        /// In a folder of this user, inside a folder that every user can write to. The value is the user's folder.
        case temporary(String)

        init(environment: (String) -> String?) {
            if let chosen = environment("HYPERO_JOURNAL") {
                self = .chosen(chosen)
            } else if let state = environment("XDG_STATE_HOME") {
                self = .state(state + "/hypero/journal")
            } else {
                self = .temporary((environment("TMPDIR") ?? "/tmp") + "/hypero-\(getuid())")
            }
        }

        var path: String {
            switch self {
            case .chosen(let root), .state(let root): root
            case .temporary(let user): user + "/journal"
            }
        }
    }

    /// Creates a folder and its missing parents.
    private static func makeWithParents(_ path: String) throws(JournalFileError) {
        for end in path.indices.dropFirst() where path[end] == "/" {
            // A failure is no error yet, because the parent may exist and be read-only. The last folder decides.
            _ = mkdir(String(path[..<end]), 0o700)
        }
        try make(path)
    }

    private static func make(_ path: String) throws(JournalFileError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .system(SystemError("mkdir", path: path)) }
    }

    /// Throws unless the path is a folder of this user that no other user can write to. Any user can create a folder of
    /// this name in `/tmp` first.
    private static func requirePrivacy(of path: String) throws(JournalFileError) {
        guard let status = FileStatus(of: path) else { throw .system(SystemError("lstat", path: path)) }
        if let violation = status.violation(expecting: .folder) { throw .notPrivate(path: path, violation) }
    }

    private static func absolute(_ path: String) throws(JournalFileError) -> String {
        guard let absolute = realpath(path, nil) else { throw .system(SystemError("realpath", path: path)) }
        defer { free(absolute) }
        return String(cString: absolute)
    }
}
