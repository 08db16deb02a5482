/// The text of the reason for the end of an experiment.
///
/// An invalid reason must not keep the experiment from ending: a long one is cut, and invalid UTF-8 is repaired.
package enum EndReason {
    /// Returns a reason of at most ``Limits/value`` bytes. A reason that was cut ends with `…`.
    package static func text(of reason: String) -> String {
        guard reason.utf8.count > Limits.value else { return reason }
        var reason = reason
        return reason.withUTF8 { text(of: $0) }
    }

    /// Returns the text of bytes. U+FFFD replaces invalid UTF-8.
    ///
    /// - Parameter isCut: true if the bytes are only the first ones of the reason.
    static func text(of bytes: Bytes, isCut: Bool = false) -> String {
        guard isCut || bytes.count > Limits.value || String(validating: bytes, as: UTF8.self) == nil else {
            return String(decoding: bytes, as: UTF8.self)
        }
        var text = ""
        var size = 0
        // Repaired, each byte may have three.
        for character in String(decoding: bytes.prefix(Limits.value + 1), as: UTF8.self).unicodeScalars {
            size += UTF8.width(character)
            guard size <= Limits.value else { return cut(text) }
            text.unicodeScalars.append(character)
        }
        return isCut ? cut(text) : text
    }

    private static func cut(_ text: String) -> String {
        var text = text
        while text.utf8.count > Limits.value - ellipsis.utf8.count { text.unicodeScalars.removeLast() }
        return text + ellipsis
    }

    private static let ellipsis = "…"

    /// Returns whether a field of an entry has the name of the reason.
    static func isField(_ name: Bytes) -> Bool {
        name.elementsEqual(EventField.reason.utf8)
    }
}
