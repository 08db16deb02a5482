import Foundation
import Glibc
import HyperoSchema
import Testing

/// The table of the accounts' rights.
@Suite struct AccountRulesTests {
    @Test(arguments: [2, 3, 9, 10, 11, 16, 99, 100, 101, 110, 999, 1_000, 4_096, 16_383, 16_384])
    func `The patterns of partitions match the tags of all partitions and of no others`(partitions: Int) throws {
        let patterns = try Keyspace.patterns(namespace: "lab_2.x-Y", partitions: partitions).map(\.tag)
        func isMatched(_ tag: String) -> Bool { patterns.contains { fnmatch($0, tag, 0) == 0 } }
        for number in 0..<min(partitions + 1_000, 20_000) {
            #expect(isMatched("{lab_2.x-Y:\(number)}") == (number < partitions), "\(number)")
        }
        for text in ["", "-1", "01", "1 ", "x", "0}:battery:b:rank:{lab_2.x-Y:0"] {
            #expect(!isMatched("{lab_2.x-Y:\(text)}"), "\(text)")
        }
    }

    @Test func `No character of a namespace has a meaning in a pattern`() throws {
        // The characters of glob patterns in Redis.
        for character in "*?[]^\\" {
            #expect(throws: SchemaError.self) { try Keyspace.all(namespace: "a\(character)b") }
        }
        let rules = try AccountRules(.logger, namespace: "A.z_0-9", partitions: 1)
        #expect(rules.keyRules == ["%W~{A.z_0-9}:events"])
    }

    @Test(arguments: AccountRole.allCases)
    func `Each right of a role is listed once, with the consequence of its absence`(role: AccountRole) throws {
        let pairs = role.rights.flatMap { right in
            right.keys.isEmpty ? ["\(right.command)"] : right.keys.map { "\(right.command) \($0) \(right.access)" }
        }
        #expect(Set(pairs).count == pairs.count, "\(pairs)")
        for right in role.rights {
            #expect(!right.without.isEmpty && right.without.last != ".", "\(right.command)")
            #expect(right.command == right.command.lowercased())
            // A category may contain commands that no program uses, and new ones with each version of Redis.
            #expect(role == .admin || !right.command.hasPrefix("@") && right.command != "acl", "\(right.command)")
        }
    }

    @Test func `A role that logs writes to the events only, and one that queries writes to nothing`() throws {
        for (role, keys) in [(AccountRole.logger, [AccountKeys.events]), (.training, [.events]), (.query, [])] {
            let written = role.rights.filter { $0.access != .read }.flatMap(\.keys)
            #expect(written == keys, "\(role)")
        }
    }

    @Test func `A line replaces all earlier rights, and is refused without a password`() throws {
        let rules = try AccountRules(.logger, namespace: "lab", partitions: 12, database: 3)
        #expect(
            rules.line(user: "node")
                == "ACL SETUSER node reset on #SHA256-OF-THE-PASSWORD resetchannels %W~{lab:[0-9]}:events %W~{lab:1[0-1]}:events "
                + "+xadd +multi +exec +discard +client|setname +cluster|slots +cluster|myid +role +select")
        let old = try AccountRules(.logger, isForRedis6: true)
        #expect(
            old.line(user: "node", password: "#00", for: .file)
                == "user node reset on #00 resetchannels ~{hypero}:events +xadd +multi +exec +discard +client|setname "
                + "+cluster|slots +cluster|myid +role")
    }

    private static func article(_ name: String) throws -> String {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Sources/Hypero/Hypero.docc/\(name).md").standardized
        return try String(contentsOf: file, encoding: .utf8)
    }

    @Test func `The article Accounts has the line of every role`() throws {
        let lines = try Self.article("Accounts").split(separator: "\n").filter {
            $0.contains("ACL SETUSER") && $0.contains(" on ")
        }
        let expected = try AccountRole.allCases.map { "    " + (try AccountRules($0).line(user: $0.rawValue)) }
        #expect(lines.map(String.init) == expected, "copy the output of hypero-ingest acl")
        let roles = try Self.article("Accounts").split(separator: "\n").filter { $0.hasPrefix("| `") }
        for role in AccountRole.allCases {
            #expect(roles.contains { $0.hasPrefix("| `\(role.rawValue)` |") })
        }
    }

    @Test func `The account of the article LogFromAnywhere has rights of a logger only`() throws {
        let line = try #require(
            Self.article("LogFromAnywhere").split(separator: "\n").first { $0.hasPrefix("    ACL SETUSER logger ") })
        let rules = try AccountRules(.logger).rules
        let words = line.split(separator: " ").dropFirst(3).map(String.init)
        #expect(words.contains("+xadd"))
        for word in words where !["on", ">secret", "resetkeys", "-@all"].contains(word) {
            #expect(rules.contains(word), "\(word)")
        }
    }
}
