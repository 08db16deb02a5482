/// What the thread that delivers has to say to it.
struct DeliveryHost {
    /// Called before each thing it does, and every few milliseconds while Redis is waited for; false gives up.
    let goesOn: () -> Bool
    /// Runs what it is given, a system call that may block.
    let whileBlocked: (() -> Void) -> Void
}
