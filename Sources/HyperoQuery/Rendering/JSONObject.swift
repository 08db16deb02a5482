import HyperoSchema

/// An object of JSON on one line, its members in the order in which they were added.
struct JSONObject {
    private var members = ""

    /// The object.
    var text: String { "{\(members)}" }

    /// Adds a member whose value is JSON already.
    mutating func add(_ name: String, json: String) {
        if !members.isEmpty { members += "," }
        members += JSON.quoted(name) + ":" + json
    }

    mutating func add(_ name: String, _ text: String?) {
        add(name, json: text.map(JSON.quoted) ?? "null")
    }

    mutating func add(_ name: String, _ number: (some BinaryInteger)?) {
        add(name, json: number.map { String($0) } ?? "null")
    }

    mutating func add(_ name: String, _ flag: Bool?) {
        add(name, json: flag.map(String.init) ?? "null")
    }

    /// A number, or `"nan"`, `"inf"`, `"-inf"`, for which JSON has none.
    mutating func add(_ name: String, _ number: Double?) {
        add(name, json: Self.json(number))
    }

    mutating func add(_ name: String, _ maxima: [Maximum]) {
        var object = JSONObject()
        for maximum in maxima { object.add(maximum.channel, maximum.value) }
        add(name, json: object.text)
    }

    /// The values as they stand in Redis where they are JSON; any other text as a string.
    mutating func add(_ name: String, _ values: [NamedValue]) {
        var object = JSONObject()
        for value in values { object.add(value.name, json: Self.json(value.text)) }
        add(name, json: object.text)
    }

    /// An array.
    mutating func add(_ name: String, array: [String]) {
        add(name, json: "[" + array.joined(separator: ",") + "]")
    }

    static func json(_ number: Double?) -> String {
        number.map { $0.isFinite ? Number.text(of: $0) : JSON.quoted(Number.text(of: $0)) } ?? "null"
    }

    private static func json(_ text: String) -> String {
        guard let value = JSON.parse(text) else { return JSON.quoted(text) }
        // A document of several lines would break the line of ours.
        return text.utf8.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } ? JSON.text(of: value) : text
    }
}
