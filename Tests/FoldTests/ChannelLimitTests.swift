import HyperoSchema
import Testing

@testable import HyperoIngest

/// The limits on the channels of maxima and directions, which many events could exceed together.
@Suite struct ChannelLimitTests {
    private func maxima(_ channels: Range<Int>) -> Event {
        Shorthand.event(.maxima(epoch: nil, channels.map { CurveRow.Cell("c\($0)", Number(Double($0))) }))
    }

    @Test(arguments: [true, false])
    func `Maxima that would state too many channels become dead letters, and others are still applied`(
        inOneBatch: Bool
    ) {
        var store = IndexStore()
        let half = Limits.channels / 2
        let events = [
            Shorthand.declared(), maxima(0..<half), maxima(half..<Limits.channels + 1), maxima(half..<Limits.channels),
            maxima(Limits.channels..<Limits.channels + 1), maxima(0..<1),
        ]
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        #expect(store.metrics == ["applied": "4", "dead": "2"])
        #expect(store.maxima.count == Limits.channels + 2)
        #expect(store.deadLetters.count == 2)
    }

    @Test func `A row that is too wide leaves the maxima as they are, also if an older objective decided them`() {
        func row(_ channels: Range<Int>) -> Event {
            Shorthand.event(
                .epoch(1, [CurveRow.Cell("valid", Number(0.5))] + channels.map { CurveRow.Cell("c\($0)", Number(1)) }))
        }
        var store = IndexStore()
        var declared = Shorthand.declared()
        // The experiment is older than the declaration that counts.
        declared.time = 500
        store.addOneByOne([declared, row(0..<600)])
        let before = store
        store.addOneByOne([row(600..<1_100)])
        #expect(store.deadLetters.count == 1)
        #expect(store.maxima == before.maxima && store.ranks == before.ranks && store.maxima.count > 600)
    }

    @Test(arguments: [true, false])
    func `A battery keeps the directions of the first channels only, up to the limit`(inOneBatch: Bool) {
        func declaration(_ channels: Range<Int>) -> Event {
            var declaration = Event.Declaration(name: "B", version: 1, description: "")
            declaration.directions = channels.map { Event.ChannelDirection("c\($0)", .min) }
            return Shorthand.event(.battery(declaration), of: nil)
        }
        var store = IndexStore()
        let events = [declaration(0..<900), declaration(900..<1_800)]
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        let fields = store.hashes[store.keyspace.battery(Shorthand.battery)] ?? [:]
        #expect(fields.keys.count { $0.hasPrefix(Prefix.direction) } == Limits.channels)
        #expect(fields["direction.c1023"] == "min" && fields["direction.c1024"] == nil)
        #expect(store.metrics == ["applied": "2"])
    }
}
