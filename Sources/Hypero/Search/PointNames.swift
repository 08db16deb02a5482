import HyperoSchema
import Synchronization

/// The names of the enqueued point of a trial, of which the training asks for some.
///
/// Without a lock, because a forked child may ask too.
final class PointNames: Sendable {
    private let names: [ExactText]
    private let search: Search
    /// A bit for each name that the training has asked for.
    private let asked = Atomic<UInt64>(0)
    /// true once the training has asked for any hyper-parameter.
    private let hasAsked = Atomic<Bool>(false)

    /// - Parameters:
    ///   - names: The names. The first 64 are watched.
    ///   - search: The search with the point.
    init(_ names: some Sequence<ExactText>, of search: Search) {
        self.names = Array(names.prefix(UInt64.bitWidth))
        self.search = search
    }

    /// Records that the training has asked for a name.
    func setAsked(_ name: ExactText) {
        hasAsked.store(true, ordering: .relaxed)
        guard let index = names.firstIndex(of: name) else { return }
        asked.bitwiseOr(1 << UInt64(index), ordering: .relaxed)
    }

    /// The names that the training has not asked for, for example because they are misspelled. Empty if it has asked for none: it was
    /// left before, or another process draws.
    var unasked: [ExactText] {
        guard hasAsked.load(ordering: .relaxed) else { return [] }
        let asked = asked.load(ordering: .relaxed)
        return names.indices.filter { asked & 1 << UInt64($0) == 0 }.map { names[$0] }
    }

    /// Reports names that the training has not asked for, once for each object of the search.
    func report(_ unasked: [ExactText], of experiment: String) {
        search.reportUnasked(unasked.map(\.text), of: experiment)
    }
}
