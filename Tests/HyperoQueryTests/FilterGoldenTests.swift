import Foundation
import HyperoQuery
import HyperoSchema
import Testing

/// `Fixtures/filters.json`: filters with the experiments that fulfil them, or with their errors. Other implementations can run
/// them too.
@Suite struct FilterGoldenTests {
    struct Document: Decodable {
        struct Experiment: Decodable {
            let id: String
            let battery: String
            let version: Int
            let status: String
            let lastSeen: Int64
            let rank: Int?
            let fields: [String: String]
        }

        struct Entry: Decodable {
            let expression: String
            let lenient: Bool?
            let rows: [String]?
            let error: Failure?
        }

        struct Failure: Decodable, Equatable {
            let message: String
            let from: Int
            let to: Int
            let hint: String?
        }

        let now: Int64
        let timeZone: String
        let objective: String
        let best: [String: Double]
        let columns: [String]
        let experiments: [Experiment]
        let filters: [Entry]

        static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/filters.json")

        static func read() throws -> Document {
            let decoder = JSONDecoder()
            // last_seen and time_zone; the names of fields are no keys of these types.
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(Document.self, from: Data(contentsOf: file))
        }
    }

    /// Returns the ids of the experiments that fulfil a filter, as a query evaluates it.
    private func rows(_ entry: Document.Entry, of document: Document) throws(FilterError) -> [String] {
        let filter = try Filter(entry.expression, isLenient: entry.lenient ?? false)
        var bound = try filter.bound(to: FilterCatalogue(columns: document.columns), zone: .utc)
        bound.bests = bound.bestChannels.map { document.best[$0] }
        var check = FilterTypeCheck(bound)
        for experiment in document.experiments { check.add(check.fields.map { experiment.fields[$0] }) }
        if let error = check.error { throw error }
        return document.experiments.filter { experiment in
            bound.matches(
                BoundFilter.Experiment(
                    id: experiment.id, battery: experiment.battery, version: experiment.version,
                    status: ExperimentStatus(rawValue: experiment.status), lastSeen: experiment.lastSeen,
                    rank: experiment.rank, values: bound.fields.map { experiment.fields[$0] },
                    objective: bound.slot(of: document.objective)),
                now: document.now)
        }.map(\.id)
    }

    @Test func `Each filter has the stated rows or the stated error`() throws {
        let document = try Document.read()
        #expect(document.timeZone == "UTC")
        #expect(document.filters.count >= 180)
        for entry in document.filters {
            let expression = entry.expression.prefix(80)
            do {
                let rows = try rows(entry, of: document)
                #expect(rows == entry.rows, "\(expression)")
            } catch {
                let failure = Document.Failure(
                    message: error.message, from: error.from, to: error.to, hint: error.hint)
                #expect(failure == entry.error, "\(expression)")
            }
        }
    }

    @Test func `Whatever is cut from a filter, the offsets of its error are within its text`() throws {
        for entry in try Document.read().filters where entry.expression.utf8.count < 200 {
            let scalars = Array(entry.expression.unicodeScalars)
            for start in scalars.indices {
                for part in [scalars[start...], scalars[..<start]] {
                    var text = ""
                    text.unicodeScalars.append(contentsOf: part)
                    do {
                        _ = try Filter(text)
                    } catch {
                        #expect(0 <= error.from && error.from <= error.to && error.to <= text.utf8.count, "\(text)")
                        #expect(error.expression == text)
                    }
                }
            }
        }
    }
}
