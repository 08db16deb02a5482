import Glibc
import HyperoSchema

extension JournalRoot {
    /// Returns whether a journal of a process exists that was forked from a producer's process, or from a child of it.
    ///
    /// Such a process may go on with the experiments of its parent. The journals are not locked: those of living processes count
    /// too.
    func hasDescendant(of producer: ProducerID) -> Bool {
        guard let root = try? open() else { return false }
        var isFound = false
        OpenFolder.forEachEntryName(in: root.descriptor) { name in
            guard !isFound, name != producer.text, ProducerID.isGenerated(name),
                FileStatus(of: name, in: root.descriptor)?.violation(expecting: .folder) == nil,
                let folder = try? OpenFolder(name, in: root.descriptor)
            else { return }
            isFound = Self.header(in: folder)?.ancestors.contains(producer) ?? false
        }
        return isFound
    }

    /// Returns the header of any segment of a journal; nil if there is none.
    private static func header(in folder: borrowing OpenFolder) -> SegmentHeader? {
        let descriptor = folder.descriptor
        for name in OpenFolder.entryNames(in: descriptor) where JournalFolder.isSegment(name) {
            let file = openat(descriptor, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
            guard file >= 0 else { continue }
            let opened = OpenFile(descriptor: file, path: name)
            let base = UnsafeMutableRawPointer.allocate(byteCount: SegmentHeader.size, alignment: 8)
            defer { base.deallocate() }
            guard (try? opened.read(SegmentHeader.size, into: base)) == true,
                case .header(let header) = SegmentHeader.read(from: base, space: SegmentHeader.size)
            else { continue }
            return header
        }
        return nil
    }
}
