/// The experiments and columns of an export.
///
///     var request = ExportRequest()
///     request.params = ["lr", "*decay"]
///     request.maxima = ["valid", "test"]
///     request.format = .json
///     try store.export("digits mlp", request) { bytes in fwrite(bytes.baseAddress, 1, bytes.count, stdout) }
public struct ExportRequest: Sendable, Hashable {
    /// The battery's version; nil for all versions of the name.
    public var version: Int?
    /// The least version; nil for all.
    public var minVersion: Int?
    /// The condition on the experiments; nil for all.
    public var filter: Filter?
    /// The hyper-parameters, in this order: names with or without prefix, and patterns with `*` and `?`. Nil for all, by name.
    public var params: [String]?
    /// The metadata, as ``params``.
    public var metas: [String]?
    /// The channels, as ``params``: those of the values at the best epoch, or those of the curves.
    public var maxima: [String]?
    /// The field that orders the experiments: a channel, a hyper-parameter or another column. Nil for the time of the first event.
    public var orderBy: String?
    /// True for the highest value, or the latest time, first.
    public var isDescending = false
    /// The form of the learning curves; nil for one row per experiment.
    public var curves: CurveForm?
    /// True if an export without the experiments of a partition that does not answer is an error.
    public var needsAllPartitions = false
    /// The form of the rows.
    public var format = ExportFormat.csv
    /// The details of the form.
    public var style = ExportStyle()

    /// Creates a request of all columns of all experiments as CSV.
    public init() {}

    /// The form of exported learning curves.
    public enum CurveForm: Sendable, Hashable {
        /// One row per value: `experiment epoch channel value`.
        case long
        /// One row per epoch, with a column per channel: `experiment epoch curve.train curve.valid`.
        case wide
    }
}

/// The form of the rows of an export.
public enum ExportFormat: String, Sendable, Hashable, CaseIterable {
    /// Comma-separated values of RFC 4180, with a header, in UTF-8.
    case csv
    /// The same with tabs instead of commas.
    case tsv
    /// One JSON object per line.
    case json
    /// A table of GitHub Flavored Markdown.
    case markdown
}

/// The details of the form of an export.
public struct ExportStyle: Sendable, Hashable {
    /// True for CSV and TSV that a spreadsheet opens as it is: with a byte order mark, and with an apostrophe before text that would
    /// be run as a formula.
    public var isForSpreadsheet = false
    /// The text of missing values. JSON has `null` in any case.
    public var null = ""
    /// The number of significant digits of numbers that are not whole, 1 to 17; nil for all digits as stored.
    public var precision: Int?
    /// True for lines of CSV and TSV that end with CR and LF, as in RFC 4180; false for LF alone.
    public var endsWithCRLF = false
    /// True to escape control and bidirectional characters, for a terminal.
    package var isEscaped = false

    /// Creates the style without a byte order mark, empty missing values, all digits, and lines that end with LF.
    public init() {}

    /// The allowed precision.
    public static let precisions = 1...17
}

/// The size of an export.
public struct ExportSummary: Sendable, Hashable {
    /// The number of rows after the header.
    public let rowCount: Int
    /// The number of experiments that were read, of those that fulfil the filter.
    public let experimentCount: Int
    /// The names of the columns.
    public let columns: [String]
    /// The malformed values that were left out and the declarations without effect, one sentence each, at most 1,000.
    public let warnings: [String]
    /// The number of experiments that the filter looked at; those that were read without one.
    package let examinedCount: Int
    /// The parts of the filter; nil without one.
    package let filterUse: FilterUse?
}
