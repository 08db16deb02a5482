/// A pattern of `like`: `%` is any text, `_` one Unicode scalar. `\\` before `%`, `_` and `\\` makes
/// them ordinary ones, and is ordinary itself before any other, as in `C:\\runs`.
struct LikePattern {
    private enum Element: Equatable {
        case any
        case one
        case byte(UInt8)
    }

    private let elements: [Element]
    private let ignoresCase: Bool

    init(_ pattern: String, ignoresCase: Bool) {
        self.ignoresCase = ignoresCase
        var elements: [Element] = []
        let bytes = Array((ignoresCase ? pattern.lowercased() : pattern).utf8)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\\"), index < bytes.count, "%_\\".utf8.contains(bytes[index]) {
                elements.append(.byte(bytes[index]))
                index += 1
            } else if byte == UInt8(ascii: "%") {
                if elements.last != .any { elements.append(.any) }
            } else {
                elements.append(byte == UInt8(ascii: "_") ? .one : .byte(byte))
            }
        }
        self.elements = elements
    }

    /// Returns whether the pattern matches the whole text. Goes back only to the last `%`, so that the time is bounded by the
    /// product of both lengths.
    func matches(_ text: String) -> Bool {
        var text = ignoresCase ? text.lowercased() : text
        return text.withUTF8 { matches($0) }
    }

    private func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var (index, element) = (0, 0)
        // The place after the last %, and the end of the text that it matches.
        var retry: (index: Int, element: Int)?
        while index < text.count {
            if element < elements.count, elements[element] == .any {
                element += 1
                retry = (index, element)
            } else if element < elements.count, elements[element] == .one {
                index = Self.next(index, in: text)
                element += 1
            } else if element < elements.count, elements[element] == .byte(text[index]) {
                index += 1
                element += 1
            } else if let last = retry {
                index = Self.next(last.index, in: text)
                element = last.element
                retry?.index = index
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy { $0 == .any }
    }

    /// Returns the index of the next scalar.
    private static func next(_ index: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
        var index = index + 1
        while index < text.count, text[index] & 0xC0 == 0x80 { index += 1 }
        return index
    }
}
