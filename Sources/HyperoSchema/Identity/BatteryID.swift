/// The id of a battery: `<slug>.v<version>.<hash>`.
///
/// Other writers may choose any id in `[a-z0-9.-]{1,80}`.
package struct BatteryID: Sendable, Hashable {
    /// The id in stream entries and in keys.
    package let text: String

    /// Creates the id of the battery with this name, version and description.
    ///
    /// The slug is the name's UTF-8 bytes, with A-Z in lower case and every run of bytes other than a-z 0-9 replaced by
    /// one `-`. It has no `-` at either end and at most 40 bytes. The slug of a name without a-z 0-9 is `battery`. The
    /// hash is the first 8 hexadecimal digits of FNV-1a 64 over name, 0x1F, decimal version, 0x1F, description.
    package init(name: String, version: Int, description: String) {
        var hash = FNV1a()
        hash.add(name.utf8)
        hash.add(CollectionOfOne(0x1F))
        hash.add(String(version).utf8)
        hash.add(CollectionOfOne(0x1F))
        hash.add(description.utf8)
        text = "\(Self.slug(of: name)).v\(version).\(hash.hexadecimal.prefix(8))"
    }

    /// Creates an id from its text; nil if the text is not in `[a-z0-9.-]{1,80}`.
    package init?(_ text: String) {
        guard isIdentifier(text, maxLength: 80, allowsDots: true) else { return nil }
        self.text = text
    }

    private static func slug(of name: String) -> String {
        let hyphen = UInt8(ascii: "-")
        var slug: [UInt8] = []
        for byte in name.utf8 {
            let lowered = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
            if isLowerAlphanumeric(lowered) {
                slug.append(lowered)
            } else if let last = slug.last, last != hyphen {
                slug.append(hyphen)
            }
        }
        slug.removeLast(max(0, slug.count - 40))
        if slug.last == hyphen { slug.removeLast() }
        return slug.isEmpty ? "battery" : String(decoding: slug, as: UTF8.self)
    }
}
