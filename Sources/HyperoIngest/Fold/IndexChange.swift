import HyperoSchema

/// One change of an index; the transaction has one command per change.
package enum IndexChange: Sendable, Hashable {
    /// A field of a hash.
    package struct Field: Sendable, Hashable {
        /// A value that becomes text when the command is written.
        enum Content: Sendable {
            case text(String)
            case integer(Int64)
        }

        package let name: String
        let content: Content

        init(_ name: String, _ value: String) {
            self.name = name
            content = .text(value)
        }

        init(_ name: String, _ value: Int64) {
            self.name = name
            content = .integer(value)
        }

        package var value: String {
            switch content {
            case .text(let text): text
            case .integer(let number): String(number)
            }
        }

        package static func == (left: Self, right: Self) -> Bool {
            left.name == right.name && left.value == right.value
        }

        package func hash(into hasher: inout Hasher) { hasher.combine(name) }
    }

    /// A member of a sorted set.
    package struct Scored: Sendable, Hashable {
        package let member: String
        /// A decimal number.
        package let score: String

        init(_ member: String, score: String) {
            self.member = member
            self.score = score
        }
    }

    /// A row of a curve, complete with the cells of earlier batches.
    package struct Row: Sendable, Hashable {
        package let epoch: Int
        /// A row of ``FoldResult/rows``.
        package let row: RowTable.Row
    }

    /// HSET key name value …; never empty.
    case setFields(key: String, [Field])
    /// HSET key epoch row …; never empty.
    case setRows(key: String, [Row])
    /// HDEL key name …; never empty.
    case removeFields(key: String, [String])
    /// HINCRBY key field amount.
    case increment(key: String, field: String, by: Int)
    /// ZADD key [NX] score member …; never empty.
    case addScores(key: String, [Scored], onlyNew: Bool)
    /// ZREM key member …; never empty.
    case removeMembers(key: String, [String])
    /// PEXPIRE key milliseconds.
    case expire(key: String, milliseconds: Int64)
    /// XADD key MAXLEN ~ limit * name value …; never empty.
    case appendEntry(key: String, [Field], limit: Int)

    package var key: String {
        switch self {
        case .setFields(let key, _), .setRows(let key, _), .removeFields(let key, _),
            .increment(let key, _, _),
            .addScores(let key, _, _), .removeMembers(let key, _), .expire(let key, _),
            .appendEntry(let key, _, _):
            key
        }
    }
}
