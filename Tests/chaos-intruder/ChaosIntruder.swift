import ArgumentParser
import Glibc

/// Another user of the node, who plants files into a journal folder that all users can write to.
///
/// Started by root, it gives up root's rights first. It plants until it is killed.
@main
struct ChaosIntruder: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "chaos-intruder")

    @Option(help: "The folder of the journals.") var journal: String
    @Option(help: "A segment that adopters accept.") var template: String
    @Option(help: "A folder of the user under attack, with the files lock, 1.segment and thesis.txt.") var victim:
        String
    @Option var seed: UInt64
    @Option(help: "The user and group to run as.") var user: UInt32 = 65_534

    func run() throws {
        guard setgroups(0, nil) == 0, setgid(user) == 0, setuid(user) == 0 else {
            throw ValidationError("cannot become the user \(user): \(String(cString: strerror(errno)))")
        }
        guard let segment = File.read(template) else { throw ValidationError("cannot read \(template)") }
        var intruder = Intruder(root: journal, victim: victim, segment: segment, seed: seed)
        while true { intruder.plant() }
    }
}
