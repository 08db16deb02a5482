import Glibc
import HyperoCore
import HyperoSchema

/// The archive files of one partition in a folder, of which the last one is written.
///
/// Their names are `<namespace>[@<partition>].<day>.<number>.archive`: `hypero.2026-11-27.0001.archive`. Each process writes files of
/// its own, so that it never changes what another one has written, even if that one was killed within a record. Each file names the
/// one before it (``ArchiveHeader``).
struct ArchiveFolder: ~Copyable {
    let path: String
    private let tag: String
    private let prefix: String
    /// The file that is written; -1 before the first record, and after a failure.
    private var descriptor: CInt = -1
    private var day = ""
    private var file = ""
    /// The number of bytes of complete records in the file, with its first line.
    private var size = 0
    /// The number of bytes of the first line.
    private var headerSize = 0
    /// The id of the file.
    private var fileID = ""
    /// The file that was written before in the folder; nil if there is none, or before the folder was read.
    private var former: (file: String, size: Int)?
    /// The last entry or gap of the file; nil if it has none.
    private var last: ArchivePosition?
    /// The highest number of commands that the newest files tell, once the folder was read.
    private(set) var commandCount = 0

    static let suffix = ".archive"

    init(_ path: String, tag: String) {
        self.path = path
        self.tag = tag
        // No namespace has an at sign.
        prefix = tag.dropFirst().dropLast().split(separator: ":").joined(separator: "@") + "."
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Creates the folder if it does not exist, and checks that files can be created in it.
    static func prepare(_ path: String) throws(ArchiveError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw failure("create the folder", path) }
        guard access(path, W_OK | X_OK) == 0 else { throw failure("write to", path) }
    }

    private static func failure(_ verb: String, _ path: String, code: CInt = errno) -> ArchiveError {
        ArchiveError("cannot \(verb) \(printable(path)): \(String(cString: strerror(code)))")
    }

