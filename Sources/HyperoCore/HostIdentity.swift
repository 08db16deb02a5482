import Glibc

/// The host name and the boot id of a machine. On a shared file system it tells which machine wrote a journal.
package struct HostIdentity: Equatable, Sendable {
    package let host: String
    /// The kernel's boot id. All containers on one kernel share it.
    package let boot: String

    package init(host: String, boot: String) {
        self.host = host
        self.boot = boot
    }

    /// Returns whether file locks taken on one machine are seen on the other: same kernel, or same host after a reboot.
    package func isSameMachine(as other: HostIdentity) -> Bool {
        host == other.host || hasSameBoot(as: other)
    }

    /// Returns whether the kernel has not been restarted between the two observations.
    package func hasSameBoot(as other: HostIdentity) -> Bool {
        boot == other.boot && !boot.isEmpty
    }

    package static var current: HostIdentity {
        let host = (hostName ?? "").filter { !$0.isNewline }
        return HostIdentity(host: String(host.prefix(64)), boot: bootID)
    }

    /// The result of `gethostname`; nil if the call fails.
    package static var hostName: String? {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static var bootID: String {
        let descriptor = retryingInterrupts { open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 36)
        let count = retryingInterrupts { read(descriptor, &buffer, buffer.count) }
        return String(decoding: buffer.prefix(max(count, 0)), as: UTF8.self)
    }
}
