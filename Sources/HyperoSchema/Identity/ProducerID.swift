/// The id of a producer, one client in one process: 10 random characters of lower-case Crockford base32 (50 bits).
///
/// Other writers may choose any id in `[a-z0-9-]{1,64}`.
package struct ProducerID: Sendable, Hashable {
    /// The id in stream entries and in keys.
    package let text: String

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// Creates a random id.
    package init(using generator: inout some RandomNumberGenerator) {
        var bits = generator.next() as UInt64
        text = String(unsafeUninitializedCapacity: 10) { buffer in
            for index in 0..<10 {
                buffer[index] = Self.alphabet[Int(bits & 31)]
                bits >>= 5
            }
            return 10
        }
    }

    /// Returns whether the text has the form of a random id.
    package static func isGenerated(_ text: String) -> Bool {
        text.utf8.count == 10 && text.utf8.allSatisfy { alphabet.contains($0) }
    }

    /// Creates an id from its text; nil if the text is not in `[a-z0-9-]{1,64}`.
    package init?(_ text: String) {
        guard isIdentifier(text, maxLength: 64) else { return nil }
        self.text = text
    }

    /// Creates an id from its bytes; nil if they are not in `[a-z0-9-]{1,64}`.
    package init?(_ bytes: Bytes) {
        guard isIdentifier(bytes, maxLength: 64) else { return nil }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// Hashes the bytes, which are ASCII. A string would be hashed as characters.
    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
