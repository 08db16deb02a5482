/// One change of an index: what becomes one command of the transaction.
package enum IndexChange: Sendable, Hashable {
    /// A name and its value.
    package struct Field: Sendable, Hashable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// A member of a sorted set and the decimal text of its score.
    package struct Scored: Sendable, Hashable {
        package let member: String
        package let score: String

        package init(_ member: String, _ score: String) {
            self.member = member
            self.score = score
        }
    }

    /// An epoch and its row as it stands in the curve.
    package struct Row: Sendable, Hashable {
        let epoch: Int
        /// In ``FoldResult/rows``.
        let row: RowTable.Row

        init(_ epoch: Int, _ row: RowTable.Row) {
            self.epoch = epoch
            self.row = row
        }
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

    package var key: String {
        switch self {
        case .setFields(let key, _), .setRows(let key, _), .removeFields(let key, _), .increment(let key, _, _),
            .addScores(let key, _, _), .removeMembers(let key, _), .expire(let key, _):
            key
        }
    }
}
