import CHypero
import HyperoSchema

/// Sets the sentence of `hypero_error`.
///
/// - Returns: ``hypero_status/HYPERO_INVALID``.
@inline(never)
func invalid(_ message: String) -> hypero_status {
    message.withCString { chypero_set_error($0) }
    return HYPERO_INVALID
}

/// Returns the status of a log call.
@inline(__always)
func status(ofRecorded isRecorded: Bool) -> hypero_status {
    isRecorded ? HYPERO_OK : dropped()
}

@inline(never)
private func dropped() -> hypero_status {
    "event not recorded. The client's notices tell why, and hypero_client_counters counts it"
        .withCString { chypero_set_error($0) }
    return HYPERO_DROPPED
}

/// Sets the sentence of `hypero_error`, and returns a status of a wait.
func failure(_ status: hypero_status, _ message: String) -> hypero_status {
    message.withCString { chypero_set_error($0) }
    return status
}

/// The highest numbers of elements of the arguments. A higher number is a mistake of the program, for example -1 as a `size_t`, and
/// no element is read.
enum MaximumCount {
    /// Channels of a row. A row that has more than it may have, and not more than this, is dropped with a notice.
    static let channels = 1 << 16
    /// Channels of a call with whole curves, directions of an objective.
    static let names = Limits.channels
    /// Values of a curve: 1 GiB.
    static let values = 1 << 27
    /// Categories of a draw.
    static let categories = 1 << 16
    /// Bytes of a structure of a later version of hypero.h.
    static let structure = 4_096

    /// Returns the sentence of an error; nil if a number of elements is allowed.
    static func violation(_ count: Int, of name: String, atMost maximum: Int) -> String? {
        (0...maximum).contains(count) ? nil : "\(name) must be from 0 to \(maximum), not \(UInt(bitPattern: count))"
    }
}

/// A text argument.
enum TextArgument {
    /// Calls a function with the text of a C string.
    ///
    /// - Parameter name: the name of the argument, for a message.
    static func with(
        _ text: UnsafePointer<CChar>?, as name: String, _ body: (String) -> hypero_status
    ) -> hypero_status {
        guard let text else { return invalid("\(name) is NULL") }
        guard let text = String(validatingCString: text) else { return invalid("\(name) is not UTF-8") }
        return body(text)
    }

    /// Calls a function with the text of a C string, or nil for a null pointer.
    static func withOptional(
        _ text: UnsafePointer<CChar>?, as name: String, _ body: (String?) -> hypero_status
    ) -> hypero_status {
        guard text != nil else { return body(nil) }
        return with(text, as: name, body)
    }
}
