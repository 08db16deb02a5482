import Foundation
import Testing

@testable import HyperoQuery

/// An entry of `Fixtures/ticks.json`. A program in another language reads the file as it is, and must find the same ticks.
struct TickCase: Decodable, Sendable, CustomTestStringConvertible {
    /// `linear` or `log`.
    let scale: String
    let low: Double
    let high: Double
    /// The wanted number of ticks.
    let count: Int
    /// True if the ticks must enclose the data.
    let loose: Bool
    /// True for whole numbers only.
    let integer: Bool
    let ticks: [Double]
    let texts: [String]

    var testDescription: String { "\(scale) \(low) to \(high), \(count) ticks\(loose ? ", loose" : "")" }

    static let all: [TickCase] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fixtures/ticks.json").standardized
        guard let data = try? Data(contentsOf: file) else { return [] }
        return (try? JSONDecoder().decode([TickCase].self, from: data)) ?? []
    }()

    var found: [TickNumber] {
        scale == "log"
            ? LogTicks.ticks(from: low, to: high, count: count, isLoose: loose)
            : LinearTicks.ticks(from: low, to: high, count: count, isLoose: loose, isInteger: integer)
    }
}

@Suite struct TicksTests {
    @Test func `The golden file of ticks has its entries`() {
        #expect(TickCase.all.count >= 180)
    }

    @Test(arguments: TickCase.all)
    func `The ticks and their texts are those of the golden file`(expected: TickCase) {
        let found = expected.found
        #expect(found.map(\.value) == expected.ticks)
        let texts = expected.scale == "log" ? TickNumber.textsOnLogAxis(of: found) : TickNumber.texts(of: found)
        #expect(texts == expected.texts)
    }

    @Test func `The example of the paper has the ticks 8, 10, 12 and 14`() {
        #expect(LinearTicks.ticks(from: 8.1, to: 14.1, count: 4).map(\.value) == [8, 10, 12, 14])
    }

    @Test func `Four epochs from 1 to 4 never have a tick at 2.5`() {
        for count in 2...12 {
            let ticks = LinearTicks.ticks(from: 1, to: 4, count: count, isInteger: true).map(\.value)
            #expect(ticks.allSatisfy { $0.rounded() == $0 })
        }
    }

    @Test(
        arguments: [
            (-1e308, 1.7e308), (-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude), (0, .leastNonzeroMagnitude),
            (.leastNonzeroMagnitude, Double.leastNonzeroMagnitude.nextUp),
            (1e16, 1e16 + 2), (0.1, 0.1.nextUp), (-Double.leastNonzeroMagnitude * 2_000, 1e308), (9e18, 9.2e18),
            (1.7e308, 1.7e308),
        ] as [(Double, Double)])
    func `Ticks of extreme ranges are finite, ascending and few`(low: Double, high: Double) {
        for isLoose in [false, true] {
            for isInteger in [false, true] {
                let values = LinearTicks.ticks(
                    from: low, to: high, count: 6, isLoose: isLoose, isInteger: isInteger
                ).map(\.value)
                #expect(values.allSatisfy { $0.isFinite } && values.count < 40)
                #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 })
            }
        }
        guard low > 0 else { return }
        let values = LogTicks.ticks(from: low, to: high, count: 6, isLoose: true).map(\.value)
        #expect(values.allSatisfy { $0.isFinite && $0 > 0 })
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `Loose ticks enclose random data, and the ticks of an axis are on it`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            let scale = Double.random(in: -12...12, using: &generator)
            let low = Double.random(in: -1...1, using: &generator) * pow(10, scale)
            let high = low + Double.random(in: 0...1, using: &generator) * pow(10, scale)
            let count = Int.random(in: 2...20, using: &generator)
            let ticks = LinearTicks.ticks(from: low, to: high, count: count, isLoose: true)
            let margin = (high - low) * 1e-6 + abs(high) * 1e-15
            #expect(ticks.first.map { $0.value <= low + margin } ?? false, "\(low) \(high)")
            #expect(ticks.last.map { $0.value >= high - margin } ?? false, "\(low) \(high)")
            guard let range = ValueRange(all: [low, high]) else { continue }
            for isLoose in [false, true] {
                let axis = ChartAxis(range, count: count, isLog: false, isLoose: isLoose)
                #expect(axis.low < axis.high && axis.ticks.count > 1)
                #expect(axis.ticks.allSatisfy { (-1e-6...1 + 1e-6).contains(axis.position(of: $0.value)) })
            }
        }
    }
}
