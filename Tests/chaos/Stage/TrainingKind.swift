/// What a training is like. The names are what options take.
enum TrainingKind: String, CaseIterable {
    /// Runs until it is told to end.
    case long
    case manyThreads
    case short
    /// Ends without closing its client.
    case leaving
    case forking
}
