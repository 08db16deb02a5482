/// One field of an entry as it was read: bytes that the reader keeps alive while the entry is decoded.
package struct WireField {
    package let name: Bytes
    package let value: Bytes

    package init(name: Bytes, value: Bytes) {
        self.name = name
        self.value = value
    }
}
