/// One field of an entry as it was read: bytes that the reader keeps alive while the entry is decoded.
package struct WireField {
    package let name: Bytes
    package let value: Bytes
    /// Bytes at the end of the name that the reader left out, because no valid entry has so many.
    package let omittedOfName: UInt32
    /// Bytes at the end of the value that the reader left out.
    package let omittedOfValue: UInt32

    package init(name: Bytes, value: Bytes, omittedOfName: UInt32 = 0, omittedOfValue: UInt32 = 0) {
        self.name = name
        self.value = value
        self.omittedOfName = omittedOfName
        self.omittedOfValue = omittedOfValue
    }

    /// Bytes of the name as it was written.
    package var nameSize: Int { name.count + Int(omittedOfName) }
    /// Bytes of the value as it was written.
    package var valueSize: Int { value.count + Int(omittedOfValue) }
}
