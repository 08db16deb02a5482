import HyperoRedis
import HyperoSchema

extension RESPWriter {
    /// Writes the command that makes the change.
    mutating func add(_ change: IndexChange) {
        switch change {
        case .setFields(let key, let fields):
            begin("HSET", key, 2 * fields.count)
            for field in fields {
                add(field.name)
                add(field.value)
            }
        case .setRows(let key, let rows):
            begin("HSET", key, 2 * rows.count)
            for row in rows {
                add(row.epoch)
                add(row.row.text)
            }
        case .removeFields(let key, let names):
            begin("HDEL", key, names.count)
            for name in names { add(name) }
        case .increment(let key, let field, let amount):
            begin("HINCRBY", key, 2)
            add(field)
            add(amount)
        case .addScores(let key, let scored, let onlyNew):
            begin("ZADD", key, 2 * scored.count + (onlyNew ? 1 : 0))
            if onlyNew { add("NX" as StaticString) }
            for scored in scored {
                add(scored.score)
                add(scored.member)
            }
        case .removeMembers(let key, let members):
            begin("ZREM", key, members.count)
            for member in members { add(member) }
        case .expire(let key, let milliseconds):
            begin("PEXPIRE", key, 1)
            add(milliseconds)
        }
    }

    private mutating func begin(_ command: StaticString, _ key: String, _ further: Int) {
        begin(arguments: 2 + further)
        add(command)
        add(key)
    }
}
