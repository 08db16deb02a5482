import HyperoRedis
import HyperoSchema
import Testing

struct StreamPositionTests {
    private func id(_ number: Int) -> StreamID { StreamID(milliseconds: UInt64(number), sequence: 0) }

    private func stream(_ length: Int, added: Int?, first: Int? = nil, last: Int? = nil, lastID: Int?) -> StreamInfo {
        var info = StreamInfo()
        info.length = length
        info.entriesAdded = added
        info.firstEntryID = first.map { id($0) }
        info.lastEntryID = last.map { id($0) }
        info.lastID = lastID.map { id($0) }
        return info
    }

    @Test func `Entries removed before they were read are counted once`() {
        var position = StreamPosition(id: id(10), entries: 10)
        #expect(position.check(against: stream(5, added: 22, first: 18, last: 22, lastID: 22)) == .missed(7))
        #expect(position.check(against: stream(5, added: 22, first: 18, last: 22, lastID: 22)) == .missed(0))
        position.advance(by: 5, to: id(22))
        // The stream still has the entries that were read.
        #expect(position.check(against: stream(5, added: 25, first: 18, last: 22, lastID: 25)) == .missed(3))
        // The stream is empty.
        #expect(position.check(against: stream(0, added: 26, lastID: 26)) == .missed(1))
        #expect(position.entries == 26)
    }

    @Test func `No entries are reported as missed if the stream has entries before and after the position`() {
        var position = StreamPosition(id: id(10), entries: 10)
        #expect(position.check(against: stream(5, added: 30, first: 9, last: 12, lastID: 30)) == .missed(0))
        #expect(position.entries == 10)
    }

    @Test func `A stream that ends before the position, does not exist or had fewer entries is another stream`() {
        for other in [
            stream(1, added: 1, first: 5, last: 5, lastID: 5), StreamInfo(),
            stream(0, added: 9, lastID: 50),
        ] {
            var position = StreamPosition(id: id(10), entries: 10)
            #expect(position.check(against: other) == .otherStream)
        }
        var beginning = StreamPosition(id: .zero, entries: nil)
        #expect(beginning.check(against: StreamInfo()) == .missed(0))
        #expect(beginning.entries == 0)
    }

    @Test func `An unknown entry count is set from the count of the stream`() {
        var position = StreamPosition(cursor: id(10), text: "9-0 77")
        #expect(position.entries == nil)
        #expect(position.check(against: stream(3, added: nil, first: 11, last: 13, lastID: 13)) == .missed(0))
        #expect(position.entries == nil)
        #expect(position.check(against: stream(3, added: 50, first: 11, last: 13, lastID: 13)) == .missed(0))
        #expect(position.entries == 47)
        #expect(StreamPosition(cursor: id(10), text: position.description) == position)
        #expect(StreamPosition(cursor: .zero, text: nil).entries == 0)
        #expect(StreamPosition(cursor: id(10), text: "10-0 -5").entries == nil)
    }
}
