/// What went wrong in the surroundings of a test: the message says to what, and shows the log where there is one.
package struct TestFailure: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
