#if TLS
    import CHiredisSSL
    import Glibc

    /// The certificates of the accepted authorities, as bytes of files.
    struct TLSAuthorities: Hashable {
        /// The file of the settings; nil if they name a folder or the authorities of the system are accepted.
        private(set) var file: [UInt8]?
        /// The files of a folder or of the system, of which some may have no certificate.
        private(set) var others: [[UInt8]] = []

        /// The largest number of files of a folder, and of their bytes. Debian has 140 authorities, of 1.5 kB each.
        private static let maxFiles = 1_000
        private static let maxBytes = 4 << 20
        private static let maxListing = 256 << 10

        /// Reads the files: those that OpenSSL would read for the same settings, and in a folder only those with the names that
        /// `openssl rehash` makes.
        ///
        /// - Parameter blocking: runs each system call.
        /// - Throws: ``RedisError/Code/tls``.
        static func read(
            _ settings: TLSSettings, blocking: (() -> Void) -> Void
        ) throws(RedisError) -> TLSAuthorities {
            var all = TLSAuthorities()
            if let path = settings.authorities {
                var isFolder = false
                blocking {
                    var status = stat()
                    isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
                }
                if isFolder {
                    let code = all.readFolder(path, blocking)
                    guard code == 0 else { throw TLSFile.authorities.failure(path, String(cString: strerror(code))) }
                } else {
                    all.file = try TLSContext.contents(path, as: .authorities, blocking)
                }
                return all
            }
            let file = settings.systemFile ?? X509_get_default_cert_file().map { String(cString: $0) } ?? ""
            let folders = settings.systemFolders ?? X509_get_default_cert_dir().map { String(cString: $0) } ?? ""
            // OpenSSL passes over the files and folders of the system that do not exist.
            if let bytes = try? TLSContext.contents(file, as: .authorities, blocking) { all.others.append(bytes) }
            for folder in folders.split(separator: ":") { _ = all.readFolder(String(folder), blocking) }
            return all
        }

        /// Reads the files of a folder.
        ///
        /// - Returns: the number of the error with which the folder cannot be read, or 0.
        private mutating func readFolder(_ path: String, _ blocking: (() -> Void) -> Void) -> CInt {
            guard let buffer = malloc(Self.maxListing) else { return ENOMEM }
            defer { free(buffer) }
            var descriptor: CInt = -1
            var code: CInt = 0
            blocking {
                descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                code = errno
            }
            guard descriptor >= 0 else { return code }
            defer { close(descriptor) }
            var names: [String] = []
            while names.count < Self.maxFiles {
                var count = 0
                blocking {
                    count = hypero_tls_list(descriptor, buffer, UInt(Self.maxListing))
                    code = errno
                }
                guard count >= 0 else { return code }
                guard count > 0 else { break }
                names += Self.names(in: UnsafeRawBufferPointer(start: buffer, count: count))
            }
            var total = 0
            for name in names.sorted().prefix(Self.maxFiles) where total < Self.maxBytes {
                guard let bytes = try? TLSContext.contents("\(path)/\(name)", as: .authorities, blocking) else {
                    continue
                }
                total += bytes.count
                others.append(bytes)
            }
            return 0
        }

        /// Returns the names of files of certificates in the reply of getdents64(2): eight hexadecimal digits, a point and a number.
        private static func names(in entries: UnsafeRawBufferPointer) -> [String] {
            // The inode, the offset, the size of the entry, the type and the name with a zero at its end.
            let (sizeOffset, nameOffset) = (16, 19)
            var names: [String] = []
            var start = 0
            while start + nameOffset < entries.count {
                let size = Int(entries.loadUnaligned(fromByteOffset: start + sizeOffset, as: UInt16.self))
                guard size > nameOffset, start + size <= entries.count else { break }
                let name = entries[(start + nameOffset)..<(start + size)].prefix { $0 != 0 }
                if isHash(name) { names.append(String(decoding: name, as: UTF8.self)) }
                start += size
            }
            return names
        }

        private static func isHash(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
            let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
            let (hash, end) = (name.prefix(8), name.dropFirst(8))
            return hash.count == 8
                && hash.allSatisfy { digits.contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
                && end.first == UInt8(ascii: ".") && end.count > 1 && end.dropFirst().allSatisfy { digits.contains($0) }
        }
    }
#endif
