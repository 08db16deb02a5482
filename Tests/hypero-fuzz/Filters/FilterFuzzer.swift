import Foundation
import HyperoQuery
import HyperoSchema
import TestSupport

/// Filters of experiments: random bytes, and mutations of the expressions in `Tests/HyperoQueryTests/Fixtures/filters.json`.
final class FilterFuzzer: Fuzzer {
    /// Expressions that are run one after the other: one alone takes less time than its registration.
    struct Input: Codable {
        var expressions: [String]
    }

    static let name = "filters"
    static let lanes = 1
    static let expressionsPerInput = 50

    private struct Document: Codable {
        struct Entry: Codable { let expression: String }
        struct Experiment: Codable { let fields: [String: String] }
        let columns: [String]
        let filters: [Entry]
        let experiments: [Experiment]
    }

    private let document: Document
    private let catalogue: FilterCatalogue
    private let expressions: [String]

    init(corpus: String) throws {
        document = try JSONDecoder().decode(
            Document.self, from: Data(contentsOf: URL(fileURLWithPath: "\(corpus)/filters.json")))
        catalogue = FilterCatalogue(columns: document.columns)
        expressions = document.filters.map(\.expression)
    }

    static func makeCorpus(in folder: String) throws {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../HyperoQueryTests/Fixtures/filters.json").standardized
        try FileManager.default.copyItem(atPath: source.path, toPath: "\(folder)/filters.json")
    }

    func input(seed: UInt64, index: Int) -> Input {
        var mutator = FilterMutator(generator(seed: seed, index: index), expressions: expressions)
        return Input(expressions: (0..<Self.expressionsPerInput).map { _ in mutator.expression() })
    }

    func run(_ input: Input) throws {
        for expression in input.expressions { try run(expression) }
    }

    /// - Throws: ``TestFailure`` if the offsets of an error are not within the expression, or if its message has a control
    ///   character.
    private func run(_ expression: String) throws {
        do throws(FilterError) {
            let filter = try Filter(expression)
            var bound = try filter.bound(to: catalogue, zone: .utc)
            bound.bests = bound.bestChannels.map { $0 == "valid" ? 0.98 : nil }
            for (index, experiment) in document.experiments.enumerated() {
                let values = BoundFilter.Experiment(
                    id: "a-\(index)", battery: "b", version: index, status: .done, lastSeen: 1, rank: index,
                    values: bound.fields.map { experiment.fields[$0] })
                _ = bound.matches(values, now: 1_795_780_800_000)
            }
        } catch {
            try check(error, of: expression)
        }
    }

    private func check(_ error: FilterError, of expression: String) throws {
        guard 0 <= error.from, error.from <= error.to, error.to <= expression.utf8.count else {
            throw TestFailure(
                "offsets \(error.from) to \(error.to) of \(expression.utf8.count) bytes: \(expression.debugDescription)"
            )
        }
        let lines = error.lines(hint: error.hint)
        guard lines.count == 3, !lines.joined().unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else {
            throw TestFailure("an error with control characters: \(expression.debugDescription)")
        }
        guard Value(json: error.json(hint: error.hint)) != nil else {
            throw TestFailure("an error that is no JSON: \(expression.debugDescription)")
        }
    }
}
