@testable import HyperoIngest
import HyperoSchema
import Testing

/// A story of rows, and the maxima it must end with; told in one batch and event by event.
struct MaximaStory: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var direction = Direction.max
    let events: [Event]
    let maxima: [String: String]
    let ranks: [String: Double]
}

private let stories = [
    MaximaStory(
        testDescription: "test at best valid",
        events: [
            Shorthand.row(1, ["valid": "0.5", "test": "0.9"]), Shorthand.row(2, ["valid": "0.8", "test": "0.7"]),
            Shorthand.row(3, ["valid": "0.6", "test": "0.8"]),
        ],
        maxima: ["max.valid": "0.8", "max.test": "0.7", "max.epoch": "2", "max.source": "curve"],
        ranks: ["valid": 0.8, "test": 0.7]),
    MaximaStory(
        testDescription: "the lowest value of a loss", direction: .min,
        events: [
            Shorthand.row(1, ["valid": "5"]), Shorthand.row(2, ["valid": "-3"]), Shorthand.row(3, ["valid": "-2"]),
        ],
        maxima: ["max.valid": "-3", "max.epoch": "2", "max.source": "curve"], ranks: ["valid": -3]),
    MaximaStory(
        testDescription: "ties go to the lowest epoch, also when it comes last",
        events: [
            Shorthand.row(7, ["valid": "0.8", "train": "1"]), Shorthand.row(3, ["valid": "0.80", "train": "2"]),
        ],
        maxima: ["max.valid": "0.80", "max.train": "2", "max.epoch": "3", "max.source": "curve"],
        ranks: ["valid": 0.8, "train": 2]),
    MaximaStory(
        testDescription: "a piece of the best row that comes later",
        events: [
            Shorthand.row(1, ["valid": "0.9"]), Shorthand.row(2, ["valid": "0.1"]), Shorthand.row(1, ["test": "0.4"]),
        ],
        maxima: ["max.valid": "0.9", "max.test": "0.4", "max.epoch": "1", "max.source": "curve"],
        ranks: ["valid": 0.9, "test": 0.4]),
    MaximaStory(
        testDescription: "a replaced cell moves the best to another epoch, whose row has fewer channels",
        events: [
            Shorthand.row(1, ["valid": "0.7"]), Shorthand.row(2, ["valid": "0.9", "test": "0.8"]),
            Shorthand.row(3, ["valid": "0.6"]), Shorthand.row(2, ["valid": "0.2"]),
        ],
        maxima: ["max.valid": "0.7", "max.epoch": "1", "max.source": "curve"], ranks: ["valid": 0.7]),
    MaximaStory(
        testDescription: "a replaced cell makes the best row better",
        events: [Shorthand.row(1, ["valid": "0.7", "test": "1"]), Shorthand.row(1, ["valid": "0.8"])],
        maxima: ["max.valid": "0.8", "max.test": "1", "max.epoch": "1", "max.source": "curve"],
        ranks: ["valid": 0.8, "test": 1]),
    MaximaStory(
        testDescription: "the best row gets worse and stays the best",
        events: [
            Shorthand.row(1, ["valid": "0.9"]), Shorthand.row(2, ["valid": "0.1"]), Shorthand.row(1, ["valid": "0.5"]),
        ],
        maxima: ["max.valid": "0.5", "max.epoch": "1", "max.source": "curve"], ranks: ["valid": 0.5]),
    MaximaStory(
        testDescription: "every objective was replaced by nan: no maxima",
        events: [
            Shorthand.row(1, ["valid": "0.9", "test": "1"]), Shorthand.row(2, ["valid": "0.5"]),
            Shorthand.row(1, ["valid": "nan"]), Shorthand.row(2, ["valid": "-inf"]),
        ],
        maxima: [:], ranks: [:]),
    MaximaStory(
        testDescription: "an infinite objective is never the best",
        events: [Shorthand.row(1, ["valid": "inf"]), Shorthand.row(2, ["valid": "0.5"])],
        maxima: ["max.valid": "0.5", "max.epoch": "2", "max.source": "curve"], ranks: ["valid": 0.5]),
    MaximaStory(
        testDescription: "a nan beside the best objective stays in the hash and leaves the ranking",
        events: [Shorthand.row(1, ["valid": "0.9", "test": "1"]), Shorthand.row(1, ["test": "nan"])],
        maxima: ["max.valid": "0.9", "max.test": "nan", "max.epoch": "1", "max.source": "curve"],
        ranks: ["valid": 0.9]),
    MaximaStory(
        testDescription: "rows without the objective make no maxima",
        events: [Shorthand.row(1, ["train": "0.9"])], maxima: [:], ranks: [:]),
    MaximaStory(
        testDescription: "what the user says replaces all that came from the curve",
        events: [
            Shorthand.row(4, ["valid": "0.9", "test": "1", "train": "1"]),
            Shorthand.maxima(["valid": "0.2", "x": "nan"]),
            Shorthand.row(5, ["valid": "0.99"]),
        ],
        maxima: ["max.valid": "0.2", "max.x": "nan", "max.source": "user"], ranks: ["valid": 0.2]),
    MaximaStory(
        testDescription: "what the user says later adds and overwrites",
        events: [
            Shorthand.maxima(["valid": "0.2", "test": "5"], epoch: 3),
            Shorthand.maxima(["valid": "inf", "train": "1"]),
            Shorthand.maxima(["train": "2"], epoch: 8),
        ],
        maxima: [
            "max.valid": "inf", "max.test": "5", "max.train": "2", "max.epoch": "8", "max.source": "user",
        ], ranks: ["test": 5, "train": 2]),
    MaximaStory(
        testDescription: "a value that underflows ranks as zero",
        events: [Shorthand.row(1, ["valid": "1e-999"])],
        maxima: ["max.valid": "1e-999", "max.epoch": "1", "max.source": "curve"], ranks: ["valid": 0]),
]

@Suite("Maxima")
struct MaximaTests {
    @Test("are those of the best row, in one batch", arguments: stories)
    func inOneBatch(_ story: MaximaStory) {
        var store = IndexStore()
        store.add([Shorthand.declared(story.direction)] + story.events)
        #expect(store.maxima == story.maxima)
        #expect(store.ranks == story.ranks)
    }

    @Test("are those of the best row, event by event", arguments: stories)
    func oneByOne(_ story: MaximaStory) {
        var store = IndexStore()
        store.addOneByOne([Shorthand.declared(story.direction)] + story.events)
        #expect(store.maxima == story.maxima)
        #expect(store.ranks == story.ranks)
    }

    @Test("follow a curve that is written again with worse values, without looking at every row each time")
    func rewrittenCurve() {
        func curve(_ factor: Int) -> Event {
            let values = (1...2_000).map { Shorthand.number(String((3_000 - $0) * factor)) }
            return Shorthand.event(.curve(first: 1, [Event.Series("valid", values)]))
        }
        var store = IndexStore()
        store.addOneByOne([Shorthand.declared(), curve(3), curve(2), curve(1)])
        #expect(store.maxima == ["max.valid": "2999", "max.epoch": "1", "max.source": "curve"])
        #expect(store.experiment["epochs"] == "2000")
    }
}
