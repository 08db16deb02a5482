import Foundation
import TestSupport

/// The mutations of a real journal.
struct JournalMutator {
    typealias Input = JournalFuzzer.Input

    private var random: SeededGenerator

    init(_ random: SeededGenerator) {
        self.random = random
    }

    mutating func mutated(from corpus: [Input]) -> Input {
        var input = random.pick(corpus)
        // Rare, because it takes a segment of the default size.
        if draw(0...999) == 0 {
            stackRecords(in: &input)
            return input
        }
        for _ in 0..<draw(1...3) { mutate(&input, corpus: corpus) }
        return input
    }

    private mutating func mutate(_ input: inout Input, corpus: [Input]) {
        if draw(0...9) == 0 { return changeFiles(of: &input, corpus: corpus) }
        guard !input.segments.isEmpty else { return }
        let index = draw(0...input.segments.count - 1)
        var bytes = Array(input.segments[index].bytes)
        change(&bytes)
        input.segments[index].bytes = Data(bytes)
    }

    /// Changes the set of segments.
    private mutating func changeFiles(of input: inout Input, corpus: [Input]) {
        let index = draw(0...max(input.segments.count - 1, 0))
        switch draw(0...5) {
        case 0 where !input.segments.isEmpty: input.segments.remove(at: index)
        case 1 where !input.segments.isEmpty:
            input.segments[index].name = "\(random.pick([0, 1, 2, 7, Int.max])).segment"
        case 2 where !input.segments.isEmpty:
            // The same sequence numbers a second time.
            input.segments.append(.init(name: "\(draw(2...99)).segment", bytes: input.segments[index].bytes))
        case 3:
            guard let other = random.pick(corpus).segments.first else { return }
            input.segments.append(.init(name: "\(draw(2...99)).segment", bytes: other.bytes))
        case 4 where input.segments.count > 1:
            let first = input.segments[0].bytes
            input.segments[0].bytes = input.segments[index].bytes
            input.segments[index].bytes = first
        default: input.segments.append(.init(name: "\(draw(1...99)).segment", bytes: Data()))
        }
        // Two segments cannot have one name.
        var names: Set<String> = []
        input.segments.removeAll { !names.insert($0.name).inserted }
    }

    private mutating func change(_ bytes: inout [UInt8]) {
        switch draw(0...11) {
        case 0: flipBits(of: &bytes, in: 0..<bytes.count)
        case 1: changeHeader(of: &bytes)
        case 2: changeHeaderText(of: &bytes)
        case 3: resize(&bytes)
        case 4: makeHole(in: &bytes)
        case 5: copyRecord(in: &bytes)
        default: changeRecord(of: &bytes)
        }
    }

    private mutating func flipBits(of bytes: inout [UInt8], in range: Range<Int>) {
        guard !range.isEmpty else { return }
        for _ in 0..<(1 << draw(0...6)) {
            bytes[draw(range.lowerBound...range.upperBound - 1)] ^= 1 << UInt8(draw(0...7))
        }
    }

    private mutating func changeHeader(of bytes: inout [UInt8]) {
        guard bytes.count >= SegmentLayout.headerSize else { return }
        let (offset, width) = random.pick(SegmentLayout.headerFields)
        SegmentLayout.set(edge(width: width), at: offset, width: width, of: &bytes)
        repairHeader(of: &bytes)
    }

    private mutating func changeHeaderText(of bytes: inout [UInt8]) {
        guard bytes.count >= SegmentLayout.headerSize else { return }
        let text = String(decoding: bytes[SegmentLayout.text].prefix { $0 != 0 }, as: UTF8.self)
        var lines = text.split(separator: "\n").map(String.init)
        guard !lines.isEmpty else { return }
        let index = draw(0...lines.count - 1)
        let name = lines[index].prefix { $0 != "=" }
        switch draw(0...6) {
        case 0: lines.remove(at: index)
        case 1: lines[index] = "\(name)="
        case 2: lines[index] = "\(name)=\(String(repeating: "z", count: draw(1...900)))"
        case 3: lines.append("ancestors=\(Array(repeating: "aaaaaaaaaa", count: draw(0...40)).joined(separator: " "))")
        case 4: lines[index] = String(name)
        case 5: lines.append(lines[index])
        default: lines[index] = "\(name)={hypero}:1/\u{7F}ü"
        }
        let new = Array(lines.joined(separator: "\n").utf8.prefix(SegmentLayout.text.count))
        for offset in SegmentLayout.text {
            let index = offset - SegmentLayout.text.lowerBound
            bytes[offset] = index < new.count ? new[index] : 0
        }
        repairHeader(of: &bytes)
    }

    /// Cuts or extends the file.
    private mutating func resize(_ bytes: inout [UInt8]) {
        switch draw(0...4) {
        case 0: bytes.removeLast(draw(0...bytes.count))
        case 1: bytes = Array(bytes.prefix(draw(0...SegmentLayout.headerSize + 64)))
        case 2:
            let records = SegmentLayout.records(of: bytes)
            if !records.isEmpty { bytes = Array(bytes.prefix(random.pick(records) + draw(0...48))) }
        case 3: bytes += [UInt8](repeating: 0, count: draw(1...8_192))
        default: for _ in 0..<draw(1...200) { bytes.append(UInt8(truncatingIfNeeded: random.next())) }
        }
    }

