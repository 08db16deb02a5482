import Foundation
import HyperoSchema
import TestSupport

// The faults of several servers. Each begins when all of them are well: the simultaneous loss of all copies of a key is not judged.
extension Nemesis {
    func perform(_ fault: Fault, in group: ServerGroup) throws {
        try group.waitUntilWell()
        switch fault {
        case .killPrimary:
            let primary = random.pick(group.primaries)
            primary.kill()
            try wait(milliseconds: 0...12_000)
            try primary.restart()
        case .suspendPrimary:
            let primary = random.pick(group.primaries)
            primary.suspend()
            try wait(milliseconds: 500...8_000)
            primary.resume()
        case .promote:
            group.promote(using: &random)
            try wait(milliseconds: 500...3_000)
        case .killSeed:
            // In a cluster, the node that the URL names; with sentinels, the first of them.
            let seed = group.servers[0]
            if group.kind == .cluster { seed.kill() } else { group.sentinels[0].suspend() }
            try wait(milliseconds: 500...12_000)
            if group.kind == .cluster { try seed.restart() } else { group.sentinels[0].resume() }
        case .migrateSlot:
            let keyspace = random.pick(try Keyspace.all(partitions: testbed.partitions))
            try group.migrate(keyspace, using: &random)
            try wait(milliseconds: 0...1_000)
        default: throw TestFailure("\(fault.rawValue) is no fault of several servers")
        }
    }
}
