import HyperoSchema

// Metadata.
extension Experiment {
    /// Records the experiment's name as metadata.
    public func updateName(_ name: String) { updateMeta("name", name) }

    /// Records the host name as metadata, for a host other than the one that the experiment's start records.
    public func updateHostname(_ hostname: String) { updateMeta("hostname", hostname) }

    /// Records the name of the data set as metadata.
    public func updateDataset(_ dataset: String) { updateMeta("dataset", dataset) }

    /// Records the preprocessing of the data as metadata.
    public func updatePreprocess(_ preprocess: String) { updateMeta("preprocess", preprocess) }

    /// Records the path of the saved model as metadata.
    public func updateSavepath(_ savepath: String) { updateMeta("savepath", savepath) }

    /// Records metadata. A later value of the same name replaces the earlier one.
    ///
    /// ```swift
    /// experiment.updateMeta("commit", "528cccb")
    /// ```
    ///
    /// - Parameters:
    ///   - name: The name, 1 to 256 bytes of UTF-8 without control characters.
    ///   - value: A number, a text, a Boolean, nil, or an array of these, at most 64 KiB as text.
    public func updateMeta(_ name: String, _ value: some ValueConvertible) {
        recordMeta(name, value)
    }

    /// Records metadata.
    ///
    /// - Returns: false if it is dropped. It is then counted.
    @discardableResult
    package func recordMeta(_ name: String, _ value: some ValueConvertible) -> Bool {
        record(.meta([Event.Entry(name: name, value: value.hyperoValue.text)]))
    }
}
