import HyperoSchema

/// A JSON object on one line. Its members are in the order in which they were added.
struct JSONObject {
    private var members = ""

    /// The text of the object.
    var text: String { "{\(members)}" }

    /// Adds a member whose value is already JSON.
    mutating func add(_ name: String, json: String) {
        if !members.isEmpty { members += "," }
        members += JSON.quoted(name) + ":" + json
    }

    /// Adds the members of another object.
    mutating func add(membersOf other: JSONObject) {
        if !members.isEmpty, !other.members.isEmpty { members += "," }
        members += other.members
    }

    /// Adds an array whose elements are already JSON.
    mutating func add(_ name: String, array: [String]) {
        add(name, json: "[" + array.joined(separator: ",") + "]")
    }

    mutating func add(_ name: String, value text: String?) {
        add(name, json: text.map(JSON.quoted) ?? "null")
    }

    mutating func add(_ name: String, value number: (some BinaryInteger)?) {
        add(name, json: number.map { String($0) } ?? "null")
    }

    mutating func add(_ name: String, value flag: Bool?) {
        add(name, json: flag.map(String.init) ?? "null")
    }

    /// Adds a number with its digits as stored. nan and the infinities are the strings `"nan"`, `"inf"` and `"-inf"`, because
    /// JSON has no such numbers.
    mutating func add(_ name: String, value number: Number?) {
        add(name, json: Self.json(number))
    }

    /// Adds an object of channels and their values.
    mutating func add(_ name: String, value maxima: [Maximum]) {
        var object = JSONObject()
        for maximum in maxima { object.add(maximum.channel, json: Self.json(maximum.number)) }
        add(name, json: object.text)
    }

    /// Adds an object of names and values. A value that is JSON in Redis is added unchanged, any other text as a
    /// string.
    mutating func add(_ name: String, value values: [NamedValue]) {
        var object = JSONObject()
        for value in values { object.add(value.name, json: Self.json(stored: value.text)) }
        add(name, json: object.text)
    }

    /// Adds a value as stored: JSON unchanged, any other text as a string.
    mutating func add(_ name: String, stored text: String) { add(name, json: Self.json(stored: text)) }

    /// Returns a number as JSON, as ``add(_:value:)`` writes it.
    static func json(_ number: Number?) -> String {
        number.map { $0.isFinite ? $0.text : JSON.quoted($0.text) } ?? "null"
    }

    /// Returns a stored value as JSON: unchanged if it is JSON, any other text as a string.
    static func json(stored text: String) -> String {
        guard let value = JSON.parse(text) else { return JSON.quoted(text) }
        // A value of several lines is written again, because each object must stay on one line.
        return text.utf8.contains { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } ? JSON.text(of: value) : text
    }
}