    private mutating func makeHole(in bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let start = draw(0...bytes.count - 1) & (draw(0...1) == 0 ? ~4_095 : ~7)
        let end = min(start + random.pick([8, 40, 512, 4_096, 20_000]), bytes.count)
        for offset in start..<end { bytes[offset] = 0 }
    }

    /// Copies a record over another place, so that sequence numbers repeat and records overlap.
    private mutating func copyRecord(in bytes: inout [UInt8]) {
        let records = SegmentLayout.records(of: bytes)
        guard !records.isEmpty else { return }
        let source = random.pick(records)
        let length = Int(SegmentLayout.integer(at: source, width: 4, of: bytes))
        let target = draw(0...1) == 0 ? random.pick(records) : draw(128...max(128, bytes.count / 8 - 1)) * 8
        guard target + length <= bytes.count else { return }
        bytes.replaceSubrange(target..<target + length, with: Array(bytes[source..<source + length]))
    }

    private mutating func changeRecord(of bytes: inout [UInt8]) {
        let records = SegmentLayout.records(of: bytes)
        guard !records.isEmpty else { return }
        let start = random.pick(records)
        let length = Int(SegmentLayout.integer(at: start, width: 4, of: bytes))
        switch draw(0...3) {
        case 0: flipBits(of: &bytes, in: start..<start + length)
        case 1:
            // A length in the payload: 2, 4 or 8 bytes at any place.
            let width = random.pick([2, 4, 8])
            let offset = start + draw(SegmentLayout.recordSize...max(SegmentLayout.recordSize, length - width))
            SegmentLayout.set(edge(width: width), at: offset, width: width, of: &bytes)
        case 2:
            // A length that is wrong by little.
            let (offset, width) = random.pick(SegmentLayout.recordFields)
            let old = SegmentLayout.integer(at: start + offset, width: width, of: bytes)
            SegmentLayout.set(
                old &+ UInt64(bitPattern: Int64(draw(-9...9))), at: start + offset, width: width, of: &bytes)
        default:
            let (offset, width) = random.pick(SegmentLayout.recordFields)
            SegmentLayout.set(edge(width: width), at: start + offset, width: width, of: &bytes)
        }
        let newLength = Int(SegmentLayout.integer(at: start, width: 4, of: bytes))
        switch draw(0...2) {
        case 0: repairRecord(at: start, length: newLength, of: &bytes)
        case 1: SegmentLayout.set(0, at: start + SegmentLayout.recordChecksum, width: 4, of: &bytes)
        default: break
        }
    }

    /// Fills a segment of the default size with headers of records that overlap and all end at the same place, and have
    /// checksums. An adopter that computes a checksum for each place needs a time quadratic in the size.
    private mutating func stackRecords(in input: inout Input) {
        guard let first = input.segments.first else { return }
        var bytes = Array(first.bytes.prefix(SegmentLayout.headerSize))
        guard bytes.count == SegmentLayout.headerSize else { return }
        let size = 8 << 20
        bytes += [UInt8](repeating: 0, count: size - bytes.count)
        let step = 56
        for (number, start) in stride(from: SegmentLayout.headerSize, to: size - 64, by: step).enumerated() {
            let length = (size - start) & ~7
            SegmentLayout.set(UInt64(length), at: start, width: 4, of: &bytes)
            SegmentLayout.set(1, at: start + 4, width: 4, of: &bytes)
            // A `param` with one field, an empty name, and a value up to the end.
            SegmentLayout.set(3, at: start + 8, width: 1, of: &bytes)
            SegmentLayout.set(1, at: start + 10, width: 2, of: &bytes)
            SegmentLayout.set(UInt64(number + 1), at: start + 16, width: 8, of: &bytes)
            SegmentLayout.set(UInt64(length - 48), at: start + 44, width: 4, of: &bytes)
        }
        input.segments = [.init(name: "1.segment", bytes: Data(bytes))]
    }

    private func repairHeader(of bytes: inout [UInt8]) {
        let sum = Checksum.crc32c(bytes[..<SegmentLayout.headerChecksum], bytes[SegmentLayout.text])
        SegmentLayout.set(UInt64(sum), at: SegmentLayout.headerChecksum, width: 4, of: &bytes)
    }

    private func repairRecord(at start: Int, length: Int, of bytes: inout [UInt8]) {
        guard length >= SegmentLayout.recordSize, start + length <= bytes.count else { return }
        let sum = Checksum.crc32c(bytes[start..<start + 4], bytes[start + 8..<start + length])
        SegmentLayout.set(UInt64(sum), at: start + SegmentLayout.recordChecksum, width: 4, of: &bytes)
    }

    /// Returns a value at the edge of a width, or any value.
    private mutating func edge(width: Int) -> UInt64 {
        let max = width == 8 ? UInt64.max : (1 << UInt64(8 * width)) - 1
        let values: [UInt64] = [
            0, 1, 2, 7, 8, 15, 16, 39, 40, 41, 48, 255, 256, 1_023, 1_024, 4_096, 65_535, 65_536, 0x7FFF_FFFF,
            0x8000_0000, 0xFFFF_FFF8, 1 << 53, 1 << 62, UInt64(Int64.max), UInt64(Int64.max) + 1, .max, .max - 7,
            random.next(),
        ]
        return random.pick(values) & max
    }

    private mutating func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
}
