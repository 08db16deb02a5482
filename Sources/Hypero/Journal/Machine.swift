import Glibc
import HyperoRedis

/// The machine a journal was written on, so that one that lies on a shared disk is left to its own.
struct Machine: Equatable {
    let host: String
    /// What the kernel calls the time since it was started; the same in all containers on it.
    let boot: String

    /// Whether locks of files reach from one to the other: it is the same kernel, or the same host after a restart.
    func isSame(as other: Machine) -> Bool {
        host == other.host || hasSameBoot(as: other)
    }

    /// Whether the kernel has not been started anew since.
    func hasSameBoot(as other: Machine) -> Bool {
        boot == other.boot && !boot.isEmpty
    }

    static var current: Machine {
        Machine(host: String(printableHost.prefix(64)), boot: bootID)
    }

    private static var printableHost: String {
        (HostName.current ?? "").filter { !$0.isNewline }
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
