import Synchronization

/// The reports of refused log calls so far. All of it is atomic, because a log call must not wait, and a process may fork meanwhile.
final class Refusals: Sendable {
    /// The number of values outside the limits of the contract.
    private let values = Atomic<Int>(0)
    /// The number of these that were not shown and not summed up.
    private let hidden = Atomic<Int>(0)
    /// One bit per hash of a reason.
    private let reasons = Atomic<UInt64>(0)
    /// One bit per ``Client/AfterEnd`` that was reported.
    let afterEnd = Atomic<UInt8>(0)
    let hasReportedClosed = Atomic<Bool>(false)
    let hasReportedUnconfirmable = Atomic<Bool>(false)
    let hasReportedNotApplied = Atomic<Bool>(false)

    /// The number of refusals that are shown whatever their reasons are. All are counted.
    private static let maxShown = 5

    /// Counts a value outside the limits of the contract, and returns whether it is shown: the first ones, and then the first of
    /// each reason, so that a loop hides no other mistake. At most 64 reasons differ.
    ///
    /// - Parameter reason: The limit. Its digits do not matter.
    func showsNext(because reason: String) -> Bool {
        // FNV-1a, 64 bits.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in reason.utf8 where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        let bit: UInt64 = 1 << (hash >> 58)
        let isNew = reasons.bitwiseOr(bit, ordering: .relaxed).oldValue & bit == 0
        if values.add(1, ordering: .relaxed).newValue <= Self.maxShown || isNew { return true }
        hidden.add(1, ordering: .relaxed)
        return false
    }

    /// Reports the number of values outside the limits of the contract that were not shown, at the end of the client or the process.
    func reportHidden(_ notify: (String) -> Void) {
        let count = hidden.exchange(0, ordering: .relaxed)
        guard count > 0 else { return }
        notify(
            "\(count) further log \(count == 1 ? "call" : "calls") not recorded: outside the limits, for the same reasons"
        )
    }
}
