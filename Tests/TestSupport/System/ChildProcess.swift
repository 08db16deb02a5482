import Foundation
import Glibc
import Synchronization

/// A program that runs in parallel with the test: an executable of this package, or any program in `PATH`.
///
///     let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url])
///     …
///     ingest.terminate()
///     #expect(ingest.wait() == .exited(0))
///
/// Standard input is `/dev/null`. Standard output and standard error are files: a program never blocks on a full pipe, and
/// the test can read the output while the program runs.
///
/// Deinitialization kills the program together with its process group. The group is also killed when the test notices
/// the program's end. Only descendants that have left the group survive.
package final class ChildProcess: Sendable {
    /// The cause of a program's end.
    package enum Ending: Equatable, Sendable {
        /// The program exited with this status.
        case exited(Int32)
        /// This signal killed the program.
        case signalled(Int32)
    }

    /// The ending and the complete output of a program.
    package struct Outcome: Sendable {
        package let ending: Ending
        package let stdout: String
        package let stderr: String

        /// True if the program exited with status 0.
        package var succeeded: Bool { ending == .exited(0) }
    }

    /// The folder of the package's executables and of the test bundle, which on Linux is the running program.
    package static let productsDirectory = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path

    /// The process id. The process leads a group of its own, so `-pid` addresses the process and its children.
    package let pid: Int32

    private let name: String
    private let folder: TemporaryFolder
    /// Nil until the process is reaped. Signals are sent under this lock, so that none reaches another process that has
    /// received the same id.
    private let ending = Mutex<Ending?>(nil)

    /// Starts a program.
    ///
    /// The program inherits the test's environment without the variables that change its output (`HYPERO_…`,
    /// `REDISCLI_AUTH`, `NO_COLOR`, `COLUMNS`). `XDG_STATE_HOME` is a folder of this program alone, so every program has a
    /// journal of its own. Set `HYPERO_JOURNAL` to let two programs share a journal.
    ///
    /// - Parameters:
    ///   - executable: the name of a product of this package, the name of a program in `PATH`, or a path.
    ///   - arguments: the arguments after the name.
    ///   - environment: additional variables; they replace inherited ones of the same name.
    ///   - terminal: the path of a terminal that becomes standard input and output; nil for none.
    package init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], terminal: String? = nil
    ) throws {
        let product = "\(Self.productsDirectory)/\(executable)"
        let isProduct = !executable.contains("/") && FileManager.default.isExecutableFile(atPath: product)
        let folder = try TemporaryFolder()
        var variables = ProcessInfo.processInfo.environment.filter { variable in
            !variable.key.hasPrefix("HYPERO_") && !["REDISCLI_AUTH", "NO_COLOR", "COLUMNS"].contains(variable.key)
        }
        variables["XDG_STATE_HOME"] = folder.file("state")
        variables.merge(environment) { $1 }
        pid = try spawn(
            [isProduct ? product : executable] + arguments, environment: variables, output: folder.file("stdout"),
            error: folder.file("stderr"), terminal: terminal)
        name = executable
        self.folder = folder
        ProcessReaper.watch(pid)
    }

    deinit {
        signal(SIGKILL, group: true)
        while reap(options: 0) == nil {}
    }

    /// Runs a program and waits for its end.
    ///
    /// - Parameters:
    ///   - executable: see ``init(_:_:environment:)``.
    ///   - arguments: the arguments after the name.
    ///   - environment: additional variables.
    ///   - limit: the longest run time.
    /// - Throws: ``TestFailure`` with the output so far if the limit passes. The program is then killed.
    package static func run(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:],
        within limit: Duration = .seconds(60)
    ) throws -> Outcome {
        let child = try ChildProcess(executable, arguments, environment: environment)
        guard let ending = child.wait(within: limit) else {
            throw TestFailure(
                "\(executable) \(arguments.joined(separator: " ")) did not end within \(limit)\n"
                    + "stdout: \(child.stdout)\nstderr: \(child.stderr)")
        }
        return Outcome(ending: ending, stdout: child.stdout, stderr: child.stderr)
    }

    /// The standard output so far.
    package var stdout: String { contents(of: "stdout") }

    /// The standard error so far.
    package var stderr: String { contents(of: "stderr") }

    /// True until the program has ended. A suspended program counts as running.
    package var isRunning: Bool { reap(options: WNOHANG) == nil }

    /// Waits for the program's end.
    ///
    /// - Returns: the cause, or nil if the program still runs after the limit.
    @discardableResult
    package func wait(within limit: Duration = .seconds(30)) -> Ending? {
        eventually(within: limit) { !isRunning }
        return reap(options: WNOHANG)
    }

    /// Sends SIGTERM.
    package func terminate() { signal(SIGTERM) }

    /// Sends SIGINT, as Ctrl-C does.
    package func interrupt() { signal(SIGINT) }

    /// Sends SIGKILL, waits for the program's end, and kills its process group.
    package func kill() {
        signal(SIGKILL)
        while reap(options: 0) == nil {}
    }

    /// Sends SIGSTOP.
    package func suspend() { signal(SIGSTOP) }

    /// Sends SIGCONT, which continues a suspended program.
    package func resume() { signal(SIGCONT) }

    /// Sends a signal. Does nothing after the program's end.
    ///
    /// - Parameters:
    ///   - number: the signal, for example `SIGUSR1`.
    ///   - group: whether the whole process group receives the signal.
    package func signal(_ number: Int32, group: Bool = false) {
        ending.withLock { ending in
            guard ending == nil else { return }
            Glibc.kill(group ? -pid : pid, number)
        }
    }

    /// Reaps the process if it has ended.
    ///
    /// - Parameter options: `WNOHANG` to return immediately, 0 to wait for the end.
    /// - Returns: the cause of the end; nil if the process still runs or a signal interrupted the wait.
    private func reap(options: Int32) -> Ending? {
        ending.withLock { ending in
            guard ending == nil else { return ending }
            // WNOWAIT keeps the process id reserved until the reaper has removed the group from its list.
            var info = siginfo_t()
            guard waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT | options) == 0 else {
                precondition(errno == EINTR, "waitid for \(self): errno \(errno), another thread has reaped it")
                return nil
            }
            guard info.si_signo == SIGCHLD else { return nil }
            // Before the leader is reaped: the id of an empty group can be reused after that.
            Glibc.kill(-pid, SIGKILL)
            ProcessReaper.forget(pid)
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            // WIFSIGNALED, WTERMSIG and WEXITSTATUS: Swift does not import macros with arguments.
            ending = status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
            return ending
        }
    }

    private func contents(of stream: String) -> String {
        String(decoding: FileManager.default.contents(atPath: folder.file(stream)) ?? Data(), as: UTF8.self)
    }
}

extension ChildProcess: CustomStringConvertible {
    package var description: String { "\(name) (process \(pid))" }
}
