// The loop over the trials.
extension Search: Sequence {
    /// Returns an iterator that claims a trial per round, and ends the one of the round before.
    public func makeIterator() -> Iterator { Iterator(self) }

    /// An iterator over the trials that this process gets.
    public final class Iterator: IteratorProtocol {
        private let search: Search
        private var current: Experiment?

        init(_ search: Search) {
            self.search = search
        }

        deinit {
            if let current, !current.hasEnded { current.stop("the loop over the search was left") }
        }

        /// Ends the trial of the round before, waits for the next one, and starts it.
        ///
        /// - Returns: nil once all trials are given out and none is lost.
        public func next() -> Experiment? {
            current?.finishUnlessEnded()
            current = nil
            if case .trial(let experiment) = search.next(until: nil) { current = experiment }
            return current
        }
    }
}
