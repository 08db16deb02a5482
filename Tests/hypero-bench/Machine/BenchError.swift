import Glibc

/// The reason why a section cannot be measured.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }

    /// Describes a failed system call.
    ///
    /// - Parameters:
    ///   - systemCall: the name of the function, and the object it was called for.
    ///   - code: the value of errno after the call.
    init(systemCall: String, code: Int32 = errno) {
        self.init("\(systemCall): \(String(cString: strerror(code)))")
    }
}
