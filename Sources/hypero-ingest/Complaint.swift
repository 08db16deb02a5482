import Foundation

/// A message, on standard error.
func complain(_ message: String) {
    FileHandle.standardError.write(Data("hypero-ingest: \(message)\n".utf8))
}
