import Glibc
import HyperoCore
import HyperoRedis

/// What shows an answer: a terminal with its width, or a file or pipe that takes bytes as they are.
package struct Display: Sendable, Hashable {
    /// Whether a person looks: then text of others is escaped, and long cells are cut.
    package var isTerminal: Bool
    /// Whether to colour.
    package var usesColor: Bool
    /// Columns; nil when there is no end.
    package var width: Int?
    /// Whether characters beyond ASCII can be drawn.
    package var isUnicode: Bool

    package init(isTerminal: Bool = false, usesColor: Bool = false, width: Int? = nil, isUnicode: Bool = true) {
        self.isTerminal = isTerminal
        self.usesColor = usesColor
        self.width = width
        self.isUnicode = isUnicode
    }

    /// The display behind a descriptor of this process.
    package init(
        descriptor: Int32, color: ColorChoice, environment: (String) -> String? = ProcessEnvironment.value(of:)
    ) {
        isTerminal = isatty(descriptor) == 1
        let canColor = isTerminal && environment("TERM") != "dumb" && environment("NO_COLOR") == nil
        usesColor = color == .always || color == .auto && canColor
        width = isTerminal ? environment("COLUMNS").flatMap { Int($0) } ?? Self.width(of: descriptor) ?? 80 : nil
        let locale = (environment("LC_ALL") ?? environment("LC_CTYPE") ?? environment("LANG") ?? "").lowercased()
        isUnicode = strstr(locale, "utf-8") != nil || strstr(locale, "utf8") != nil
    }

    private static func width(of descriptor: Int32) -> Int? {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// The text as it may be shown: the one place that decides about what somebody else wrote.
    ///
    /// On a terminal, control characters could move the cursor, change the title or worse, and bidirectional ones make text
    /// look like another. They are shown as `\x1b` or `\u{202e}`. Into a file or a pipe go the bytes as they are.
    package func visible(_ text: String) -> String {
        guard isTerminal, text.unicodeScalars.contains(where: isDangerous) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isDangerous(scalar):
                let digits = String(scalar.value, radix: 16)
                result += scalar.value < 0x100 ? "\\x" + (digits.count < 2 ? "0" : "") + digits : "\\u{\(digits)}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// What stands for the rest of a text that was cut.
    var ellipsis: String { isUnicode ? "…" : "~" }
}

private func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // C0, delete and C1.
    case 0..<0x20, 0x7F...0x9F: true
    // Bidirectional marks, embeddings, overrides and isolates.
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    // Line and paragraph separators, and what is there but not seen.
    case 0x2028, 0x2029, 0x200B, 0x2060, 0xFEFF, 0xE0000...0xE007F: true
    default: false
    }
}

/// Whether to colour.
package enum ColorChoice: String, Sendable, CaseIterable {
    /// On a terminal that can, unless `NO_COLOR` is set.
    case auto
    /// Also into a file or a pipe.
    case always
    /// Nowhere.
    case never
}

/// What an answer is written as.
package enum OutputFormat: String, Sendable, CaseIterable {
    /// For people; it may change.
    case table
    /// One object a line; the contract for programs.
    case json
    /// RFC 4180, with a header.
    case csv
}
