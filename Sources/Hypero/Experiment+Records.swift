import HyperoSchema

// What else is to be known of it, and its end.
extension Experiment {
    /// Records what the experiment is called.
    public func updateName(_ name: String) { updateMeta("name", name) }

    /// Records the host it runs on, when it is not the one that `start` says.
    public func updateHostname(_ hostname: String) { updateMeta("hostname", hostname) }

    /// Records what it is trained on.
    public func updateDataset(_ dataset: String) { updateMeta("dataset", dataset) }

    /// Records what is done to the data before.
    public func updatePreprocess(_ preprocess: String) { updateMeta("preprocess", preprocess) }

    /// Records where its model is saved.
    public func updateSavepath(_ savepath: String) { updateMeta("savepath", savepath) }

    /// Records metadata under any name. A later value of the name replaces the earlier.
    public func updateMeta(_ name: String, _ value: some ValueConvertible) {
        record(.meta([Event.Entry(name: name, value: value.hyperoValue.text)]))
    }

    /// It ran to its end.
    public func finish() {
        record(.end(.done, reason: nil))
    }

    /// It ended by an error; the reason is for people.
    public func fail(_ reason: String) {
        record(.end(.failed, reason: reason))
    }

    /// Somebody or some rule ended it early; the reason is for people.
    public func stop(_ reason: String) {
        record(.end(.stopped, reason: reason))
    }
}
