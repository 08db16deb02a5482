import Glibc
import HyperoCore

/// The properties of the output: a terminal of some width, or a file or pipe.
package struct Display: Sendable, Hashable {
    /// True for a terminal. On a terminal, all text is escaped and long cells are truncated.
    package var isTerminal: Bool
    /// True if the styles of text, such as bold and colours, are written.
    package var usesColor: Bool
    /// The width in columns; nil for no limit.
    package var width: Int?
    /// True if the output can show characters outside ASCII.
    package var isUnicode: Bool

    package init(isTerminal: Bool = false, usesColor: Bool = false, width: Int? = nil, isUnicode: Bool = true) {
        self.isTerminal = isTerminal
        self.usesColor = usesColor
        self.width = width
        self.isUnicode = isUnicode
    }

    /// Determines the properties of an open descriptor.
    ///
    /// - Parameters:
    ///   - descriptor: the file descriptor of the output.
    ///   - color: the use of colours.
    ///   - environment: returns the value of an environment variable.
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

    /// The mark at the end of truncated text.
    var ellipsis: String { isUnicode ? "…" : "~" }
}

/// The use of colours.
package enum ColorChoice: String, Sendable, CaseIterable {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    case auto
    /// Always, also into a file or a pipe.
    case always
    /// Never.
    case never
}

/// Returns text with unsafe characters escaped.
///
/// On a terminal, control characters could move the cursor or change the title, a newline could forge a row of a table, and
/// bidirectional characters make text look like other text. Such characters are written as `\x1b` or `\u{202e}`, and a
/// newline as `\x0a`: the echo of some shells would make a newline of `\n` again.
package func escapedText(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        guard isUnsafe(scalar) else {
            result.unicodeScalars.append(scalar)
            continue
        }
        let digits = String(scalar.value, radix: 16)
        result += scalar.value < 0x100 ? "\\x" + (digits.count < 2 ? "0" : "") + digits : "\\u{\(digits)}"
    }
    return result
}

private func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // C0, delete and C1.
    case 0..<0x20, 0x7F...0x9F: true
    // Bidirectional marks, embeddings, overrides and isolates.
    case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
    // Line and paragraph separators, and invisible characters.
    case 0x2028, 0x2029, 0x200B, 0x2060, 0xFEFF, 0xE0000...0xE007F: true
    default: false
    }
}
