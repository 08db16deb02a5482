/// A line of text with a cursor, edited by the keys that shells have.
struct LineEditor: Sendable, Hashable {
    private var characters: [Character]
    /// The number of characters before the cursor.
    private(set) var cursor: Int

    /// The length of a line in characters.
    static let maxLength = 256

    init(_ text: String) {
        characters = Array(text)
        cursor = characters.count
    }

    var text: String { String(characters) }
    /// The text from some character to the cursor.
    func textBeforeCursor(from start: Int) -> String { String(characters[start..<cursor]) }
    /// The text from some character on.
    func text(from start: Int) -> String { String(characters[start...]) }

    /// Changes the line by a key. Any other key has no effect.
    mutating func press(_ key: Key) {
        switch key {
        case .character(let character): insert([character])
        // Line ends and tabs become spaces, so that a pasted text of several lines is one expression.
        case .paste(let text): insert(Self.line(text))
        case .backspace where cursor > 0:
            cursor -= 1
            characters.remove(at: cursor)
        case .delete where cursor < characters.count, .control("d") where cursor < characters.count:
            characters.remove(at: cursor)
        case .left, .control("b"): cursor = max(cursor - 1, 0)
        case .right, .control("f"): cursor = min(cursor + 1, characters.count)
        case .home, .control("a"): cursor = 0
        case .end, .control("e"): cursor = characters.count
        case .control("u"):
            characters.removeFirst(cursor)
            cursor = 0
        case .control("k"): characters.removeLast(characters.count - cursor)
        case .control("w"):
            var start = cursor
            while start > 0, characters[start - 1] == " " { start -= 1 }
            while start > 0, characters[start - 1] != " " { start -= 1 }
            characters.removeSubrange(start..<cursor)
            cursor = start
        default: break
        }
    }

    private mutating func insert(_ new: [Character]) {
        let new = new.prefix(max(Self.maxLength - characters.count, 0))
        characters.insert(contentsOf: new, at: cursor)
        cursor += new.count
    }

    private static func line(_ text: String) -> [Character] {
        // The line end of Windows is one character.
        let spaced = text.map { $0.isNewline || $0 == "\t" ? " " : $0 }.filter { character in
            !character.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
        }
        // The end of the last line is no part of the expression.
        return Array(spaced.reversed().drop { $0 == " " }.reversed())
    }
}
