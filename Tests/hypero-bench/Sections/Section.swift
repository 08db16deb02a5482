/// A part of the benchmark that can be run alone.
protocol Section {
    /// Measures, and adds rows to the report.
    func run(_ plan: Plan, _ report: Report) throws
}
