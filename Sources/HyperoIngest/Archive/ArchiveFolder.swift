import Glibc
import HyperoCore
import HyperoSchema

/// The archive files of one partition in a folder, of which the last one is written.
///
/// Their names are `<namespace>[@<partition>].<day>.<number>.archive`: `hypero.2026-11-27.0001.archive`. Each process writes files of
/// its own, so that it never changes what another one has written, even if that one was killed within a record.
struct ArchiveFolder: ~Copyable {
    let path: String
    private let tag: String
    private let prefix: String
    /// The file that is written; -1 before the first record, and after a failure.
    private var descriptor: CInt = -1
    private var day = ""
    private var file = ""
    /// The number of bytes of complete records in the file.
    private var size = 0

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
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw failure("create", path) }
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

    /// Returns the id of the last entry that was archived, by this process or an earlier one: the last one of the newest file that
    /// has one. The end of a file that was damaged does not count.
    func lastEntry() throws(ArchiveError) -> StreamID {
        for file in try files().reversed() {
            var last: StreamID?
            do {
                var reader = try ArchiveReader(file)
                guard reader.tag == tag else { continue }
                while let record = try reader.next() {
                    if record.kind != .command { last = max(last ?? .zero, record.id) }
                }
            } catch {
                // What follows is archived again, as far as Redis has it.
            }
            if let last { return last }
        }
        return .zero
    }

    /// Appends records and makes them durable. After a failure, the records are no part of the file.
    ///
    /// - Parameter time: the time of the records in Unix milliseconds, whose day (UTC) decides the file.
    mutating func append(_ records: ArchiveBuffer, at time: UInt64) throws(ArchiveError) {
        let day = Self.day(of: time)
        if descriptor < 0 || day != self.day { try open(day: day) }
        do throws(ArchiveError) {
            try write(records.bytes)
            guard fdatasync(descriptor) == 0 else { throw Self.failure("write to", file) }
            size += records.bytes.count
        } catch {
            // A torn record at the end of the file is recognised. If the disk is full, this makes it disappear.
            ftruncate(descriptor, off_t(size))
            closeFile()
            throw error
        }
    }

    private mutating func closeFile() {
        close(descriptor)
        descriptor = -1
        if size == 0 { unlink(file) }
    }

    private mutating func open(day: String) throws(ArchiveError) {
        if descriptor >= 0 { closeFile() }
        var number = 1
        repeat {
            let digits = String(number)
            let padded = String(repeating: "0", count: max(4 - digits.utf8.count, 0)) + digits
            file = "\(path)/\(prefix)\(day).\(padded)\(Self.suffix)"
            descriptor = retryingInterrupts {
                Glibc.open(file, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
            }
            number += 1
        } while descriptor < 0 && errno == EEXIST && number < 1_000_000
        guard descriptor >= 0 else { throw Self.failure("create", file) }
        self.day = day
        size = 0
        do throws(ArchiveError) {
            let header = Array("\(ArchiveRecord.magic)\(tag)\n".utf8)
            try write(header)
            // The name of the file must be durable too.
            let folder = retryingInterrupts { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
            if folder >= 0 {
                fsync(folder)
                close(folder)
            }
            size = header.count
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
