/// How the learning rate falls over a training.
enum Decay: String, CaseIterable, Sendable {
    /// In a straight line, from all of it in the first epoch towards nothing behind the last.
    case linear
    /// To a half whenever the valid accuracy has not risen for three epochs.
    case adaptive
    /// Not at all.
    case none
}
