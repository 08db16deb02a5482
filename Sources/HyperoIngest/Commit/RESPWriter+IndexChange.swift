import HyperoRedis
import HyperoSchema

extension RESPWriter {
    /// Writes the command that makes a change.
    ///
    /// - Parameter table: the rows that the change refers to.
    mutating func add(_ change: IndexChange, rows table: RowTable = RowTable()) {
        switch change {
        case .setFields(let key, let fields):
            begin("HSET", key: key, count: 2 * fields.count)
            for field in fields { add(field) }
        case .setRows(let key, let rows):
            begin("HSET", key: key, count: 2 * rows.count)
            for row in rows { add(row, of: table) }
        case .removeFields(let key, let names):
            begin("HDEL", key: key, count: names.count)
            for name in names { add(name) }
        case .increment(let key, let field, let amount):
            begin("HINCRBY", key: key, count: 2)
            add(field)
            add(amount)
        case .addScores(let key, let scored, let onlyNew):
            begin("ZADD", key: key, count: 2 * scored.count + (onlyNew ? 1 : 0))
            if onlyNew { add("NX" as StaticString) }
            for scored in scored {
                add(scored.score)
                add(scored.member)
            }
        case .removeMembers(let key, let members):
            begin("ZREM", key: key, count: members.count)
            for member in members { add(member) }
        case .expire(let key, let milliseconds):
            begin("PEXPIRE", key: key, count: 1)
            add(milliseconds)
        case .appendEntry(let key, let fields, let limit):
            begin("XADD", key: key, count: 4 + 2 * fields.count)
            add("MAXLEN" as StaticString)
            add("~" as StaticString)
            add(limit)
            add("*" as StaticString)
            for field in fields { add(field) }
        }
    }

    /// Writes the command that makes one of the changes of a batch.
    ///
    /// - Parameters:
    ///   - entry: the change, one of ``IndexChanges/entries``.
    ///   - table: the rows that the changes refer to.
    mutating func add(_ entry: IndexChanges.Entry, of changes: IndexChanges, rows table: RowTable) {
        switch entry {
        case .setFields(let key, let range):
            begin("HSET", key: changes.keys[key], count: 2 * range.count)
            for index in range { add(changes.fields[index]) }
        case .setRows(let key, let range):
            begin("HSET", key: changes.keys[key], count: 2 * range.count)
            for index in range { add(changes.rows[index], of: table) }
        case .other(let index): add(changes.others[index], rows: table)
        }
    }

    private mutating func add(_ field: IndexChange.Field) {
        add(field.name)
        switch field.content {
        case .text(let text): add(text)
        case .integer(let number): add(number)
        }
    }

    private mutating func add(_ row: IndexChange.Row, of table: RowTable) {
        add(row.epoch)
        add(row.row, of: table)
    }

    /// Adds a row in its stored form, ``CurveRow/text``.
    private mutating func add(_ row: RowTable.Row, of table: RowTable) {
        guard let shape = table.shape(of: row) else { return add("" as StaticString) }
        let numbers = table.numbers(of: row)
        numbers.withUnsafeBufferPointer { numbers in
            var size = 0
            for index in numbers.indices { size += shape.labels[index].count + numbers[index].textSize }
            add(size: size) { bytes in
                guard var end = bytes.baseAddress else { return }
                for index in numbers.indices {
                    let label = shape.labels[index]
                    label.withUnsafeBytes { end.copyMemory(from: $0.baseAddress!, byteCount: label.count) }
                    end += label.count
                    numbers[index].withText { end.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
                    end += numbers[index].textSize
                }
            }
        }
    }

    /// Adds a command with any number of arguments.
    mutating func add(_ command: StaticString, _ arguments: some Collection<String>) {
        begin(arguments: 1 + arguments.count)
        add(command)
        for argument in arguments { add(argument) }
    }

    /// Adds a command with a key and any number of further arguments.
    mutating func add(_ command: StaticString, key: String, _ arguments: some Collection<String>) {
        begin(command, key: key, count: arguments.count)
        for argument in arguments { add(argument) }
    }

    /// - Parameter count: the number of arguments after the key.
    private mutating func begin(_ command: StaticString, key: String, count: Int) {
        begin(arguments: 2 + count)
        add(command)
        add(key)
    }

    /// - Parameter count: the number of arguments after the key.
    private mutating func begin(_ command: StaticString, key: SubjectKey, count: Int) {
        begin(arguments: 2 + count)
        add(command)
        add(key)
    }
}
