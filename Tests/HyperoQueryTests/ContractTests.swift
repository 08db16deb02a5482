import Foundation
import HyperoQuery
import TestSupport
import Testing

/// The parts of the output that programs rely on.
@Suite struct ContractTests {
    /// A line of `rank --format json`. Decoding fails on an unknown key and on a missing one.
    private struct RankRow: Decodable {
        enum Key: String, CodingKey, CaseIterable {
            case rank, experiment, battery, name, version, value, status, epoch
            case lastSeen = "last_seen"
            case maxima, params, meta
        }

        struct AnyKey: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init?(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        enum ChannelValue: Decodable, Equatable {
            case number(Double)
            case string(String)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let number = try? container.decode(Double.self) {
                    self = .number(number)
                } else {
                    self = .string(try container.decode(String.self))
                }
            }
        }

        let rank: Int
        let value: Double
        let epoch: Int?
        let maxima: [String: ChannelValue]

        init(from decoder: any Decoder) throws {
            let keys = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
            guard Set(keys) == Set(Key.allCases.map(\.rawValue)) else { throw TestFailure("unexpected keys: \(keys)") }
            let container = try decoder.container(keyedBy: Key.self)
            rank = try container.decode(Int.self, forKey: .rank)
            value = try container.decode(Double.self, forKey: .value)
            epoch = try container.decode(Int?.self, forKey: .epoch)
            maxima = try container.decode([String: ChannelValue].self, forKey: .maxima)
            for key in [Key.experiment, .battery, .name] { _ = try container.decode(String.self, forKey: key) }
            _ = try container.decode(Int.self, forKey: .version)
            _ = try container.decode(String?.self, forKey: .status)
            _ = try container.decode(Int?.self, forKey: .lastSeen)
        }
    }

    @Test func `Every line of rank's JSON has exactly the keys of the contract`() throws {
        let text = try Fixture.digits().output(["rank", "Digits", "--format", "json"])
        let lines = try text.split(separator: "\n").map {
            try JSONDecoder().decode(RankRow.self, from: Data($0.utf8))
        }
        #expect(lines.map(\.rank) == [1, 2, 2, 4])
        #expect(lines.map(\.value) == [0.9375, 0.9, 0.9, 0.25])
        #expect(lines.map(\.epoch) == [nil, 7, 17, 3])
        #expect(lines[3].maxima == ["train": .number(0.5), "valid": .number(0.25), "test": .string("nan")])
    }

    @Test(arguments: ["[1,\n2]", "{\"a\": 1", "1e999", "\u{0}\r\n", "01", "\"", "\u{2028}", "null", "{\"a\":[1, 2]}"])
    func `A value with line ends or malformed JSON is written on one line and can be decoded`(text: String) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("b")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "1"], params: ["x": text, "a\"b": text])
        try fixture.commit()
        let lines = try fixture.output(["rank", "b", "--format", "json"]).utf8.split(separator: 0x0A)
        #expect(lines.count == 1)
        _ = try JSONDecoder().decode(RankRow.self, from: Data(lines[0]))
    }

    @Test(arguments: [1, 4])
    func `Queries of one and of four partitions have the same results, with and without --partitions`(count: Int) throws
    {
        let one = try Fixture.digits()
        let many = try Fixture.digits(partitions: count)
        for arguments in [
            ["rank", "Digits"], ["rank", "Digits", "--format", "json"], ["rank", "Digits", "--limit", "2"],
            ["rank", "Digits", "--ascending", "--format", "csv"], ["rank", "Digits", "--columns", "lr,test"],
            ["show", "bbbbbbbbbb-1"], ["show", "dd"], ["batteries", "--format", "json"],
        ] {
            let expected = try one.output(arguments)
            #expect(try many.output(arguments) == expected)
            #expect(try many.output(arguments + ["--partitions", "\(count)"]) == expected)
        }
    }

    @Test(arguments: [1, 3])
    func `Equal values are in the order of Redis for any number of partitions`(partitions: Int) throws {
        let fixture = try Fixture(partitions: partitions)
        let battery = fixture.battery("tied")
        let ids = ["z-1", "a-10", "a-9", "m-1", "b-2", "a-1", "q-7"]
        for id in ids { fixture.experiment(id, of: battery, maxima: ["valid": "0.5"]) }
        try fixture.commit()
        let store = try Store(fixture.server.url, namespace: fixture.namespace)
        let ascending = try store.leaderboard(of: "tied", order: .ascending)
        #expect(ascending.rows.map(\.experiment) == ["a-1", "a-10", "a-9", "b-2", "m-1", "q-7", "z-1"])
        let best = try store.leaderboard(of: "tied", limit: 3)
        #expect(best.rows.map(\.experiment) == ["z-1", "q-7", "m-1"])
        #expect(best.rows.map(\.rank) == [1, 1, 1])
        #expect(best.count == ids.count)
    }
}
