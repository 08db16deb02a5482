import Foundation
import Glibc
import Synchronization

/// A program that runs beside the test: one of this package's executables, or any other in `PATH`.
///
///     let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url])
///     …
///     ingest.terminate()
///     #expect(ingest.wait() == .exited(0))
///
/// Standard input is `/dev/null`. Output goes to files and not through pipes: nothing has to be read for the program to
/// go on, and what it has said so far can be looked at while it runs. When the object goes, the program is killed. What it
/// has started and not given a session of its own is killed with it, or when its end is noticed.
package final class ChildProcess: Sendable {
    /// How a program ended.
    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        case signalled(Int32)
    }

    /// All that a program left behind.
    package struct Outcome: Sendable {
        package let ending: Ending
        package let stdout: String
        package let stderr: String

        /// Whether it exited with 0.
        package var succeeded: Bool { ending == .exited(0) }
    }

    /// Where the executables of the package lie: beside the test bundle, which on Linux is the program that runs.
    package static let productsDirectory = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path

    /// The process id. It leads a group of its own, so `-pid` names it with its children.
    package let pid: Int32

    private let name: String
    private let folder: TemporaryFolder
    /// Nil while it runs or is not reaped yet. Signals are sent under the lock, so never to a stranger with the same id.
    private let ending = Mutex<Ending?>(nil)

    /// Starts a program.
    ///
    /// The environment is the test's without what would change the answers (`HYPERO_…`, `REDISCLI_AUTH`, `NO_COLOR`,
    /// `COLUMNS`), and with a state folder for this program alone. To have two programs share a journal, say
    /// `HYPERO_JOURNAL`.
    ///
    /// - Parameters:
    ///   - executable: the name of a product of this package, else of a program in `PATH`, or a path.
    ///   - arguments: what follows the name.
    ///   - environment: added to the environment; wins over what is there.
    package init(_ executable: String, _ arguments: [String] = [], environment: [String: String] = [:]) throws {
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
            error: folder.file("stderr"))
        name = executable
        self.folder = folder
        ProcessReaper.watch(pid)
    }

    deinit {
        signal(SIGKILL, group: true)
        while reap(options: 0) == nil {}
    }

    /// Runs a program to its end.
    ///
    /// - Parameters:
    ///   - executable: as in ``init(_:_:environment:)``.
    ///   - arguments: what follows the name.
    ///   - environment: added to the environment.
    ///   - limit: how long it may take; then it is killed, and what it said is in the error.
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

    /// What it has written to standard output so far.
    package var stdout: String { contents(of: "stdout") }

    /// What it has written to standard error so far.
    package var stderr: String { contents(of: "stderr") }

    /// Whether it has not ended yet. A suspended program runs.
    package var isRunning: Bool { reap(options: WNOHANG) == nil }

    /// Waits for the end, and returns how it came, or nil if it did not come within the limit.
    @discardableResult
    package func wait(within limit: Duration = .seconds(30)) -> Ending? {
        eventually(within: limit) { !isRunning }
        return reap(options: WNOHANG)
    }

    /// Asks it to end: SIGTERM.
    package func terminate() { signal(SIGTERM) }

    /// Interrupts it as Ctrl-C does: SIGINT.
    package func interrupt() { signal(SIGINT) }

    /// Kills it: SIGKILL. It is gone when this returns, and with it what it has started.
    package func kill() {
        signal(SIGKILL)
        while reap(options: 0) == nil {}
    }

    /// Stops it where it stands: SIGSTOP.
    package func suspend() { signal(SIGSTOP) }

    /// Lets a suspended program go on: SIGCONT.
    package func resume() { signal(SIGCONT) }

    /// Sends a signal, unless it is known to have ended.
    ///
    /// - Parameters:
    ///   - number: for example `SIGUSR1`.
    ///   - group: whether its children get the signal too.
    package func signal(_ number: Int32, group: Bool = false) {
        ending.withLock { ending in
            guard ending == nil else { return }
            Glibc.kill(group ? -pid : pid, number)
        }
    }

    /// Looks whether it has ended, or with options of 0 waits for it; nil while it runs.
    private func reap(options: Int32) -> Ending? {
        ending.withLock { ending in
            guard ending == nil else { return ending }
            // First only looked at: it has to leave the undertaker's list while its id is still taken.
            var info = siginfo_t()
            guard waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT | options) == 0 else {
                precondition(errno == EINTR, "\(self) was waited for by somebody else: waitid: errno \(errno)")
                return nil
            }
            guard info.si_signo == SIGCHLD else { return nil }
            // Now, and not when the object goes: an empty group's id is free for others once its leader is reaped.
            Glibc.kill(-pid, SIGKILL)
            ProcessReaper.forget(pid)
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
            // WIFSIGNALED, WTERMSIG and WEXITSTATUS are macros with arguments, which do not come into Swift.
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
