import HyperoSchema

extension VanishedSubject {
    /// Finds the subjects of changes.
    ///
    /// - Parameter changes: the indices of the changes in the result of the batch.
    static func subjects(
        ofChanges changes: [Int], in batch: FoldedBatch, keyspace: Keyspace
    ) -> [VanishedSubject] {
        let keys = Set(changes.map { batch.result.changes[$0].key })
        let decoded = batch.batch
        let batteries = decoded.batteriesOfExperiments
        return decoded.experiments.enumerated().compactMap { index, id in
            guard keys.contains(keyspace.experiment(id)) else { return nil }
            return .experiment(id, decoded.batteries[batteries[index]])
        }
            + decoded.batteries.enumerated().compactMap { index, id in
                guard keys.contains(keyspace.battery(id)) else { return nil }
                return .battery(
                    id, redeclaration: redeclaration(ofBattery: index, in: decoded, keyspace: keyspace),
                    experiments: decoded.experiments.indices.filter { batteries[$0] == index }
                        .map { decoded.experiments[$0] })
            }
    }

    /// Returns the changes that declare a battery as new; empty if the batch does not declare it.
    private static func redeclaration(
        ofBattery battery: Int, in batch: DecodedBatch, keyspace: Keyspace
    ) -> [IndexChange] {
        var fold = BatteryFold(BatteryState())
        for item in batch.items where item.subjects.battery == battery {
            guard case .event(let index) = item.content, case .battery(let declaration) = batch.events[index].body
            else {
                continue
            }
            fold.touch(at: item.time)
            fold.declare(declaration, at: item.time)
        }
        return fold.objective == nil ? [] : fold.changes(of: batch.batteries[battery], in: keyspace)
    }
}
