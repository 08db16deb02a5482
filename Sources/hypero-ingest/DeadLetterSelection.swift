import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoIngest
import HyperoSchema

/// The dead letters that a command sends or removes.
struct DeadLetterSelection: ParsableArguments {
    @Argument(help: ArgumentHelp("The ids of dead letters.", valueName: "id"))
    var ids: [String] = []

    @Flag(help: "Select all dead letters.")
    var all = false

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Select only dead letters of this partition, counted from 0.", valueName: "i"))
    var partition: Int?

    /// Checks the arguments as far as possible without Redis.
    func validate(with deployment: DeploymentOptions) throws {
        guard !all || ids.isEmpty else {
            throw ValidationError("ids and --all must not be combined. Give one of them.")
        }
        do {
            _ = try Requeue(try deployment.settings(), partition: partition)
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Calls a function with the dead letters' streams and the selection. Prints the error of Redis, if there is one, and ends the
    /// command.
    func with<Result>(
        _ deployment: DeploymentOptions, _ body: (Requeue, Requeue.Selection) throws -> Result
    ) throws -> Result {
        guard all || !ids.isEmpty else {
            throw MissingArgument("no dead letters selected. Give --all, or ids as listed by hypero-query dead")
        }
        deployment.server.warn(as: .ingest)
        signal(SIGPIPE, SIG_IGN)
        let requeue = try Requeue(try deployment.settings(), partition: partition)
        do {
            return try body(requeue, all ? .all : .ids(ids))
        } catch let error as RequeueError {
            printError(error.message)
            throw ExitCode.failure
        }
    }

    /// Prints the number of dead letters that were sent or removed on standard output.
    ///
    /// - Returns: whether the result could be written; if not, the reason is printed on standard error.
    static func printResult(_ count: Int, _ participle: String) -> Bool {
        let line = "\(counted(count)) \(participle)"
        let code = StandardStream.output.write("\(line)\n")
        if code != 0 {
            printError(
                "\(line), but the result cannot be written to standard output: \(String(cString: strerror(code)))")
        }
        return code == 0
    }

    static func counted(_ number: Int) -> String {
        number == 1 ? "1 dead letter" : "\(number) dead letters"
    }
}
