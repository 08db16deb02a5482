import Glibc
import HyperoRedis

/// Where journals lie: `HYPERO_JOURNAL`, else `hypero/journal` under `XDG_STATE_HOME`, else `hypero-<uid>/journal` in
/// the folder for temporary files. Each client has a folder of its own in there, named after its producer.
struct JournalFolder {
    let path: String

    /// Makes the folder of a producer, for its owner alone.
    init(for producer: String, environment: (String) -> String? = RedisURL.environment) throws(SystemError) {
        let root: String
        if let chosen = environment("HYPERO_JOURNAL") {
            root = chosen
            try Self.makeAll(of: root)
        } else if let state = environment("XDG_STATE_HOME") {
            root = state + "/hypero/journal"
            try Self.makeAll(of: root)
        } else {
            let user = (environment("TMPDIR") ?? "/tmp") + "/hypero-\(getuid())"
            root = user + "/journal"
            try Self.make(user)
            // Anyone can make a folder of this name in /tmp before us.
            try Self.requireOurs(user)
            try Self.make(root)
        }
        let chosen = root + "/" + producer
        guard mkdir(chosen, 0o700) == 0 else { throw SystemError("mkdir", chosen) }
        // Absolute: a training that changes its working directory goes on with the same journal.
        guard let absolute = realpath(chosen, nil) else { throw SystemError("realpath", chosen) }
        defer { free(absolute) }
        path = String(cString: absolute)
    }

    func segment(_ ordinal: Int) -> String {
        path + "/\(ordinal).segment"
    }

    /// Removes the folder when it is empty.
    func remove() {
        rmdir(path)
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
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("mkdir", path) }
    }

    private static func requireOurs(_ path: String) throws(SystemError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw SystemError("lstat", path) }
        guard status.st_uid == getuid(), status.st_mode & S_IFMT == S_IFDIR, status.st_mode & 0o022 == 0 else {
            throw SystemError("lstat", path, EPERM)
        }
    }
}
