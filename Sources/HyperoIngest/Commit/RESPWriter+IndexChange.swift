import HyperoRedis
import HyperoSchema

extension RESPWriter {
    /// Writes the command that makes the change.
    ///
    /// - Parameter table: has the rows that it speaks of.
    mutating func add(_ change: IndexChange, _ table: RowTable = RowTable()) {
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
                add(row.row, of: table)
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

    /// Adds a row as it stands in Redis, ``CurveRow/text``.
    private mutating func add(_ row: RowTable.Row, of table: RowTable) {
        guard let shape = table.shape(of: row) else { return add("" as StaticString) }
        let numbers = table.numbers(of: row)
        var size = 0
        for (label, number) in zip(shape.labels, numbers) { size += label.count + number.textSize }
        add(size: size) { bytes in
            var rest = bytes[...]
            func put(_ text: UnsafeRawBufferPointer) {
                UnsafeMutableRawBufferPointer(rebasing: rest).copyMemory(from: text)
                rest = rest.dropFirst(text.count)
            }
            for (label, number) in zip(shape.labels, numbers) {
                label.withUnsafeBytes { put($0) }
                number.withText { put(UnsafeRawBufferPointer($0)) }
            }
        }
    }

    private mutating func begin(_ command: StaticString, _ key: String, _ further: Int) {
        begin(arguments: 2 + further)
        add(command)
        add(key)
    }
}
