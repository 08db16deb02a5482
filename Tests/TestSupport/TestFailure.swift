import Glibc

/// An error in the environment of a test, for example a server that does not start.
///
/// The description names the failed object, and includes the log of a failed program.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    /// Describes a failed system call.
    ///
    /// - Parameters:
    ///   - systemCall: the name of the function, and the object it was called for.
    ///   - code: the value of errno after the call.
    package init(systemCall: String, code: Int32 = errno) {
        self.init("\(systemCall): \(String(cString: strerror(code)))")
    }
}
