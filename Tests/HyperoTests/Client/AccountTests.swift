import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

/// The accounts of trainings, whole and without one of their rights.
@Suite struct AccountTests {
    private let server: RedisServer

    init() throws {
        server = try RedisServer(appendOnly: false)
    }

    /// Starts a client with an account of some rules, which declares a battery and logs.
    private func client(
        _ fixture: ClientFixture, rules: [String], partitions: Int = 1, seed: UInt64 = 7
    ) throws -> Client {
        let words = ["ACL", "SETUSER", "node", "reset", "on", ">geheim", "resetchannels"]
        #expect(server.cli(words + rules) == "OK")
        let client = try fixture.client("unix://node:geheim@\(server.socket)", seed: seed) {
            $0.namespace = "lab_2.x-Y"
            $0.partitions = partitions
        }
        Hypero(client).battery("b").experiment().log(epoch: 1, valid: 1)
        return client
    }

    @Test(arguments: [AccountRole.logger, .training])
    func `Without a right of its role that it needs, a client names the account's line, and else it sends every event`(
        role: AccountRole
    ) throws {
        let rules = try AccountRules(role, namespace: "lab_2.x-Y")
        for rule in ["none"] + rules.rules {
            let fixture = try ClientFixture()
            let client = try client(fixture, rules: rules.rules.filter { $0 != rule })
            let isNeeded = rules.rights(of: rule).contains { $0.need == .required }
            if isNeeded {
                let notice = "NOPERM"
                #expect(eventually(within: .seconds(60)) { fixture.recorder.count(containing: notice) == 1 }, "\(rule)")
                let advice = "Give the account the rights of hypero-ingest acl --role training"
                #expect(fixture.recorder.notices.contains { $0.contains(notice) && $0.hasSuffix(advice) }, "\(rule)")
            } else {
                #expect(client.flush(until: .sent, deadline: .now + .seconds(60)), "\(rule)")
                let lacksTransactions = ["+multi", "+exec"].contains(rule)
                #expect(
                    fixture.recorder.count(containing: "does not permit transactions") == (lacksTransactions ? 1 : 0))
            }
            _ = client.flush(until: .applied, deadline: .now)
            let isConfirmed = role == .training && !["+hget", "%R~{lab_2.x-Y}:producer:*"].contains(rule)
            if !isNeeded {
                #expect(
                    fixture.recorder.count(containing: "cannot tell whether events are applied")
                        == (isConfirmed ? 0 : 1),
                    "\(rule): \(fixture.recorder.notices)")
            }
            #expect(fixture.recorder.count(containing: "geheim") == 0)
            _ = client.close(timeout: .milliseconds(20))
        }
    }

    @Test func `The account of trainings works in every partition`() throws {
        let rules = try AccountRules(.training, namespace: "lab_2.x-Y", partitions: 16).rules
        for seed in 0..<12 {
            let fixture = try ClientFixture()
            let client = try client(fixture, rules: rules, partitions: 16, seed: UInt64(seed))
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)), "\(fixture.recorder.notices)")
            _ = client.close(timeout: .milliseconds(20))
        }
        #expect(server.cli("ACL", "LOG") == "")
    }
}
