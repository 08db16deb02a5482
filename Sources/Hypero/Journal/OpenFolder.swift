import Glibc
import HyperoCore

/// An open folder, for access to its entries by descriptor.
///
/// A path names another file as soon as another user replaces one of its folders or puts a symbolic link there. A descriptor
/// names the folder that was checked.
struct OpenFolder: ~Copyable {
    let descriptor: CInt

    /// Opens a folder without following a symbolic link in the last component.
    ///
    /// - Parameters:
    ///   - path: An absolute path, or a name in `parent`.
    ///   - parent: A descriptor.
    init(_ path: String, in parent: CInt = AT_FDCWD) throws(JournalFileError) {
        let descriptor = retryingInterrupts { openat(parent, path, Self.flags) }
        guard descriptor >= 0 else { throw .system(SystemError("open", path: path)) }
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// The flags of `open(2)` for a folder.
    static let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC

    /// Returns the names of a folder's entries; none if the folder cannot be read.
    static func entryNames(in descriptor: CInt) -> [String] {
        var names: [String] = []
        forEachEntryName(in: descriptor) { names.append($0) }
        return names
    }

    /// Calls a function with the name of each entry of a folder, of none if the folder cannot be read.
    static func forEachEntryName(in descriptor: CInt, _ body: (String) -> Void) {
        // Not a duplicate, which would share the read position with other readers of the descriptor.
        let ownDescriptor = retryingInterrupts { openat(descriptor, ".", flags) }
        guard ownDescriptor >= 0 else { return }
        guard let folder = fdopendir(ownDescriptor) else {
            close(ownDescriptor)
            return
        }
        defer { closedir(folder) }
        while let entry = readdir(folder) { body(entry.pointee.name) }
    }
}

extension dirent {
    fileprivate var name: String {
        withUnsafePointer(to: d_name) { name in
            name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: d_name)) { String(cString: $0) }
        }
    }
}
