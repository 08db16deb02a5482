import ChaosLog
import Glibc
import Hypero
import HyperoSchema

// The children of a trainer. A child never returns to its parent's code.
extension Trainer {
    /// Forks the children that share the experiment that has just begun.
    func forkDuringExperiment(_ forks: Forks) {
        switch forks {
        case .none, .own: break
        case .daemon: continueAsDaemon()
        case .outliving:
            // The events of the parent before the fork may be sent before or after those of the child.
            // Few, because each child has a journal of 16 MiB for at least ten seconds.
            for _ in 0..<draw(0...1) where children.count < 4 { forkSharer(leavesGroup: true) }
        case .pool:
            guard draw(0...2) == 0 else { return }
            for _ in 0..<draw(1...4) { forkSharer(leavesGroup: false) }
        }
    }

    /// Forks a child with a client of its own, or one that does not log and must not change its parent's journal.
    func forkAfterExperiment(_ forks: Forks) {
        guard forks == .own, draw(0...1) == 0 else { return }
        let (logs, seed) = (draw(0...1) == 0, drawSeed())
        let pid = fork()
        guard pid == 0 else { return children.add(pid) }
        children.forget()
        let configuration = Client.Configuration(url: options.redis, partitions: options.partitions, seed: seed)
        guard logs, let ownClient = try? Client(configuration) else { _exit(0) }
        var options = options
        options.events = 200
        options.rate = 2_000
        options.resume = nil
        let trainer = Trainer(
            ownClient, number: 1, isShared: false, options: options, forks: .none, random: SplitMix64(seed: seed))
        trainer.run()
        trainer.close(within: .seconds(5))
        _exit(0)
    }

    /// Forks a child that logs to the current experiment.
    ///
    /// - Parameter leavesGroup: true if the child may outlive the parent, because it leaves the process group. The end of a
    ///   group's leader kills the others.
    private func forkSharer(leavesGroup: Bool) {
        let (parent, awaitsEnd, delay) = (getpid(), draw(0...1) == 0, UInt32(draw(0...400)))
        let (share, seed, events) = (nextShare(), drawSeed(), draw(50...400))
        let pid = fork()
        guard pid == 0 else { return children.add(pid) }
        children.forget()
        if leavesGroup {
            setpgid(0, 0)
            usleep(delay * 1_000)
            // Often the first call follows the parent's end, which closes or keeps the parent's journal.
            for _ in 0..<500 where awaitsEnd && getppid() == parent { usleep(10_000) }
        }
        Trainer(inheriting: self, share: share, events: events, seed: seed).endInherited(ends: false)
    }

    /// Forks a child that goes on with the experiment, and exits.
    private func continueAsDaemon() {
        let (share, seed, events) = (nextShare(), drawSeed(), max(remainingEvents / 2, 50))
        // The parent often exits before its sender has sent the declaration of the battery.
        let delay = draw(0...3) * 20
        guard fork() == 0 else {
            usleep(UInt32(delay * 1_000))
            write(.over)
            _exit(0)
        }
        setsid()
        Trainer(inheriting: self, share: share, events: events, seed: seed).endInherited(ends: true)
    }

    private func endInherited(ends: Bool) -> Never {
        let closes = draw(0...3) > 0
        runInherited(ends: ends)
        if closes { close(within: .seconds(5)) }
        _exit(0)
    }
}
