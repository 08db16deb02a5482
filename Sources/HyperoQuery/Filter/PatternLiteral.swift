import Glibc

/// The text that each match of a regular expression contains.
///
/// A search for bytes costs a small part of the simulation of the automaton, and most patterns have such a text: `gpu-[0-9]+` has
/// `gpu-`.
struct PatternLiteral {
    /// The text as UTF-8; empty if none is known.
    private(set) var bytes: [UInt8] = []
    /// True if the expression matches no other text.
    private var isOnlyText = true
    /// True if the expression has `^` or `$`.
    private var hasAnchor = false

    /// True if a text fulfils the expression as soon as it contains the bytes.
    var isWholePattern: Bool { isOnlyText && !hasAnchor }

    /// The size up to which repetitions are written out.
    private static let maxSize = 256

    init(of node: PatternNode) {
        switch node {
        case .empty: break
        case .start, .end: hasAnchor = true
        case .scalar(let scalar): bytes = Array(String(scalar).utf8)
        case .anyScalar, .set, .choice: isOnlyText = false
        case .sequence(let parts): addSequence(parts)
        case .repetition(let part, let min, let max):
            guard min > 0 else {
                isOnlyText = max == 0
                return
            }
            self = PatternLiteral(of: part)
            let isWrittenOut = isOnlyText && bytes.count * min <= Self.maxSize
            if isWrittenOut { bytes = Array(repeatElement(bytes, count: min).joined()) }
            isOnlyText = isWrittenOut && max == min
        }
    }

    /// Takes the longest text of the parts: of one of them, or of neighbours that match one text only.
    private mutating func addSequence(_ parts: [PatternNode]) {
        var longest: [UInt8] = []
        var run: [UInt8] = []
        func add(_ candidate: [UInt8]) { if candidate.count > longest.count { longest = candidate } }
        for part in parts {
            let literal = PatternLiteral(of: part)
            hasAnchor = hasAnchor || literal.hasAnchor
            if literal.isOnlyText {
                run += literal.bytes
            } else {
                isOnlyText = false
                add(run)
                add(literal.bytes)
                run = []
            }
        }
        add(run)
        bytes = longest
    }

    /// Returns whether the beginning of a text contains the bytes.
    ///
    /// - Parameter size: the number of bytes at which the beginning ends. A scalar that begins before it is still a part of it.
    func isContained(in text: String, first size: Int) -> Bool {
        var text = text
        return text.withUTF8 { text in
            var end = min(size, text.count)
            while end < text.count, text[end] & 0xC0 == 0x80 { end += 1 }
            return bytes.withUnsafeBufferPointer { Self.find($0, in: text[..<end]) }
        }
    }

    /// Searches by the first byte, with memchr(3). Swift does not see memmem(3) of GNU.
    private static func find(_ bytes: UnsafeBufferPointer<UInt8>, in text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        let text = UnsafeBufferPointer(rebasing: text)
        guard let first = bytes.first, let wanted = bytes.baseAddress, let start = text.baseAddress else {
            return bytes.isEmpty
        }
        var place = 0
        while place + bytes.count <= text.count {
            let remaining = text.count - bytes.count + 1 - place
            guard let found = memchr(start + place, CInt(first), remaining) else { return false }
            if memcmp(found, wanted, bytes.count) == 0 { return true }
            place = UnsafeRawPointer(found) - UnsafeRawPointer(start) + 1
        }
        return false
    }
}
