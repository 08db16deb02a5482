import Foundation

/// Counts the words of a JSON array of texts, by Foundation and Swift's runtime. Not hypero's: see neighbours.c.
@_cdecl("neighbour_count_words")
public func countWords(_ json: UnsafePointer<CChar>) -> Int64 {
    let texts = try? JSONDecoder().decode([String].self, from: Data(String(cString: json).utf8))
    return Int64((texts ?? []).flatMap { $0.components(separatedBy: " ") }.count)
}
