/// A key of a terminal.
package enum Key: Sendable, Hashable {
    case character(Character)
    case enter
    case escape
    case backspace
    case delete
    /// A letter with Ctrl.
    case control(Character)
    /// Text that was pasted as a whole, at most 4,096 bytes of it.
    case paste(String)
    case up
    case down
    case left
    case right
    case pageUp
    case pageDown
    case home
    case end
    /// Any other key, such as a function key.
    case other
}

/// A decoder of the bytes that a terminal sends for keys.
///
///     var decoder = KeyDecoder()
///     decoder.decode([0x1B])          // none: the key escape, or the begin of a sequence
///     decoder.decode([0x5B, 0x41])    // up
///
/// Sequences and characters may arrive in several parts. The key escape has no end, so the caller calls ``finish()`` when no byte
/// has arrived for ``pause``.
///
/// Pasted text is between `ESC [ 200 ~` and `ESC [ 201 ~`, and its line ends and escape characters are no keys.
package struct KeyDecoder: Sendable {
    /// The time after which an escape character is the key escape. A terminal sends a sequence at once.
    private static let escapePause: Duration = .milliseconds(50)
    /// The time after which pasted text has ended without its end. A slow connection may send it in parts.
    private static let pastePause: Duration = .seconds(2)
    private static let pasteEnd = Array("\u{1B}[201~".utf8)
    private static let maxPasteSize = 4_096

    private static let escape: UInt8 = 0x1B
    /// The length above which a sequence is no key.
    private static let maxLength = 64

    /// The begin of a sequence or of a character.
    private var pending: [UInt8] = []
    /// The pasted text so far, with the last bytes of what may be its end; nil outside of a paste.
    private var pasted: [UInt8]?
    private var pasteTail: [UInt8] = []

    package init() {}

    /// True if more bytes may belong to those that were decoded last.
    package var isIncomplete: Bool { !pending.isEmpty || pasted != nil }

    /// The time after the last byte at which ``finish()`` must be called if bytes are missing.
    package var pause: Duration { pasted == nil ? Self.escapePause : Self.pastePause }

    /// Decodes bytes, and returns the keys that are complete.
    package mutating func decode(_ bytes: some Sequence<UInt8>) -> [Key] {
        var keys: [Key] = []
        for byte in bytes {
            if pasted != nil {
                keys += paste(byte)
            } else {
                pending.append(byte)
                keys += complete()
            }
        }
        return keys
    }

    /// Ends a sequence that was not completed, and returns the key escape if it began with one.
    package mutating func finish() -> [Key] {
        if pasted != nil { return endPaste() }
        defer { pending.removeAll() }
        return pending.first == Self.escape ? [.escape] : []
    }

    /// Returns the keys that the latest byte completes.
    private mutating func complete() -> [Key] {
        guard let first = pending.first, let last = pending.last else { return [] }
        guard first == Self.escape else { return completeCharacter(first) }
        guard pending.count > 1 else { return [] }
        switch pending[1] {
        case UInt8(ascii: "["), UInt8(ascii: "O"):
            let isControlSequence = pending[1] == UInt8(ascii: "[")
            guard pending.count > 2 else { return [] }
            if last < 0x20 || last > 0x7E || pending.count > Self.maxLength {
                // Another sequence or character begins.
                pending = [last]
                return [.other] + complete()
            }
            guard !isControlSequence || last >= 0x40 else { return [] }
            defer { pending.removeAll() }
            if pending == Self.pasteBegin {
                pasted = []
                return []
            }
            return [Self.key(final: last, parameters: pending[2..<(pending.count - 1)])]
        default:
            // The key escape was pressed right before another key.
            pending.removeFirst()
            return [.escape] + complete()
        }
    }

    private static let pasteBegin = Array("\u{1B}[200~".utf8)

    /// Takes a byte of pasted text.
    private mutating func paste(_ byte: UInt8) -> [Key] {
        pasteTail.append(byte)
        if pasteTail.count == Self.pasteEnd.count, pasteTail == Self.pasteEnd {
            pasteTail.removeAll()
            return endPaste()
        }
        while !pasteTail.isEmpty, !Self.pasteEnd.starts(with: pasteTail) {
            let first = pasteTail.removeFirst()
            if let count = pasted?.count, count < Self.maxPasteSize { pasted?.append(first) }
        }
        return []
    }

    private mutating func endPaste() -> [Key] {
        defer {
            pasted = nil
            pasteTail.removeAll()
        }
        return [.paste(String(decoding: (pasted ?? []) + pasteTail, as: UTF8.self))]
    }

    private static func key(final: UInt8, parameters: ArraySlice<UInt8>) -> Key {
        switch final {
        case UInt8(ascii: "A"): .up
        case UInt8(ascii: "B"): .down
        case UInt8(ascii: "C"): .right
        case UInt8(ascii: "D"): .left
        case UInt8(ascii: "H"): .home
        case UInt8(ascii: "F"): .end
        case UInt8(ascii: "M"): .enter
        case UInt8(ascii: "~"):
            switch String(decoding: parameters.prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self) {
            case "1", "7": .home
            case "3": .delete
            case "4", "8": .end
            case "5": .pageUp
            case "6": .pageDown
            default: .other
            }
        default: .other
        }
    }

    private mutating func completeCharacter(_ first: UInt8) -> [Key] {
        let length: Int
        switch first {
        case 0x0A, 0x0D: length = -1
        case 0x08, 0x7F: length = -2
        case 0x01...0x1A where first != 0x09:
            pending.removeAll()
            return [.control(Character(Unicode.Scalar(first + 0x60)))]
        case 0..<0x20: length = 0
        case 0x20..<0x80: length = 1
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        // Not UTF-8.
        default: length = 0
        }
        guard length > 0 else {
            pending.removeAll()
            return [length == -1 ? .enter : length == -2 ? .backspace : .other]
        }
        if let last = pending.last, pending.count > 1, last & 0xC0 != 0x80 {
            // The character was cut. Another one begins.
            pending = [last]
            return [.other] + complete()
        }
        guard pending.count == length else { return [] }
        defer { pending.removeAll() }
        guard let text = String(validating: pending, as: UTF8.self), let character = text.first else { return [.other] }
        return [.character(character)]
    }
}
