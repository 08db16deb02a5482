import Glibc

/// The host name and the boot id of a machine, which identify the machine that wrote a journal on a shared file system.
package struct HostIdentity: Equatable, Sendable {
    package let host: String
    /// The kernel's boot id. All containers on one kernel share it.
    package let boot: String

    package init(host: String, boot: String) {
        self.host = host
        self.boot = boot
    }

    /// Returns whether both identities are of one machine: they have the same kernel, or the same host name after a
    /// reboot. Processes of one machine see each other's file locks.
    package func isSameMachine(as other: HostIdentity) -> Bool {
        host == other.host || hasSameBoot(as: other)
    }

    /// Returns whether the kernel has not been restarted between the two observations.
    package func hasSameBoot(as other: HostIdentity) -> Bool {
        boot == other.boot && !boot.isEmpty
    }

    /// The identity of this machine. The host name is cut to 64 characters without newlines, to fit one line of a file.
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
