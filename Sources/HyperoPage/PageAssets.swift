import CPage

/// The script and the style sheet of the page, which are embedded in the program.
package enum PageAssets {
    /// The script: one module without imports.
    package static let script = compact(String(cString: page_script()))
    /// The style sheet.
    package static let style = compact(String(cString: page_style()))

    /// Returns a source without indentation, empty lines and lines that are comments.
    private static func compact(_ source: String) -> String {
        var result = ""
        result.reserveCapacity(source.utf8.count)
        for line in source.utf8.split(separator: UInt8(ascii: "\n")) {
            let text = line.drop { $0 == UInt8(ascii: " ") }
            guard !text.isEmpty, !text.starts(with: "//".utf8) else { continue }
            let comment = text.starts(with: "/*".utf8) && text.suffix(2).elementsEqual("*/".utf8)
            guard !comment else { continue }
            result += String(decoding: text, as: UTF8.self)
            result += "\n"
        }
        return result
    }
}
