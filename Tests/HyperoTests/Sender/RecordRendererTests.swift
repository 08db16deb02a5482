import HyperoSchema
import Testing

@testable import Hypero

@Suite("The rendering of records")
struct RecordRendererTests {
    private static let unusualNames = ["valid", "é = \"x\" | y", "max.", String(repeating: "n", count: 256), " ", "🦆"]

    /// Returns the entries of the calls, without the declaration and the start.
    ///
    /// Expects that every entry can be decoded, and that its event encodes to the same fields.
    private static func rendered(_ log: (Experiment) -> Void) throws -> [DecodedEntry] {
        let fixture = try ClientFixture()
        let client = try fixture.client { $0.segmentSize = 8 << 20 }
        log(Hypero(client).battery("b").experiment())
        let entries = try client.renderedEntries()
        for entry in entries {
            var encoded: [[String]] = []
            entry.event?.forEachField { encoded.append([$0, $1]) }
            #expect(encoded == entry.fields)
        }
        #expect(entries.map(\.seq) == (0..<entries.count).map { UInt64($0 + 1) })
        #expect(client.counters.accepted == UInt64(entries.count))
        #expect(client.counters.dropped.total == 0)
        return Array(entries.dropFirst(2))
    }

    /// Returns the fields of each entry after the six that all entries share.
    private static func eventFields(_ entries: [DecodedEntry]) -> [[[String]]] {
        entries.map { Array($0.fields.dropFirst(6)) }
    }

    @Test func `Every kind of record is rendered as its event`() throws {
        let entries = try Self.rendered { experiment in
            experiment.insertHP("lr", 0.01)
            experiment.updateMeta("m", "v")
            experiment.log(epoch: 0, train: 1)
            experiment.updateLearningCurve(train: [1])
            experiment.updateMaxima(valid: 2, epoch: 9)
            experiment.updateMaxima(test: 3)
            experiment.stop("")
        }
        #expect(entries.map { $0.event?.body.kind } == [.param, .meta, .epoch, .curve, .maxima, .maxima, .end])
        #expect(
            Self.eventFields(entries) == [
                [["param.lr", "0.01"]], [["meta.m", "v"]], [["epoch", "0"], ["curve.train", "1"]],
                [["curve.train", "1"]], [["epoch", "9"], ["max.valid", "2"]], [["max.test", "3"]],
                [["status", "stopped"], ["reason", ""]],
            ])
    }

    @Test func `Extreme doubles are rendered as their shortest decimals`() throws {
        let values: [Double] = [
            .nan, .infinity, -.infinity, -0.0, 0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e22, 0.1, 1 / 3,
        ]
        let entries = try Self.rendered { experiment in
            for value in values { experiment.log(epoch: 1, ["x": value]) }
            experiment.updateLearningCurve(["x": values])
        }
        let texts = [
            "nan", "inf", "-inf", "-0", "0", "5e-324", "1.7976931348623157e+308", "1e+22", "0.1", "0.3333333333333333",
        ]
        #expect(
            Self.eventFields(entries).prefix(values.count) == texts.map { [["epoch", "1"], ["curve.x", $0]] }[...])
        #expect(Self.eventFields(entries).last == [["curve.x", texts.joined(separator: " ")]])
    }

    @Test(arguments: unusualNames)
    func `Names with unusual characters are rendered unchanged`(name: String) throws {
        let entries = try Self.rendered { experiment in
            experiment.insertHP(name, 1)
            experiment.log(epoch: 1, [name: 1])
            experiment.updateMaxima([name: 1])
        }
        #expect(
            Self.eventFields(entries) == [
                [["param." + name, "1"]], [["epoch", "1"], ["curve." + name, "1"]], [["max." + name, "1"]],
            ])
    }

    @Test func `A channel given twice is rendered with its last value at its first position`() throws {
        let entries = try Self.rendered { experiment in
            experiment.log(epoch: 1, ["a": 1, "b": 2, "a": 3])
            experiment.updateMaxima(epoch: 2, ["a": 1, "a": .nan])
        }
        #expect(
            Self.eventFields(entries) == [
                [["epoch", "1"], ["curve.a", "3"], ["curve.b", "2"]], [["epoch", "2"], ["max.a", "nan"]],
            ])
    }

    @Test(arguments: [0, 1, 5])
    func `A long curve is rendered in pieces with consecutive epochs`(first: Int) throws {
        let values = (0..<5_000).map(Double.init)
        let entries = try Self.rendered { $0.updateLearningCurve(first: first, ["x": values]) }
        #expect(entries.count == 3)
        #expect(try Self.cells(entries) == ["x": Self.row(values, first: first)])
    }

    @Test func `Curves of different lengths are rendered completely and without empty entries`() throws {
        let entries = try Self.rendered { experiment in
            experiment.updateLearningCurve([
                "a0": [1], "a1": [1], "a2": [1], "a3": [1], "a4": [1], "a5": [1], "a6": [1], "a7": [], "a8": [1],
                "a9": [1], "b0": [1], "b1": [1], "b2": [1], "b3": [1], "b4": [1], "b5": [1],
                "long": (0..<3_000).map(Double.init), "empty": [],
            ])
        }
        let cells = try Self.cells(entries)
        #expect(cells.count == 16)
        #expect(cells["long"] == Self.row((0..<3_000).map(Double.init), first: 1))
        #expect(cells["b5"] == [1: 1])
    }

    /// Returns the values of curve events by channel and epoch.
    private static func cells(_ entries: [DecodedEntry]) throws -> [String: [Int: Double]] {
        var cells: [String: [Int: Double]] = [:]
        for entry in entries {
            guard case .curve(let first, let series) = try #require(entry.event).body else { continue }
            for series in series {
                for (index, number) in series.numbers.enumerated() {
                    cells[series.channel, default: [:]][first + index] = number.value
                }
            }
        }
        return cells
    }

    private static func row(_ values: [Double], first: Int) -> [Int: Double] {
        Dictionary(uniqueKeysWithValues: values.enumerated().map { (first + $0.offset, $0.element) })
    }
}
