package import HyperoRedis
package import HyperoSchema

/// One entry of an events stream as anybody may write it: bytes, which need not follow the contract.
package struct StreamEntry: Sendable, Hashable {
    package struct Field: Sendable, Hashable {
        package var name: [UInt8]
        package var value: [UInt8]

        package init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }

        package init(_ name: String, _ value: String) {
            self.init(name: Array(name.utf8), value: Array(value.utf8))
        }
    }

    package var id: StreamID
    package var fields: [Field]

    package init(id: StreamID, fields: [Field]) {
        self.id = id
        self.fields = fields
    }

    /// The entry of an event, with its fields in the order of the contract.
    package init(id: StreamID, _ event: Event) {
        var fields: [Field] = []
        event.forEachField { fields.append(Field($0, $1)) }
        self.init(id: id, fields: fields)
    }

    /// Hands the fields out as a reader of the stream sees them.
    package func withWireFields<Result, Failure>(
        _ body: (UnsafeBufferPointer<WireField>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // One block for all bytes, which the fields point into; copied by the piece, for there may be a million entries.
        let size = fields.reduce(0) { $0 + $1.name.count + $1.value.count }
        let block = UnsafeMutablePointer<UInt8>.allocate(capacity: max(size, 1))
        defer { block.deallocate() }
        var position = 0
        func copy(_ bytes: [UInt8]) -> Bytes {
            defer { position += bytes.count }
            bytes.withUnsafeBufferPointer { bytes in
                if let start = bytes.baseAddress { (block + position).initialize(from: start, count: bytes.count) }
            }
            return Bytes(start: block + position, count: bytes.count)
        }
        let wire = UnsafeMutableBufferPointer<WireField>.allocate(capacity: max(fields.count, 1))
        defer { wire.deallocate() }
        for (index, field) in fields.enumerated() {
            wire.initializeElement(at: index, to: WireField(name: copy(field.name), value: copy(field.value)))
        }
        return try body(UnsafeBufferPointer(rebasing: wire[..<fields.count]))
    }

    /// The event that the entry is.
    package func decoded() throws(Rejection) -> Event {
        try withWireFields { fields throws(Rejection) in try Event(decoding: fields) }
    }

    /// Writes the `XADD` of the entry under its own id.
    package func add(to stream: String, _ writer: inout RESPWriter) {
        writer.begin(arguments: 3 + 2 * fields.count)
        writer.add("XADD")
        writer.add(stream)
        writer.add(id.description)
        for field in fields {
            field.name.withUnsafeBytes { writer.add($0) }
            field.value.withUnsafeBytes { writer.add($0) }
        }
    }
}
