import Glibc
import HyperoCore

/// The folder that contains the journals of a user on this host.
///
/// It is `HYPERO_JOURNAL`, else `hypero/journal` under `XDG_STATE_HOME`, else `hypero-<uid>/journal` in the folder for
/// temporary files. Each client has a ``JournalFolder`` in it, named after its producer.
package struct JournalRoot: Sendable {
    /// An absolute path, so that a process that changes its working directory keeps its journal.
    let path: String

    /// Creates the folder, accessible to its user only.
    init(environment: (String) -> String?) throws(SystemError) {
        let location = Location(environment: environment)
        switch location {
        case .chosen(let root), .state(let root): try Self.makeWithParents(root)
        case .temporary(let user):
            try Self.make(user)
            try Self.requireOwnership(of: user)
            try Self.make(location.path)
        }
        path = try Self.absolute(location.path)
    }

    /// Finds an existing folder.
    ///
    /// - Parameter chosen: The path; nil for the location that the environment gives.
    init(existing chosen: String?, environment: (String) -> String? = ProcessEnvironment.value(of:)) throws(SystemError)
    {
        let location = chosen.map { .chosen($0) } ?? Location(environment: environment)
        if case .temporary(let user) = location { try Self.requireOwnership(of: user) }
        path = try Self.absolute(location.path)
    }

    /// Returns the path that the environment gives; nil if no folder of this user exists there.
    package static func defaultPath(
        environment: (String) -> String? = ProcessEnvironment.value(of:)
    ) -> String? {
        try? JournalRoot(existing: nil, environment: environment).path
    }

    /// Returns the names of the entries in ascending order; none if the folder cannot be read.
    func entryNames() -> [String] {
        Self.entryNames(in: path).sorted()
    }

    /// Returns the names of the entries of any folder; none if it cannot be read.
    static func entryNames(in path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) { names.append(entry.pointee.name) }
        return names
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
    private static func makeWithParents(_ path: String) throws(SystemError) {
        for end in path.indices.dropFirst() where path[end] == "/" {
            // A failure is no error yet, because the parent may exist and be read-only. The last folder decides.
            _ = mkdir(String(path[..<end]), 0o700)
        }
        try make(path)
    }

    private static func make(_ path: String) throws(SystemError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("mkdir", path: path) }
    }

    /// Throws unless the path is a folder of this user that no other user can write to. Any user can create a folder of
    /// this name in `/tmp` first.
    private static func requireOwnership(of path: String) throws(SystemError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw SystemError("lstat", path: path) }
        guard status.st_uid == getuid(), status.st_mode & S_IFMT == S_IFDIR, status.st_mode & 0o022 == 0 else {
            throw SystemError("lstat", path: path, code: EPERM)
        }
    }

    private static func absolute(_ path: String) throws(SystemError) -> String {
        guard let absolute = realpath(path, nil) else { throw SystemError("realpath", path: path) }
        defer { free(absolute) }
        return String(cString: absolute)
    }
}

extension dirent {
    fileprivate var name: String {
        withUnsafePointer(to: d_name) { name in
            name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: d_name)) { String(cString: $0) }
        }
    }
}
