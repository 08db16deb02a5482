import ChaosLog
import Foundation
import HyperoSchema
import TestSupport

// The deletions of an operator, while ingests and trainings may be killed.
extension Nemesis {
    /// Deletes some experiments that the indexes have, of trainings that may go on to log.
    func deleteExperiments() throws {
        let keyspaces = try Keyspace.all(partitions: testbed.partitions)
        let candidates = try testbed.begunExperiments().filter {
            $0.partitions == testbed.partitions && $0.battery != ChaosBattery.wrongType
        }
        var ids: Set<ExperimentID> = []
        for _ in 0..<draw(1...4) where !candidates.isEmpty {
            let id = random.pick(candidates).id
            let exists = keyspaces.contains { testbed.server.cli("EXISTS", $0.experiment(id)) == "1" }
            if exists { ids.insert(id) }
        }
        guard !ids.isEmpty else { return }
        let ending = try delete(ids.map(\.text).sorted())
        if ending == .exited(0) {
            testbed.deletions.named.formUnion(ids)
        } else {
            testbed.deletions.possible.formUnion(ids)
        }
    }

    /// Deletes the battery ``ChaosBattery/deletable``, which trainings declare again with their next experiments.
    func deleteBattery() throws {
        let index = ChaosBattery.deletable
        let (name, battery) = (ChaosBattery.all[index].name, History.battery(index))
        let keyspaces = try Keyspace.all(partitions: testbed.partitions)
        let listed = keyspaces.flatMap { keyspace in
            testbed.server.cli("ZRANGE", keyspace.experiments(of: battery), "0", "-1").split(separator: "\n")
                .compactMap { ExperimentID(String($0)) }
        }
        let isDeclared = keyspaces.contains { testbed.server.cli("EXISTS", $0.battery(battery)) == "1" }
        guard isDeclared else { return }
        testbed.deletions.batteries.insert(index)
        let ending = try delete(["--battery", name, "--version", "\(ChaosBattery.all[index].version)"])
        // A partition of another number of partitions has no ingest, so that its command waits.
        let isConfirmed =
            ending == .exited(0)
            || eventually(within: .seconds(20)) {
                keyspaces.allSatisfy { testbed.server.cli("XLEN", $0.control) == "0" }
            }
        if isConfirmed, ending == .exited(0) { testbed.deletions.listed.formUnion(listed) }
        if !isConfirmed { testbed.deletions.unconfirmed.insert(index) }
        // An experiment that begins from now on is whole: its declaration is later than the deletion.
        for experiment in try testbed.begunExperiments() where experiment.battery == index {
            testbed.deletions.possible.insert(experiment.id)
        }
    }

    /// Runs `hypero-ingest delete`. An ingest or a training may be killed meanwhile.
    private func delete(_ arguments: [String]) throws -> ChildProcess.Ending {
        let command = try ChildProcess(
            "hypero-ingest",
            ["delete"] + arguments + [
                "--yes", "--redis", testbed.server.url, "--partitions", "\(testbed.partitions)", "--timeout", "10",
            ])
        try wait(milliseconds: 0...1_000)
        guard let ending = command.wait(within: .seconds(60)) else {
            throw TestFailure("hypero-ingest delete did not end within 60 s: \(command.stderr)")
        }
        let output = command.stderr
        let isExpected = ["timed out", "not found"].contains { output.contains($0) }
        guard ending == .exited(0) || ending == .exited(1) && isExpected else {
            throw TestFailure("hypero-ingest delete ended with \(ending): \(output)")
        }
        return ending
    }
}

/// An experiment that a training has begun, according to its side file.
struct BegunExperiment {
    let id: ExperimentID
    /// The index of its battery in ``ChaosBattery/all``.
    let battery: Int
    /// The number of partitions of its deployment.
    let partitions: Int
}

extension Testbed {
    /// Returns the experiments in the side files, at the time of this call.
    func begunExperiments() throws -> [BegunExperiment] {
        var found: [BegunExperiment] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: sides) {
            let text = String(
                decoding: FileManager.default.contents(atPath: "\(sides)/\(name)") ?? Data(), as: UTF8.self)
            var (partitions, battery) = (1, 0)
            for (_, line) in SideFile.read(text) ?? [] {
                switch line {
                case .client(_, _, _, let count, _): partitions = count
                case .begin(let index, _): battery = index
                case .began(let text):
                    guard let id = ExperimentID(text) else { continue }
                    found.append(BegunExperiment(id: id, battery: battery, partitions: partitions))
                default: continue
                }
            }
        }
        return found
    }
}
