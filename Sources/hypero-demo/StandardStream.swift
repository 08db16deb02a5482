import Foundation

/// Where text goes to, written at once and not through a buffer that a killed process would lose.
enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Writes all of `text`.
    ///
    /// - Returns: false when nobody reads any more (a closed pipe), or the device takes no more.
    @discardableResult
    func write(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Foundation.write(rawValue, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                return false
            }
            bytes.removeFirst(written)
        }
        return true
    }

    /// Whether a person sees it on a terminal that can move its cursor.
    var isTerminal: Bool {
        isatty(rawValue) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    /// How many characters fit on a line of the terminal; 80 when it does not say.
    var columns: Int {
        var size = winsize()
        guard ioctl(rawValue, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
