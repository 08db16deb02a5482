/// One client instance in one process: 10 random characters of lower-case Crockford base32, 50 bits.
package struct ProducerID: Sendable, Hashable {
    /// The id as it stands on the wire and in keys.
    package let text: String

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// A new id.
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

    /// Whether it looks like one that was made here.
    package static func isGenerated(_ text: String) -> Bool {
        text.utf8.count == 10 && text.utf8.allSatisfy { alphabet.contains($0) }
    }

    /// An id that was read: `[a-z0-9-]{1,64}`, so that others may choose their own.
    package init?(_ text: String) {
        guard isIdentifier(text, upTo: 64) else { return nil }
        self.text = text
    }
}
