import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema

/// Where journals lie: `HYPERO_JOURNAL`, else `hypero/journal` under `XDG_STATE_HOME`, else `hypero-<uid>/journal` in
/// the folder for temporary files. Each client has a ``JournalFolder`` of its own in there, named after its producer.
package struct JournalRoot: Sendable {
    /// Absolute: a training that changes its working directory goes on with the same journals.
    let path: String

    /// Makes the folder, for its owner alone.
    init(environment: (String) -> String?) throws(SystemError) {
        let place = Place(environment: environment)
        switch place {
        case .chosen(let root), .state(let root): try Self.makeAll(of: root)
        case .temporary(let user):
            try Self.make(user)
            try Self.requireOurs(user)
            try Self.make(place.path)
        }
        path = try Self.absolute(place.path)
    }

    /// The folder that is there.
    ///
    /// - Parameter chosen: nil for where the environment says.
    init(existing chosen: String?, environment: (String) -> String? = ProcessEnvironment.value(of:)) throws(SystemError)
    {
        let place = chosen.map { .chosen($0) } ?? Place(environment: environment)
        if case .temporary(let user) = place { try Self.requireOurs(user) }
        path = try Self.absolute(place.path)
    }

    /// The folder that the environment names, if it is there and ours.
    package static func usual(environment: (String) -> String? = ProcessEnvironment.value(of:)) -> String? {
        try? JournalRoot(existing: nil, environment: environment).path
    }

    /// The names of what lies in it; empty when it cannot be read.
    func names() -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) { names.append(entry.pointee.name) }
        return names.sorted()
    }

    private enum Place {
        case chosen(String)
        case state(String)
        /// The user's folder in one that everybody writes to.
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

    /// Makes the folder and those it lies in.
    private static func makeAll(of path: String) throws(SystemError) {
        for end in path.indices.dropFirst() where path[end] == "/" {
            // One that cannot be made may be there already, and be read-only; the last one decides.
            _ = mkdir(String(path[..<end]), 0o700)
        }
        try make(path)
    }

    private static func make(_ path: String) throws(SystemError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("mkdir", path: path) }
    }

    /// Anyone can make a folder of this name in /tmp before us.
    private static func requireOurs(_ path: String) throws(SystemError) {
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
    /// What the entry is called.
    var name: String {
        withUnsafePointer(to: d_name) { name in
            name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: d_name)) { String(cString: $0) }
        }
    }
}
