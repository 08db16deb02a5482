package import HyperoRedis
package import HyperoSchema

/// One entry of an events stream, as raw bytes. Any client can write to the stream, so the entry may break the contract.
package struct StreamEntry: Sendable, Hashable {
    /// A field's name and value, which need not be UTF-8.
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

    /// Encodes an event, with its fields in the order of the contract.
    package init(id: StreamID, _ event: Event) {
        var fields: [Field] = []
        event.forEachField { fields.append(Field($0, $1)) }
        self.init(id: id, fields: fields)
    }

    /// Calls a body with the fields in the form that the product's decoder reads.
    package func withWireFields<Result, Failure>(
        _ body: (UnsafeBufferPointer<WireField>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // All fields point into one block of memory, because a test may decode a million entries.
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

    /// Decodes the entry with the contract's decoder.
    package func decoded() throws(Rejection) -> Event {
        try withWireFields { fields throws(Rejection) in try Event(decoding: fields) }
    }

    /// Appends an `XADD` of the entry, with the entry's own id, to a pipeline.
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
