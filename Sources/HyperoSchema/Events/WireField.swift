/// One field of an entry as received: bytes in memory of the caller, valid while the entry is decoded.
package struct WireField {
    package let name: Bytes
    package let value: Bytes
    /// The number of bytes missing at the end of the name: the reader drops bytes beyond the limits of a valid entry.
    package let omittedOfName: UInt32
    /// The number of bytes missing at the end of the value.
    package let omittedOfValue: UInt32

    package init(name: Bytes, value: Bytes, omittedOfName: UInt32 = 0, omittedOfValue: UInt32 = 0) {
        self.name = name
        self.value = value
        self.omittedOfName = omittedOfName
        self.omittedOfValue = omittedOfValue
    }

    /// The number of bytes of the name as written.
    package var nameSize: Int { name.count + Int(omittedOfName) }
    /// The number of bytes of the value as written.
    package var valueSize: Int { value.count + Int(omittedOfValue) }
}
