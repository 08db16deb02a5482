import HyperoIngest
import HyperoSchema
import Testing

/// A sequence of events with the maxima it must produce, in one batch and event by event.
struct MaximaCase: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var direction = Direction.max
    let events: [Event]
    let maxima: [String: String]
    let ranks: [String: Double]
}

private let cases = [
    MaximaCase(
        testDescription: "The test value is the one at the best validation epoch",
        events: [
            Shorthand.row(1, ["valid": "0.5", "test": "0.9"]), Shorthand.row(2, ["valid": "0.8", "test": "0.7"]),
            Shorthand.row(3, ["valid": "0.6", "test": "0.8"]),
        ],
        maxima: ["max.valid": "0.8", "max.test": "0.7", "max.epoch": "2", "max.source": "curve"],
        ranks: ["valid": 0.8, "test": 0.7]),
    MaximaCase(
        testDescription: "The lowest value of a loss is the best", direction: .min,
        events: [
            Shorthand.row(1, ["valid": "5"]), Shorthand.row(2, ["valid": "-3"]), Shorthand.row(3, ["valid": "-2"]),
        ],
        maxima: ["max.valid": "-3", "max.epoch": "2", "max.source": "curve"], ranks: ["valid": -3]),
    MaximaCase(
        testDescription: "A tie goes to the lowest epoch, even if it arrives last",
        events: [
            Shorthand.row(7, ["valid": "0.8", "train": "1"]), Shorthand.row(3, ["valid": "0.80", "train": "2"]),
        ],
        maxima: ["max.valid": "0.80", "max.train": "2", "max.epoch": "3", "max.source": "curve"],
        ranks: ["valid": 0.8, "train": 2]),
    MaximaCase(
        testDescription: "A later part of the best row adds to the maxima",
        events: [
            Shorthand.row(1, ["valid": "0.9"]), Shorthand.row(2, ["valid": "0.1"]), Shorthand.row(1, ["test": "0.4"]),
        ],
        maxima: ["max.valid": "0.9", "max.test": "0.4", "max.epoch": "1", "max.source": "curve"],
        ranks: ["valid": 0.9, "test": 0.4]),
    MaximaCase(
        testDescription: "A replaced cell moves the best to another epoch, whose row has fewer channels",
        events: [
            Shorthand.row(1, ["valid": "0.7"]), Shorthand.row(2, ["valid": "0.9", "test": "0.8"]),
            Shorthand.row(3, ["valid": "0.6"]), Shorthand.row(2, ["valid": "0.2"]),
        ],
        maxima: ["max.valid": "0.7", "max.epoch": "1", "max.source": "curve"], ranks: ["valid": 0.7]),
    MaximaCase(
        testDescription: "A replaced cell makes the best row better",
        events: [Shorthand.row(1, ["valid": "0.7", "test": "1"]), Shorthand.row(1, ["valid": "0.8"])],
        maxima: ["max.valid": "0.8", "max.test": "1", "max.epoch": "1", "max.source": "curve"],
        ranks: ["valid": 0.8, "test": 1]),
    MaximaCase(
        testDescription: "The best row gets worse and stays the best",
        events: [
            Shorthand.row(1, ["valid": "0.9"]), Shorthand.row(2, ["valid": "0.1"]), Shorthand.row(1, ["valid": "0.5"]),
        ],
        maxima: ["max.valid": "0.5", "max.epoch": "1", "max.source": "curve"], ranks: ["valid": 0.5]),
    MaximaCase(
        testDescription: "No maxima remain if nan or an infinity has replaced every objective",
        events: [
            Shorthand.row(1, ["valid": "0.9", "test": "1"]), Shorthand.row(2, ["valid": "0.5"]),
            Shorthand.row(1, ["valid": "nan"]), Shorthand.row(2, ["valid": "-inf"]),
        ],
        maxima: [:], ranks: [:]),
    MaximaCase(
        testDescription: "An infinite objective is never the best",
        events: [Shorthand.row(1, ["valid": "inf"]), Shorthand.row(2, ["valid": "0.5"])],
        maxima: ["max.valid": "0.5", "max.epoch": "2", "max.source": "curve"], ranks: ["valid": 0.5]),
    MaximaCase(
        testDescription: "A nan beside the best objective stays in the hash and leaves the ranking",
        events: [Shorthand.row(1, ["valid": "0.9", "test": "1"]), Shorthand.row(1, ["test": "nan"])],
        maxima: ["max.valid": "0.9", "max.test": "nan", "max.epoch": "1", "max.source": "curve"],
        ranks: ["valid": 0.9]),
    MaximaCase(
        testDescription: "Rows without the objective produce no maxima",
        events: [Shorthand.row(1, ["train": "0.9"])], maxima: [:], ranks: [:]),
    MaximaCase(
        testDescription: "The user's maxima replace those of the curve channel by channel, also after another best row",
        events: [
            Shorthand.row(4, ["valid": "0.9", "test": "1", "train": "1"]),
            Shorthand.maxima(["valid": "0.2", "x": "nan"]),
            Shorthand.row(5, ["valid": "0.99", "test": "3"]),
        ],
        maxima: [
            "max.valid": "0.2", "max.x": "nan", "max.test": "3", "max.epoch": "5", "max.source": "both",
            "max.stated": "valid=0.2 x=nan",
        ], ranks: ["valid": 0.2, "test": 3]),
    MaximaCase(
        testDescription: "The channels that the user did not state are those of the stated epoch's row",
        events: [
            Shorthand.row(1, ["valid": "0.5", "test": "1"]), Shorthand.row(2, ["valid": "0.9", "test": "2"]),
            Shorthand.maxima(["valid": "0.6"], epoch: 1), Shorthand.row(1, ["train": "7"]),
        ],
        maxima: [
            "max.valid": "0.6", "max.test": "1", "max.train": "7", "max.epoch": "1", "max.source": "both",
            "max.stated": "epoch=1 valid=0.6",
        ], ranks: ["valid": 0.6, "test": 1, "train": 7]),
    MaximaCase(
        testDescription: "A stated epoch without a row leaves the other channels to the best row until the row arrives",
        events: [
            Shorthand.row(2, ["valid": "0.9", "test": "2"]), Shorthand.maxima(["x": "1"], epoch: 3),
            Shorthand.row(3, ["test": "5"]),
        ],
        maxima: [
            "max.x": "1", "max.test": "5", "max.epoch": "3", "max.source": "both", "max.stated": "epoch=3 x=1",
        ], ranks: ["x": 1, "test": 5]),
    MaximaCase(
        testDescription: "Stated maxima of all channels have no epoch unless one is stated",
        events: [Shorthand.row(1, ["valid": "0.5"]), Shorthand.maxima(["valid": "0.6"])],
        maxima: ["max.valid": "0.6", "max.source": "user", "max.stated": "valid=0.6"], ranks: ["valid": 0.6]),
    MaximaCase(
        testDescription: "Later maxima of the user add channels and replace values",
        events: [
            Shorthand.maxima(["valid": "0.2", "test": "5"], epoch: 3),
            Shorthand.maxima(["valid": "inf", "train": "1"]),
            Shorthand.maxima(["train": "2"], epoch: 8),
        ],
        maxima: [
            "max.valid": "inf", "max.test": "5", "max.train": "2", "max.epoch": "8", "max.source": "user",
            "max.stated": "epoch=8 valid=inf test=5 train=2",
        ], ranks: ["test": 5, "train": 2]),
    MaximaCase(
        testDescription: "A value that underflows ranks as zero",
        events: [Shorthand.row(1, ["valid": "1e-999"])],
        maxima: ["max.valid": "1e-999", "max.epoch": "1", "max.source": "curve"], ranks: ["valid": 0]),
]

@Suite struct MaximaTests {
    @Test(arguments: cases)
    func `Events in one batch produce the expected maxima and ranks`(_ example: MaximaCase) {
        var store = IndexStore()
        store.add([Shorthand.declared(example.direction)] + example.events)
        #expect(store.maxima == example.maxima)
        #expect(store.ranks == example.ranks)
    }

    @Test(arguments: cases)
    func `Events in batches of their own produce the expected maxima and ranks`(_ example: MaximaCase) {
        var store = IndexStore()
        store.addOneByOne([Shorthand.declared(example.direction)] + example.events)
        #expect(store.maxima == example.maxima)
        #expect(store.ranks == example.ranks)
    }

    @Test func `The maxima follow a curve that is rewritten with worse values`() {
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
