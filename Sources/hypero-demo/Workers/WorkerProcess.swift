import Glibc
import HyperoCore

/// A worker as a child process of the pool, with the pipe for the worker's messages.
final class WorkerProcess {
    let index: Int
    /// The read end of the pipe, to poll for messages.
    let descriptor: Int32
    private let pid: pid_t
    private var unparsed: [UInt8] = []
    /// False after the worker has closed the write end of the pipe, which it does by exiting.
    private(set) var isOpen = true
    /// The number of experiments that the worker has reported as ended.
    private(set) var endedCount = 0

    /// Starts this program again, as the worker with the given index.
    init(index: Int, training: TrainingOptions, redis: RedisOptions) throws(SystemError) {
        self.index = index
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError("pipe") }
        defer { close(ends[1]) }
        descriptor = ends[0]
        do throws(SystemError) {
            // Close-on-exec: workers that start later must not hold this pipe open.
            for end in ends {
                guard fcntl(end, F_SETFD, FD_CLOEXEC) == 0 else { throw SystemError("fcntl") }
            }
            pid = try Self.spawn(
                arguments: training.arguments + redis.arguments + ["--worker-index=\(index)"],
                environment: redis.environment, output: ends[1])
        } catch {
            close(ends[0])
            throw error
        }
    }

    deinit { close(descriptor) }

    /// Reads the available bytes, and returns the messages that are complete. Waits if no byte is available.
    func read() -> [WorkerMessage] {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        if count < 0 && errno == EINTR { return [] }
        guard count > 0 else {
            isOpen = false
            return []
        }
        unparsed += chunk[..<count]
        var lines = unparsed.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        unparsed = Array(lines.removeLast())
        let messages = lines.compactMap { WorkerMessage(line: String(decoding: $0, as: UTF8.self)) }
        for case .end in messages { endedCount += 1 }
        return messages
    }

    /// Sends a signal. Must not be called after `wait`, which frees the process id.
    func send(_ signal: Int32) {
        kill(pid, signal)
    }

    /// Waits for the process to terminate.
    func wait() -> WorkerTermination {
        var status: Int32 = 0
        retryingInterrupts { waitpid(pid, &status, 0) }
        return WorkerTermination(waitStatus: status)
    }

    /// Starts this program in a process group of its own, so that Ctrl-C in a terminal reaches only the pool.
    ///
    /// - Parameters:
    ///   - environment: variables to set in this process, whose environment the worker inherits.
    ///   - output: the descriptor that becomes standard output. Standard input is `/dev/null`.
    private static func spawn(
        arguments: [String], environment: [String: String], output: Int32
    ) throws(SystemError) -> pid_t {
        // Not argv[0], which may be a bare name that was found in PATH.
        let program = try executablePath()

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        // A worker must not hold open what the parent of this process has passed on, such as a lock or a pipe.
        for descriptor in inheritedDescriptors() { posix_spawn_file_actions_addclose(&actions, descriptor) }

        for (name, value) in environment { setenv(name, value, 1) }
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, &attributes, &argv, environ)
        guard code == 0 else { throw SystemError("posix_spawn", path: program, code: code) }
        return pid
    }

    /// Returns the open descriptors above the standard streams. (Swift's Glibc module lacks `close_range` and
    /// `posix_spawn_file_actions_addclosefrom_np`, which are GNU extensions.)
    private static func inheritedDescriptors() -> [Int32] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var descriptors: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            // The close of a descriptor that is closed already, such as that of the folder, is no error.
            if let descriptor = Int32(name), descriptor > STDERR_FILENO { descriptors.append(descriptor) }
        }
        return descriptors
    }

    private static func executablePath() throws(SystemError) -> String {
        let link = "/proc/self/exe"
        var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = path.withUnsafeMutableBytes { readlink(link, $0.baseAddress!, $0.count) }
        guard count >= 0 else { throw SystemError("readlink", path: link) }
        return String(decoding: path.prefix(count), as: UTF8.self)
    }
}
