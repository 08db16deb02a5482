/// What the thread that delivers has to say to it.
struct DeliveryHost {
    /// Whether to give up; asked every few milliseconds, also while Redis is waited for.
    let isEnding: () -> Bool
    /// Runs what it is given, a system call that may block.
    let whileBlocked: (() -> Void) -> Void
}