    /// Returns the paths of the files, in the order in which they were begun.
    func files() throws(ArchiveError) -> [String] {
        guard let folder = opendir(path) else { throw Self.failure("read", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)) {
                    String(cString: $0)
                }
            }
            if name.hasPrefix(prefix), name.hasSuffix(Self.suffix) { names.append(name) }
        }
        return names.sorted().map { "\(path)/\($0)" }
    }

    /// Returns the position of the last entry that was archived, by this process or an earlier one: the last one of the newest
    /// file that has one; nil if there is none. The end of a file that was damaged does not count. Creates the folder if another
    /// process has removed it.
    ///
    /// The newest file is one that no other names as the file before it. Its name may not be the last one, because the clock may have
    /// been set back.
    mutating func lastPosition() throws(ArchiveError) -> ArchivePosition? {
        try Self.prepare(path)
        former = nil
        commandCount = 0
        var headers: [String: (path: String, header: ArchiveHeader)] = [:]
        for file in try files() {
            guard let header = try? ArchiveReader.header(of: file), header.tag == tag else { continue }
            headers[header.file] = (file, header)
        }
        let named = Set(headers.values.compactMap(\.header.former))
        var last: ArchivePosition?
        let newest = headers.filter { !named.contains($0.key) }.sorted { $0.value.path > $1.value.path }
        for (newestID, _) in newest.prefix(Self.maxNewest) {
            var next: String? = newestID
            var size: Int?
            var position: ArchivePosition?
            // Each file once, also if a damaged header names itself.
            while position == nil, let id = next, let (file, header) = headers.removeValue(forKey: id) {
                let end = Self.end(of: file)
                size = size ?? end.size
                commandCount = max(commandCount, end.commands)
                (position, next) = (end.last, header.former)
            }
            let isLater = position.map { position in
                last.map { ($0.series, $0.count) < (position.series, position.count) } ?? true
            }
            guard former == nil || isLater == true else { continue }
            former = (newestID, size ?? 0)
            last = position ?? last
        }
        return last
    }

    /// The number of files without a later one that are read: of processes that wrote at the same time.
    private static let maxNewest = 16

    /// Reads the last position of a file, the size of its complete records, and the highest number of commands.
    private static func end(of file: String) -> (last: ArchivePosition?, size: Int, commands: Int) {
        var last: ArchivePosition?
        var (size, commands) = (0, 0)
        do {
            var reader = try ArchiveReader(file, followsLinks: false)
            size = reader.position
            while let record = try reader.next() {
                size = reader.position
                commands = max(commands, record.commandNumber ?? record.commandCount ?? 0)
                guard record.kind == .entry || record.kind == .gap else { continue }
                last = ArchivePosition(series: record.series, id: record.id, count: record.number)
            }
        } catch {
            // What follows is archived again, as far as Redis has it.
        }
        return (last, size, commands)
    }

    /// Returns whether the file that is written is the one of its name and has what was written, or none is written. A tool may have
    /// removed, moved, compressed or truncated it. Then closes it, so that the next record begins another one.
    mutating func isIntact() -> Bool {
        guard descriptor >= 0 else { return true }
        var (own, named) = (stat(), stat())
        if fstat(descriptor, &own) == 0, own.st_nlink > 0, lstat(file, &named) == 0,
            own.st_dev == named.st_dev, own.st_ino == named.st_ino, Int(own.st_size) == size
        {
            return true
        }
        close(descriptor)
        descriptor = -1
        return false
    }

    /// Ends the file that is written.
    mutating func finish() throws(ArchiveError) {
        guard descriptor >= 0 else { return }
        guard isIntact() else { return }
        var end = ArchiveBuffer()
        end.addEnd(after: last)
        do throws(ArchiveError) { try add(end.bytes(in: fileID)) } catch {
            closeFile()
            throw error
        }
        closeFile()
    }

    /// Appends records and makes them durable. After a failure, the records are no part of the file.
    ///
    /// - Parameter time: the time of the records in Unix milliseconds, whose day (UTC) decides the file.
    mutating func append(_ records: ArchiveBuffer, at time: UInt64) throws(ArchiveError) {
        if descriptor >= 0, beginsFile(at: time) { try finish() }
        if descriptor < 0 { try open(day: Self.day(of: time)) }
        do throws(ArchiveError) { try add(records.bytes(in: fileID)) } catch {
            closeFile()
            throw error
        }
        last = records.last ?? last
    }

    /// Returns whether the next records at a time begin another file.
    ///
    /// - Parameter time: the time in Unix milliseconds.
    func beginsFile(at time: UInt64) -> Bool { descriptor < 0 || Self.day(of: time) != day }

    /// Writes bytes and makes them durable. After a failure, they are no part of the file.
    private mutating func add(_ bytes: [UInt8]) throws(ArchiveError) {
        do throws(ArchiveError) {
            try write(bytes)
            guard fdatasync(descriptor) == 0 else { throw Self.failure("write to", file) }
        } catch {
            // A torn record at the end of the file is recognised. If the disk is full, this makes it disappear.
            ftruncate(descriptor, off_t(size))
            throw error
        }
        size += bytes.count
    }

    private mutating func closeFile() {
        close(descriptor)
        descriptor = -1
        // A file without a record is of no use. While a disk is full, each attempt would leave one.
        if size <= headerSize { unlink(file) } else { former = (fileID, size) }
    }

    private mutating func open(day: String) throws(ArchiveError) {
        var number = 1
        repeat {
            let digits = String(number)
            let padded = String(repeating: "0", count: max(4 - digits.utf8.count, 0)) + digits
            file = "\(path)/\(prefix)\(day).\(padded)\(Self.suffix)"
            let flags = O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW
            descriptor = retryingInterrupts { Glibc.open(file, flags, 0o600) }
            number += 1
        } while descriptor < 0 && errno == EEXIST && number < 1_000_000
        guard descriptor >= 0 else { throw Self.failure("create", file) }
        self.day = day
        (size, headerSize, last) = (0, 0, nil)
        do throws(ArchiveError) {
            fileID = String(UInt64.random(in: 0 ... .max), radix: 16)
            let header = ArchiveHeader(tag: tag, file: fileID, former: former?.file, formerSize: former?.size ?? 0)
            let line = Array(header.line.utf8)
            try write(line)
            // The name of the file must be durable too.
            let folder = retryingInterrupts { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
            if folder >= 0 {
                fsync(folder)
                close(folder)
            }
            (size, headerSize) = (line.count, line.count)
        } catch {
            closeFile()
            throw error
        }
    }

    private func write(_ bytes: [UInt8]) throws(ArchiveError) {
        var written = 0
        while written < bytes.count {
            let (result, code) = withBlocked(signal: SIGXFSZ) {
                bytes.withUnsafeBytes { bytes in
                    let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                    let result = retryingInterrupts { Glibc.write(descriptor, rest.baseAddress, rest.count) }
                    return (result, errno)
                }
            }
            guard result > 0 else { throw Self.failure("write to", file, code: result < 0 ? code : ENOSPC) }
            written += result
        }
    }

    /// Returns a day in UTC: `2026-11-27`.
    static func day(of milliseconds: UInt64) -> String {
        var time = time_t(clamping: milliseconds / 1_000)
        var parts = tm()
        // An entry may have any id, also one of a year that has no date.
        guard gmtime_r(&time, &parts) != nil, parts.tm_year < 8_100 else { return "9999-12-31" }
        func text(_ number: CInt, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(width - digits.utf8.count, 0)) + digits
        }
        return "\(text(parts.tm_year + 1_900, 4))-\(text(parts.tm_mon + 1, 2))-\(text(parts.tm_mday, 2))"
    }
}
